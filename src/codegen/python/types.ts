// Shapes as Python types: enums are `Literal` aliases, objects are `TypedDict`s.
import { assertNever } from "../../core/index.ts";
import type { EnumShape, RecordShape, Shape } from "../model/shape.ts";
import { quote } from "../names/quote.ts";
import { LINE_MAX_CHARACTERS } from "./literals.ts";

/** The annotation of a value; `needs` gets what it has to import. */
export function annotation(shape: Shape, needs: Set<string>): string {
  switch (shape.kind) {
    case "string":
      return "str";
    case "integer":
      return "int";
    case "number":
      return "float";
    case "boolean":
      return "bool";
    case "datetime":
      needs.add("datetime");
      return "datetime";
    case "map":
      needs.add("Mapping").add("Any");
      return "Mapping[str, Any]";
    case "any":
      needs.add("Any");
      return "Any";
    case "list": {
      needs.add("Sequence");
      const item = annotation(shape.item, needs);
      return `Sequence[${shape.nullableItems && item !== "Any" ? `${item} | None` : item}]`;
    }
    case "enum":
      // Known values are for reading: any other text is as good.
      return shape.open ? "str" : shape.name;
    case "record":
      return shape.name;
    default:
      return assertNever(shape);
  }
}

function literalAlias({ name, values, open }: EnumShape, needs: Set<string>): readonly string[] {
  if (open) return [];
  needs.add("Literal");
  const items = values.map(quote);
  const line = `${name} = Literal[${items.join(", ")}]`;
  return [
    line.length <= LINE_MAX_CHARACTERS
      ? line
      : [`${name} = Literal[`, ...items.map((item) => `    ${item},`), "]"].join("\n"),
  ];
}

/** The functional form, because wire names need not be Python names. Quoted types are never evaluated, so that `NotRequired` is not needed at run time. */
function typedDict({ name, members }: RecordShape, needs: Set<string>): string {
  needs.add("TypedDict");
  const lines = members.map(({ name: member, shape, nullable, required }) => {
    const type = `${annotation(shape, needs)}${nullable ? " | None" : ""}`;
    if (!required) needs.add("NotRequired");
    return `        ${quote(member)}: ${quote(required ? type : `NotRequired[${type}]`)},`;
  });
  return [
    `${name} = TypedDict(`,
    `    ${quote(name)},`,
    ...(lines.length === 0 ? ["    {},"] : ["    {", ...lines, "    },"]),
    ")",
  ].join("\n");
}

/** Declarations, each a block. */
export function declarations(
  shapes: readonly (EnumShape | RecordShape)[],
  needs: Set<string>,
): readonly string[] {
  return shapes.flatMap((shape) =>
    shape.kind === "enum" ? literalAlias(shape, needs) : [typedDict(shape, needs)],
  );
}
