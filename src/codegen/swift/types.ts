// Shapes as Swift types, and structs of named values.
import { assertNever } from "../../core/index.ts";
import type { EnumShape, MemberShape, RecordShape, Shape } from "../model/shape.ts";
import { enumCases } from "../names/enum-cases.ts";
import { TakenNames } from "../names/taken-names.ts";
import { camelCase } from "../names/words.ts";
import { docComment, text } from "./literals.ts";
import { KEYWORDS } from "./reserved.ts";

/** A name that may be a keyword. */
export function quoted(name: string): string {
  return KEYWORDS.has(name) ? `\`${name}\`` : name;
}

/** The type of a value that is there. */
export function swiftType(shape: Shape): string {
  switch (shape.kind) {
    case "string":
      return "String";
    case "integer":
      return "Int";
    case "number":
      return "Double";
    case "boolean":
      return "Bool";
    case "datetime":
      return "Date";
    case "map":
      return "[String: any Sendable]";
    case "any":
      return "any Sendable";
    case "list": {
      const item = swiftType(shape.item);
      return `[${shape.nullableItems && shape.item.kind !== "any" ? `${item}?` : item}]`;
    }
    case "enum":
    case "record":
      return shape.name;
    default:
      return assertNever(shape);
  }
}

/** The expression for what goes out. */
export function wire(shape: Shape, value: string): string {
  switch (shape.kind) {
    case "string":
    case "integer":
    case "number":
    case "boolean":
    case "map":
    case "any":
      return value;
    case "datetime":
      return `wireDate(${value})`;
    case "enum":
      return `${value}.rawValue`;
    case "record":
      return `${value}.planValues`;
    case "list": {
      const item = wire(shape.item, "$0");
      if (shape.nullableItems && shape.item.kind !== "any")
        return `${value}.map { item -> Any in item.map { ${item} as Any } ?? NSNull() }`;
      return item === "$0" ? value : `${value}.map { ${item} }`;
    }
    default:
      return assertNever(shape);
  }
}

interface Field {
  readonly member: MemberShape;
  readonly name: string;
  readonly type: string;
}

function putLines({ member, name }: Field): readonly string[] {
  const { shape, required, nullable } = member;
  const key = `values[${text(member.name)}]`;
  const field = quoted(name);
  if (required && !nullable) return [`    ${key} = ${wire(shape, field)}`];
  if (required) return [`    ${key} = ${field}.map { ${wire(shape, "$0")} as Any } ?? NSNull()`];
  return [`    if let ${field} { ${key} = ${wire(shape, field)} }`];
}

/** A struct of named values; `head` is what else it has. */
export function structText(
  name: string,
  members: readonly MemberShape[],
  {
    doc,
    conforms,
    head,
  }: { readonly doc: readonly string[]; readonly conforms: string; readonly head: readonly string[] },
): string {
  const names = new TakenNames(["values", "planValues", "planHead"]);
  const fields = members.map((member): Field => {
    const type = swiftType(member.shape);
    const optional = !member.required || member.nullable;
    const full = optional ? (type.startsWith("any ") ? `(${type})?` : `${type}?`) : type;
    return { member, name: names.claim(camelCase(member.name)), type: full };
  });
  const parameters = fields.map(
    ({ name: field, type, member }) => `    ${quoted(field)}: ${type}${member.required ? "" : " = nil"}`,
  );
  const init =
    fields.length === 0
      ? ["  public init() {}"]
      : [
          "  public init(",
          parameters.join(",\n"),
          "  ) {",
          ...fields.map(({ name: field }) => `    self.${field} = ${quoted(field)}`),
          "  }",
        ];
  const body =
    fields.length === 0
      ? ["  public var planValues: [String: Any] { [:] }"]
      : [
          "  public var planValues: [String: Any] {",
          "    var values: [String: Any] = [:]",
          ...fields.flatMap(putLines),
          "    return values",
          "  }",
        ];
  return [
    ...doc,
    `public struct ${name}: ${conforms} {`,
    ...fields.flatMap(({ member, name: field, type }) => [
      ...docComment([member.description ?? ""], "  "),
      `  public let ${quoted(field)}: ${type}`,
    ]),
    ...(fields.length === 0 ? [] : [""]),
    ...init,
    "",
    ...body,
    ...head,
    "}",
  ].join("\n");
}

function closedEnum(name: string, values: readonly string[]): string {
  const cases = enumCases(values, camelCase, ["self", "Type", "init"]);
  return [
    "/// One of these.",
    `public enum ${name}: String, Sendable, CaseIterable {`,
    ...cases.map((its) => `  case ${quoted(its.name)} = ${text(its.value)}`),
    "}",
  ].join("\n");
}

function openEnum(name: string, values: readonly string[]): string {
  const cases = enumCases(values, camelCase, ["self", "Type", "init", "rawValue"]);
  return [
    "/// A text; these values are known.",
    `public struct ${name}: RawRepresentable, Hashable, Sendable {`,
    ...cases.map((its) => `  public static let ${quoted(its.name)} = ${name}(rawValue: ${text(its.value)})`),
    "",
    "  public let rawValue: String",
    "",
    "  public init(rawValue: String) {",
    "    self.rawValue = rawValue",
    "  }",
    "}",
  ].join("\n");
}

/** Declarations, each a block. */
export function declarations(shapes: readonly (EnumShape | RecordShape)[]): readonly string[] {
  return shapes.map((shape) => {
    if (shape.kind === "enum")
      return shape.open ? openEnum(shape.name, shape.values) : closedEnum(shape.name, shape.values);
    return structText(shape.name, shape.members, {
      doc: ["/// An object of the plan."],
      conforms: "PlanObject",
      head: [],
    });
  });
}
