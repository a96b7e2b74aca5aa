// Shapes as Kotlin types, and classes of named values.
import { assertNever } from "../../core/index.ts";
import type { EnumShape, MemberShape, RecordShape, Shape } from "../model/shape.ts";
import { enumCases } from "../names/enum-cases.ts";
import { camelCase, freeOf, snakeCase } from "../names/words.ts";
import { docComment, text } from "./literals.ts";
import { MEMBER_RESERVED } from "./reserved.ts";

/** The type of a value that is there. */
export function kotlinType(shape: Shape): string {
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
      return "Map<String, Any?>";
    case "any":
      return "Any?";
    case "list":
      return `List<${kotlinType(shape.item)}${shape.nullableItems && shape.item.kind !== "any" ? "?" : ""}>`;
    case "enum":
    case "record":
      return shape.name;
    default:
      return assertNever(shape);
  }
}

/** Name of a property. */
export function memberName(name: string): string {
  return freeOf(MEMBER_RESERVED, camelCase(name));
}

/** Names of an enum's values. */
export function caseName(value: string): string {
  return snakeCase(value).toUpperCase();
}

function parameter({ name, shape, required, nullable, description }: MemberShape): readonly string[] {
  const type = kotlinType(shape);
  const full = (!required || nullable) && !type.endsWith("?") ? `${type}?` : type;
  return [
    ...docComment([description ?? ""], "    "),
    `    public val ${memberName(name)}: ${full}${required ? "" : " = null"},`,
  ];
}

function mapLines(name: string, members: readonly MemberShape[]): readonly string[] {
  if (members.length === 0) return [];
  return [
    `        ${name} = mapOf(`,
    ...members.map((member) => `            ${text(member.name)} to ${memberName(member.name)},`),
    "        ),",
  ];
}

/** A class of named values; `body` is what else it has. */
export function classText(
  head: string,
  members: readonly MemberShape[],
  {
    doc,
    extending,
    body,
  }: { readonly doc: readonly string[]; readonly extending: string; readonly body: readonly string[] },
): string {
  const declaration =
    members.length === 0
      ? [`public class ${head} : ${extending} {`]
      : [`public data class ${head}(`, ...members.flatMap(parameter), `) : ${extending} {`];
  const maps = [
    ...mapLines(
      "required",
      members.filter(({ required }) => required),
    ),
    ...mapLines(
      "optional",
      members.filter(({ required }) => !required),
    ),
  ];
  const values =
    maps.length === 0
      ? ["    override fun values(): Map<String, Any?> = wired()"]
      : ["    override fun values(): Map<String, Any?> = wired(", ...maps, "    )"];
  return [...doc, ...declaration, ...body, ...values, "}"].join("\n");
}

function closedEnum(name: string, values: readonly string[]): string {
  const cases = enumCases(values, caseName);
  return [
    "/** One of these. */",
    `public enum class ${name}(override val wire: String) : WireText {`,
    ...cases.map((its) => `    ${its.name}(${text(its.value)}),`),
    "}",
  ].join("\n");
}

function openEnum(name: string, values: readonly string[]): string {
  const cases = enumCases(values, caseName);
  return [
    "/** A text; these values are known. */",
    "@JvmInline",
    `public value class ${name}(override val wire: String) : WireText {`,
    "    public companion object {",
    ...cases.map((its) => `        public val ${its.name}: ${name} = ${name}(${text(its.value)})`),
    "    }",
    "}",
  ].join("\n");
}

/** Declarations, each a block. */
export function declarations(shapes: readonly (EnumShape | RecordShape)[]): readonly string[] {
  return shapes.map((shape) => {
    if (shape.kind === "enum")
      return shape.open ? openEnum(shape.name, shape.values) : closedEnum(shape.name, shape.values);
    return classText(shape.name, shape.members, {
      doc: ["/** An object of the plan. */"],
      extending: "PlanObject()",
      body: [],
    });
  });
}
