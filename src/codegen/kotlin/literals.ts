// Kotlin literals, one item a line where they may be long.
import type { ClientRule } from "../model/client-rule.ts";
import { PATTERN_DIALECTS, translatePattern } from "../names/translate-pattern.ts";

/** A text; `$` would begin a template. */
export function text(value: string): string {
  return JSON.stringify(value).replaceAll("$", "\\$").replaceAll("\\f", "\\u000c");
}

/** A pattern as a string; `undefined` when Java's engine cannot say it. */
export function pattern(value: string): string | undefined {
  const translated = translatePattern(value, PATTERN_DIALECTS.java);
  return translated === undefined ? undefined : text(translated);
}

function double(value: number): string {
  return Number.isInteger(value) && Math.abs(value) < 1e15 ? `${value}.0` : `${value}`.replace("e+", "E");
}

function field([name, value]: readonly [string, unknown], indent: string): readonly string[] {
  const key = `${indent}${name} =`;
  switch (name) {
    case "type":
      return [`${key} ${text(String(value))},`];
    case "required":
      return value === true ? [`${key} true,`] : [];
    case "pattern":
    case "format": {
      const literal = pattern(String(value));
      return literal === undefined ? [] : [`${key} ${literal},`];
    }
    case "values": {
      const items = value as readonly (string | number)[];
      return [
        `${key} listOf(`,
        ...items.map((item) => `${indent}    ${typeof item === "string" ? text(item) : double(item)},`),
        `${indent}),`,
      ];
    }
    case "items":
      return ruleLines(value as ClientRule, indent, { before: `${key} `, after: "," });
    case "members": {
      const members = Object.entries(value as Readonly<Record<string, ClientRule>>);
      if (members.length === 0) return [`${key} emptyMap(),`];
      return [
        `${key} mapOf(`,
        ...members.flatMap(([member, its]) =>
          ruleLines(its, `${indent}    `, { before: `${indent}    ${text(member)} to `, after: "," }),
        ),
        `${indent}),`,
      ];
    }
    case "min":
    case "max":
      return [`${key} ${double(Number(value))},`];
    default:
      return [`${key} ${JSON.stringify(value)},`];
  }
}

/** A rule as an expression over several lines. */
export function ruleLines(
  rule: ClientRule,
  indent: string,
  { before, after }: { readonly before: string; readonly after: string },
): readonly string[] {
  const fields = Object.entries(rule).flatMap((pair) => field(pair, `${indent}    `));
  return [`${before}Rule(`, ...fields, `${indent})${after}`];
}

/** A doc comment. */
export function docComment(lines: readonly string[], indent: string): readonly string[] {
  const clean = lines
    .map((line) => line.replaceAll("*/", "* /").replaceAll("/*", "/ *").replace(/\s+/g, " ").trim())
    .filter((line) => line !== "");
  const [only] = clean;
  if (only === undefined) return [];
  if (clean.length === 1) return [`${indent}/** ${only} */`];
  return [`${indent}/**`, ...clean.map((line) => `${indent} * ${line}`), `${indent} */`];
}
