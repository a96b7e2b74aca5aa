// Swift literals, one item a line where they may be long, two spaces deep as swift-format has it.
import type { ClientRule } from "../model/client-rule.ts";
import { PATTERN_DIALECTS, translatePattern } from "../names/translate-pattern.ts";

/** A text. Swift writes control characters as `\u{…}`. */
export function text(value: string): string {
  return JSON.stringify(value)
    .replaceAll("\\b", "\\u{8}")
    .replaceAll("\\f", "\\u{c}")
    .replace(/\\u([0-9a-f]{4})/g, "\\u{$1}");
}

/** A pattern as a string; `undefined` when ICU's engine cannot say it. */
export function pattern(value: string): string | undefined {
  const translated = translatePattern(value, PATTERN_DIALECTS.swift);
  return translated === undefined ? undefined : text(translated);
}

function number(value: number): string {
  return Number.isInteger(value) && Math.abs(value) < 1e15 ? `${value}.0` : `${value}`.replace("e+", "e");
}

function field([name, value]: readonly [string, unknown], indent: string): readonly string[] {
  const key = `${indent}${name}:`;
  switch (name) {
    case "type":
      return [`${key} ${text(String(value))}`];
    case "required":
      return value === true ? [`${key} true`] : [];
    case "pattern":
    case "format": {
      const literal = pattern(String(value));
      return literal === undefined ? [] : [`${key} ${literal}`];
    }
    case "values": {
      const items = value as readonly (string | number)[];
      const list = items.map((item) => (typeof item === "string" ? text(item) : number(item)));
      return [`${indent}${typeof items[0] === "string" ? "texts" : "numbers"}: [${list.join(", ")}]`];
    }
    case "items":
      return [ruleText(value as ClientRule, indent, `${key} `)];
    case "members": {
      const members = Object.entries(value as Readonly<Record<string, ClientRule>>);
      if (members.length === 0) return [`${key} []`];
      const lines = members.map(
        ([member, its]) => `${ruleText(its, `${indent}  `, `${indent}  (${text(member)}, `)}),`,
      );
      return [`${key} [\n${lines.join("\n")}\n${indent}]`];
    }
    case "min":
    case "max":
      return [`${key} ${number(Number(value))}`];
    default:
      return [`${key} ${JSON.stringify(value)}`];
  }
}

/** The order in which `Rule.init` takes its arguments. */
const ORDER = [
  "type",
  "required",
  "nullable",
  "values",
  "pattern",
  "format",
  "minLength",
  "maxLength",
  "min",
  "max",
  "minItems",
  "maxItems",
  "items",
  "members",
  "open",
];

/** A rule as an expression over several lines. */
export function ruleText(rule: ClientRule, indent: string, before: string): string {
  const entries = Object.entries(rule).sort(([a], [b]) => ORDER.indexOf(a) - ORDER.indexOf(b));
  const fields = entries.flatMap((pair) => field(pair, `${indent}  `));
  return `${before}Rule(\n${fields.join(",\n")}\n${indent})`;
}

/** Doc comment lines above a declaration. */
export function docComment(lines: readonly string[], indent: string): readonly string[] {
  const clean = lines.map((line) => line.replace(/\s+/g, " ").trim()).filter((line) => line !== "");
  return clean.flatMap((line, index) =>
    index === 0 ? [`${indent}/// ${line}`] : [`${indent}///`, `${indent}/// ${line}`],
  );
}
