// Go literals: gofmt keeps lines as they are, but aligns columns, so that nothing here stands in columns.
import type { ClientRule } from "../model/client-rule.ts";
import { PATTERN_DIALECTS, translatePattern } from "../names/translate-pattern.ts";

/** A text; raw where that saves escapes. */
export function text(value: string): string {
  return JSON.stringify(value);
}

/** A pattern; `undefined` when it cannot be said. */
export function pattern(value: string): string | undefined {
  const translated = translatePattern(value, PATTERN_DIALECTS.go);
  if (translated === undefined) return undefined;
  return /[`\p{Cc}]/u.test(translated) ? text(translated) : `\`${translated}\``;
}

function field([name, value]: readonly [string, unknown]): readonly string[] {
  switch (name) {
    case "type":
      return [`kind: ${text(String(value))}`];
    case "required":
      return value === true ? ["required: true"] : [];
    case "pattern":
    case "format": {
      const literal = pattern(String(value));
      return literal === undefined ? [] : [`${name}: regexp.MustCompile(${literal})`];
    }
    case "values": {
      const items = value as readonly (string | number)[];
      return [
        `values: []any{${items.map((item) => (typeof item === "string" ? text(item) : `float64(${item})`)).join(", ")}}`,
      ];
    }
    case "items":
      return [`items: &rule{${fields(value as ClientRule)}}`];
    case "members": {
      const members = Object.entries(value as Readonly<Record<string, ClientRule>>);
      return [`members: []member{${members.map(([member, its]) => memberText(member, its)).join(", ")}}`];
    }
    case "min":
    case "max":
      return [`${name}: Ptr[float64](${JSON.stringify(value)})`];
    case "nullable":
    case "open":
      return [`${name}: true`];
    default:
      return [`${name}: Ptr(${JSON.stringify(value)})`];
  }
}

function fields(rule: ClientRule): string {
  return Object.entries(rule).flatMap(field).join(", ");
}

function memberText(name: string, rule: ClientRule): string {
  return `{${text(name)}, rule{${fields(rule)}}}`;
}

/** A variable that holds a rule; one member a line. */
export function ruleVariable(name: string, rule: ClientRule): string {
  const members = Object.entries(rule.members ?? {});
  if (rule.type !== "object" || members.length === 0) return `var ${name} = rule{${fields(rule)}}`;
  const { members: _members, ...rest } = rule;
  return [
    `var ${name} = rule{${fields(rest)}, members: []member{`,
    ...members.map(([member, its]) => `\t${memberText(member, its)},`),
    "}}",
  ].join("\n");
}

/** Comment lines above a declaration; a paragraph each. */
export function comment(lines: readonly string[], indent = ""): readonly string[] {
  const clean = lines.map((line) => line.replace(/\s+/g, " ").trim()).filter((line) => line !== "");
  return clean.flatMap((line, index) =>
    index === 0 ? [`${indent}// ${line}`] : [`${indent}//`, `${indent}// ${line}`],
  );
}
