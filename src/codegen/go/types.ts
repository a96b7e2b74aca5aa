// Shapes as Go types, and as expressions that turn them into what goes out.
import { assertNever } from "../../core/index.ts";
import type { EnumShape, MemberShape, RecordShape, Shape } from "../model/shape.ts";
import { enumCases } from "../names/enum-cases.ts";
import { TakenNames } from "../names/taken-names.ts";
import { pascalCase } from "../names/words.ts";
import { comment, text } from "./literals.ts";

/** Words that Go programmers write in capitals. Source (read 2026-11): staticcheck's default initialisms. */
const INITIALISMS: ReadonlySet<string> = new Set(
  (
    "ACL API ASCII CPU CSS DNS EOF GUID HTML HTTP HTTPS ID IP JSON QPS RAM RPC SLA SMTP SQL SSH TCP TLS TTL UDP UI GID UID UUID URI URL " +
    "UTF8 VM XML XMPP XSRF XSS SIP RTP AMQP DB TS"
  ).split(" "),
);

/** `UserID` for `user_id`. */
export function goName(name: string): string {
  return pascalCase(name).replace(/[A-Z][a-z0-9]*/g, (word) =>
    INITIALISMS.has(word.toUpperCase()) ? word.toUpperCase() : word,
  );
}

/** The type of a value that is there. */
export function goType(shape: Shape): string {
  switch (shape.kind) {
    case "string":
      return "string";
    case "integer":
      return "int64";
    case "number":
      return "float64";
    case "boolean":
      return "bool";
    case "datetime":
      return "time.Time";
    case "map":
      return "map[string]any";
    case "any":
      return "any";
    case "list":
      return `[]${shape.nullableItems && shape.item.kind !== "any" ? "*" : ""}${goType(shape.item)}`;
    case "enum":
    case "record":
      return goName(shape.name);
    default:
      return assertNever(shape);
  }
}

/** Slices, maps and `any` are nothing by themselves; others need a pointer for that. */
function hasNil(shape: Shape): boolean {
  return shape.kind === "list" || shape.kind === "map" || shape.kind === "any";
}

/** The type of a member. */
export function memberType({ shape, required, nullable }: MemberShape): string {
  return required && !nullable ? goType(shape) : `${hasNil(shape) ? "" : "*"}${goType(shape)}`;
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
    case "enum":
      return `string(${value})`;
    case "datetime":
      return `wireTime(${value})`;
    case "record":
      return `${value}.wire()`;
    case "list": {
      const item = goType(shape.item);
      const each = `func(item ${item}) any { return ${wire(shape.item, "item")} }`;
      return shape.nullableItems && shape.item.kind !== "any"
        ? `wireList(${value}, func(item *${item}) any { return wireOrNil(item, ${each}) })`
        : `wireList(${value}, ${each})`;
    }
    default:
      return assertNever(shape);
  }
}

/** Statements that put a member into `out`. */
function wireMember({ name, shape, required, nullable }: MemberShape, field: string): readonly string[] {
  const key = `out[${text(name)}]`;
  const value = hasNil(shape) || shape.kind === "record" || shape.kind === "datetime" ? field : `*${field}`;
  if (required && !nullable) return [`\t${key} = ${wire(shape, field)}`];
  const isThere = [
    `\tif ${field} != nil {`,
    `\t\t${key} = ${wire(shape, shape.kind === "datetime" ? `*${field}` : value)}`,
  ];
  return required ? [...isThere, "\t} else {", `\t\t${key} = nil`, "\t}"] : [...isThere, "\t}"];
}

/** A struct with the function that turns it into what goes out. */
export function structLines(
  name: string,
  members: readonly MemberShape[],
  { doc, receiver }: { readonly doc: readonly string[]; readonly receiver: string },
): string {
  const names = new TakenNames();
  const fields = members.map((member) => ({ member, field: names.claim(goName(member.name)) }));
  const struct = fields.flatMap(({ member, field }, index) => [
    ...(index === 0 ? [] : [""]),
    ...comment([member.description ?? ""], "\t"),
    `\t${field} ${memberType(member)}`,
  ]);
  return [
    ...doc,
    ...(struct.length === 0 ? [`type ${name} struct{}`] : [`type ${name} struct {`, ...struct, "}"]),
    "",
    `func (${receiver} ${name}) wire() map[string]any {`,
    "\tout := map[string]any{}",
    ...fields.flatMap(({ member, field }) => wireMember(member, `${receiver}.${field}`)),
    "\treturn out",
    "}",
  ].join("\n");
}

function enumText({ name, values, open }: EnumShape): string {
  const type = goName(name);
  const cases = enumCases(values, (value) => `${type}${goName(value)}`);
  const width = Math.max(...cases.map((its) => its.name.length));
  return [
    `// ${type} is ${open ? "a text; these values are known" : "one of these"}.`,
    `type ${type} string`,
    "",
    `// Values of ${type}.`,
    "const (",
    ...cases.map((its) => `\t${its.name.padEnd(width)} ${type} = ${text(its.value)}`),
    ")",
  ].join("\n");
}

/** Declarations, each a block. */
export function declarations(shapes: readonly (EnumShape | RecordShape)[]): readonly string[] {
  return shapes.map((shape) => {
    if (shape.kind === "enum") return enumText(shape);
    const name = goName(shape.name);
    return structLines(name, shape.members, { doc: [`// ${name} is an object of the plan.`], receiver: "v" });
  });
}
