// Shapes as Java types, and classes of named values.
import { assertNever } from "../../core/index.ts";
import type { EnumShape, MemberShape, RecordShape, Shape } from "../model/shape.ts";
import { enumCases } from "../names/enum-cases.ts";
import { camelCase, freeOf, snakeCase } from "../names/words.ts";
import { call, docComment, text } from "./literals.ts";
import { METHOD_RESERVED } from "./reserved.ts";

const PRIMITIVES: Readonly<Record<string, string>> = { Long: "long", Double: "double", Boolean: "boolean" };

/** The type of a value that may be nothing. */
export function boxedType(shape: Shape): string {
  switch (shape.kind) {
    case "string":
      return "String";
    case "integer":
      return "Long";
    case "number":
      return "Double";
    case "boolean":
      return "Boolean";
    case "datetime":
      return "Instant";
    case "map":
      return "Map<String, ?>";
    case "any":
      return "Object";
    case "list":
      return `List<${boxedType(shape.item)}>`;
    case "enum":
    case "record":
      return shape.name;
    default:
      return assertNever(shape);
  }
}

/** The type of a value that is always there. */
export function plainType(shape: Shape): string {
  const boxed = boxedType(shape);
  return PRIMITIVES[boxed] ?? boxed;
}

/** Name of a parameter or setter. */
export function memberName(name: string): string {
  return freeOf(METHOD_RESERVED, camelCase(name));
}

/** Constructor and setters of a class of named values. */
export function membersText(
  className: string,
  members: readonly MemberShape[],
  { indent, superCall }: { readonly indent: string; readonly superCall: string },
): string {
  const required = members.filter((member) => member.required);
  const parameters = required.map(
    (member) =>
      `${member.nullable ? boxedType(member.shape) : plainType(member.shape)} ${memberName(member.name)}`,
  );
  const constructor = [
    ...docComment(
      [
        required.length === 0 ? "Without properties." : "With the properties that are required.",
        ...required.map(({ name, description }) => `@param ${memberName(name)} ${description ?? ""}`),
      ],
      indent,
    ),
    ...call(`${indent}public ${className}(`, parameters, ") {"),
    ...(superCall === "" ? [] : [`${indent}  ${superCall}`]),
    ...required.flatMap(({ name }) => call(`${indent}  put(`, [text(name), memberName(name)], ");")),
    `${indent}}`,
  ].join("\n");
  const setters = members
    .filter((member) => !member.required)
    .map((member) =>
      [
        ...docComment([member.description ?? ""], indent),
        ...call(
          `${indent}public ${className} ${memberName(member.name)}(`,
          [`${boxedType(member.shape)} value`],
          ") {",
        ),
        ...call(`${indent}  putOptional(`, [text(member.name), "value"], ");"),
        `${indent}  return this;`,
        `${indent}}`,
      ].join("\n"),
    );
  return [constructor, ...setters].join("\n\n");
}

function recordText({ name, members }: RecordShape): string {
  return [
    "  /** An object of the plan. */",
    `  public static final class ${name} extends PlanObject {`,
    membersText(name, members, { indent: "    ", superCall: "" }),
    "  }",
  ].join("\n");
}

function closedEnum(name: string, values: readonly string[]): string {
  const cases = enumCases(values, (value) => snakeCase(value).toUpperCase());
  return [
    "  /** One of these. */",
    `  public enum ${name} implements WireText {`,
    ...cases.map(
      (its, index) => `    ${its.name}(${text(its.value)})${index === cases.length - 1 ? ";" : ","}`,
    ),
    "",
    "    private final String wire;",
    "",
    `    ${name}(String wire) {`,
    "      this.wire = wire;",
    "    }",
    "",
    "    @Override",
    "    public String wire() {",
    "      return wire;",
    "    }",
    "  }",
  ].join("\n");
}

function openEnum(name: string, values: readonly string[]): string {
  const cases = enumCases(values, (value) => snakeCase(value).toUpperCase());
  return [
    "  /** A text; these values are known. */",
    `  public static final class ${name} implements WireText {`,
    ...cases.flatMap((its) =>
      call(`    public static final ${name} ${its.name} = new ${name}(`, [text(its.value)], ");"),
    ),
    "",
    "    private final String wire;",
    "",
    `    private ${name}(String wire) {`,
    "      this.wire = wire;",
    "    }",
    "",
    "    /** Any other text. */",
    `    public static ${name} of(String wire) {`,
    `      return new ${name}(wire);`,
    "    }",
    "",
    "    @Override",
    "    public String wire() {",
    "      return wire;",
    "    }",
    "  }",
  ].join("\n");
}

/** Declarations, each a block. */
export function declarations(shapes: readonly (EnumShape | RecordShape)[]): readonly string[] {
  return shapes.map((shape) => {
    if (shape.kind === "record") return recordText(shape);
    return shape.open ? openEnum(shape.name, shape.values) : closedEnum(shape.name, shape.values);
  });
}
