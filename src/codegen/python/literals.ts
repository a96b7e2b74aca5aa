// Python literals, laid out as ruff and black lay them out: what may be long stands one item a line, with a comma after the last.
import type { ClientRule } from "../model/client-rule.ts";
import { PATTERN_DIALECTS, translatePattern } from "../names/translate-pattern.ts";
import { quote } from "../names/quote.ts";

/** Longest line that the formatters leave on one line. */
export const LINE_MAX_CHARACTERS = 88;

function pattern(text: string): string | undefined {
  const translated = translatePattern(text, PATTERN_DIALECTS.python);
  return translated === undefined ? undefined : quote(translated);
}

const PYTHON_KEYS: Readonly<Record<string, string>> = {
  minLength: "min_length",
  maxLength: "max_length",
  minItems: "min_items",
  maxItems: "max_items",
};

function tuple(values: readonly (string | number)[], indent: string): readonly string[] {
  const items = values.map((value) => (typeof value === "string" ? quote(value) : String(value)));
  return [`${indent}values=(`, ...items.map((item) => `${indent}    ${item},`), `${indent}),`];
}

/** A rule as an expression over several lines; `before` is what stands in front of it, `after` what follows. */
export function ruleLines(rule: ClientRule, before: string, after = ""): readonly string[] {
  const indent = /^ */.exec(before)?.[0] ?? "";
  const inner = `${indent}    `;
  const lines = Object.entries(rule).flatMap(([name, value]): readonly string[] => {
    const key = PYTHON_KEYS[name] ?? name;
    switch (name) {
      case "required":
        return value === true ? [`${inner}required=True,`] : [];
      case "pattern":
      case "format": {
        const literal = pattern(String(value));
        if (literal === undefined) return [];
        const line = `${inner}${key}=re.compile(${literal}),`;
        return line.length <= LINE_MAX_CHARACTERS
          ? [line]
          : [`${inner}${key}=re.compile(`, `${inner}    ${literal}`, `${inner}),`];
      }
      case "values":
        return tuple(value as readonly (string | number)[], inner);
      case "items":
        return ruleLines(value as ClientRule, `${inner}items=`, ",");
      case "members": {
        const members = Object.entries(value as Readonly<Record<string, ClientRule>>);
        if (members.length === 0) return [`${inner}members={},`];
        return [
          `${inner}members={`,
          ...members.flatMap(([member, its]) => ruleLines(its, `${inner}    ${quote(member)}: `, ",")),
          `${inner}},`,
        ];
      }
      default:
        return [`${inner}${key}=${value === true ? "True" : JSON.stringify(value)},`];
    }
  });
  return [`${before}Rule(`, ...lines, `${indent})${after}`];
}

/** A docstring; long ones are left long, as formatters leave them. */
export function docstring(lines: readonly string[], indent: string): readonly string[] {
  const clean = lines
    .map((line) => line.replace(/\s+/g, " ").trim().replaceAll("\\", "\\\\").replaceAll('"""', "'''"))
    .filter((line) => line !== "");
  const [first, ...rest] = clean;
  if (first === undefined) return [];
  const text = (line: string): string => (line.endsWith('"') ? `${line} ` : line);
  if (rest.length === 0) return [`${indent}"""${text(first)}"""`];
  return [`${indent}"""${first}`, "", ...rest.map((line) => `${indent}${line}`), `${indent}"""`];
}
