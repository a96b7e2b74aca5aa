// Ruby literals, one item a line where they may be long.
import type { ClientRule } from "../model/client-rule.ts";
import { PATTERN_DIALECTS, translatePattern } from "../names/translate-pattern.ts";

/** A text in the quotes that rubocop wants: single ones unless something needs an escape. */
export function text(value: string): string {
  return /^[^'\\\p{Cc}\p{Cs}]*$/u.test(value)
    ? `'${value}'`
    : JSON.stringify(value).replace(/#(?=[{$@])/g, "\\#");
}

/** A list of texts or numbers. */
function list(items: readonly (string | number)[]): string {
  const isWords =
    items.length > 1 && items.every((item) => typeof item === "string" && /^[\w-]+$/.test(item));
  if (isWords) return `%w[${items.join(" ")}]`;
  return `[${items.map((item) => (typeof item === "string" ? text(item) : item)).join(", ")}]`;
}

/** A pattern as a literal; `undefined` when Ruby's engine cannot say it. */
export function regexp(pattern: string): string | undefined {
  const translated = translatePattern(pattern, PATTERN_DIALECTS.ruby)?.replace(/#(?=[{$@])/g, "\\#");
  if (translated === undefined) return undefined;
  return translated.includes("/")
    ? `%r{${translated.replace(/[{}]/g, braces(translated))}}`
    : `/${translated}/`;
}

/** Braces of a `%r{}` literal have to pair; quantifiers always do, others are escaped. */
function braces(pattern: string): (brace: string, at: number) => string {
  const paired = new Set<number>();
  for (const found of pattern.matchAll(/\{[\d,]+\}|\\[pP]\{\^?\w+\}/g)) {
    paired.add(found.index + found[0].indexOf("{"));
    paired.add(found.index + found[0].length - 1);
  }
  return (brace, at) => (paired.has(at) || pattern[at - 1] === "\\" ? brace : `\\${brace}`);
}

const RUBY_KEYS: Readonly<Record<string, string>> = {
  minLength: "min_length",
  maxLength: "max_length",
  minItems: "min_items",
  maxItems: "max_items",
};

function entry([name, value]: readonly [string, unknown], indent: string): readonly string[] {
  const key = `${indent}${RUBY_KEYS[name] ?? name}:`;
  switch (name) {
    case "required":
      return value === true ? [`${key} true`] : [];
    case "type":
      return [`${key} :${String(value)}`];
    case "pattern":
    case "format": {
      const literal = regexp(String(value));
      return literal === undefined ? [] : [`${key} ${literal}`];
    }
    case "values": {
      return [`${key} ${list(value as readonly (string | number)[])}`];
    }
    case "items":
      return [ruleText(value as ClientRule, indent, `${key} `)];
    case "members": {
      const members = Object.entries(value as Readonly<Record<string, ClientRule>>);
      if (members.length === 0) return [`${key} {}`];
      const lines = members.map(([member, its]) =>
        ruleText(its, `${indent}  `, `${indent}  ${text(member)} => `),
      );
      return [`${key} {\n${lines.join(",\n")}\n${indent}}`];
    }
    default:
      return [`${key} ${JSON.stringify(value)}`];
  }
}

/** A rule as a hash over several lines; `before` is what stands in front of it. */
export function ruleText(rule: ClientRule, indent: string, before: string): string {
  const entries = Object.entries(rule).flatMap((pair) => entry(pair, `${indent}  `));
  return `${before}{\n${entries.join(",\n")}\n${indent}}`;
}

/** Comment lines above a definition. */
export function comment(lines: readonly string[], indent: string): readonly string[] {
  return lines
    .map((line) => line.replace(/\s+/g, " ").trim())
    .filter((line) => line !== "")
    .map((line) => `${indent}# ${line}`);
}
