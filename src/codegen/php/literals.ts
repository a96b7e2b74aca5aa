// PHP literals, one item a line where they may be long.
import type { ClientRule } from "../model/client-rule.ts";
import { PATTERN_DIALECTS, translatePattern } from "../names/translate-pattern.ts";

/** A text; single-quoted, where only `\` and `'` mean something. */
export function text(value: string): string {
  return /[\p{Cc}\p{Cs}]/u.test(value)
    ? JSON.stringify(value)
        .replaceAll("$", "\\$")
        .replace(/\\u([0-9a-f]{4})/g, "\\u{$1}")
    : `'${value.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}

/** A pattern as PCRE takes it; `undefined` when it cannot say it. */
export function regexp(pattern: string): string | undefined {
  const translated = translatePattern(pattern, PATTERN_DIALECTS.php);
  return translated === undefined ? undefined : text(`/${translated.replaceAll("/", "\\/")}/u`);
}

const PHP_KEYS: Readonly<Record<string, string>> = {
  minLength: "min_length",
  maxLength: "max_length",
  minItems: "min_items",
  maxItems: "max_items",
};

function entry([name, value]: readonly [string, unknown], indent: string): readonly string[] {
  const key = `${indent}'${PHP_KEYS[name] ?? name}' =>`;
  switch (name) {
    case "required":
      return value === true ? [`${key} true,`] : [];
    case "type":
      return [`${key} ${text(String(value))},`];
    case "pattern":
    case "format": {
      const literal = regexp(String(value));
      return literal === undefined ? [] : [`${key} ${literal},`];
    }
    case "values": {
      const items = value as readonly (string | number)[];
      return [`${key} [${items.map((item) => (typeof item === "string" ? text(item) : item)).join(", ")}],`];
    }
    case "items":
      return ruleLines(value as ClientRule, indent, `${key} `);
    case "members": {
      const members = Object.entries(value as Readonly<Record<string, ClientRule>>);
      if (members.length === 0) return [`${key} [],`];
      return [
        `${key} [`,
        ...members.flatMap(([member, its]) =>
          ruleLines(its, `${indent}    `, `${indent}    ${text(member)} => `),
        ),
        `${indent}],`,
      ];
    }
    default:
      return [`${key} ${JSON.stringify(value)},`];
  }
}

/** A rule as an array over several lines, with a comma at its end; `before` is what stands in front of it. */
export function ruleLines(rule: ClientRule, indent: string, before: string): readonly string[] {
  return [
    `${before}[`,
    ...Object.entries(rule).flatMap((pair) => entry(pair, `${indent}    `)),
    `${indent}],`,
  ];
}

/** A doc comment above a method. */
export function docComment(lines: readonly string[]): readonly string[] {
  const clean = lines
    .map((line) => line.replaceAll("*/", "* /").replace(/\s+/g, " ").trim())
    .filter((line) => line !== "");
  const [only] = clean;
  if (only === undefined) return [];
  if (clean.length === 1) return [`    /** ${only} */`];
  return ["    /**", ...clean.map((line) => `     * ${line}`), "     */"];
}
