// TypeScript literals and comments, laid out as prettier lays them out.
import type { ClientRule } from "../model/client-rule.ts";
import { quote } from "../names/quote.ts";
import { PATTERN_DIALECTS, translatePattern } from "../names/translate-pattern.ts";

const LINE_MAX_CHARACTERS = 80;
const IDENTIFIER = /^[A-Za-z_$][A-Za-z0-9_$]*$/;

/** A statement on one line, or its end on the next. */
export function fitted(before: string, after: string): readonly string[] {
  const line = `${before} ${after}`;
  const indent = `${/^ */.exec(before)?.[0] ?? ""}  `;
  return line.length <= LINE_MAX_CHARACTERS ? [line] : [before, `${indent}${after}`];
}

/** A property's key. */
export function key(name: string): string {
  return IDENTIFIER.test(name) ? name : quote(name);
}

/** Comment lines above a declaration. */
export function docComment(lines: readonly string[], indent: string): readonly string[] {
  const clean = lines.flatMap((line) => {
    const text = line.replaceAll("*/", "* /").replace(/\s+/g, " ").trim();
    return text === "" ? [] : [text];
  });
  const [only] = clean;
  if (only === undefined) return [];
  if (clean.length === 1) return [`${indent}/** ${only} */`];
  return [`${indent}/**`, ...clean.map((line) => `${indent} * ${line}`), `${indent} */`];
}

/** Alternatives as a type: on one line when they fit behind `before`. */
export function unionLines(
  alternatives: readonly string[],
  before: string,
  after: string,
): readonly string[] {
  const line = `${before} ${alternatives.join(" | ")}${after}`;
  if (line.length <= LINE_MAX_CHARACTERS || alternatives.length === 1) return [line];
  const indent = `${/^ */.exec(before)?.[0] ?? ""}  `;
  return [
    before,
    ...alternatives.map(
      (alternative, index) => `${indent}| ${alternative}${index === alternatives.length - 1 ? after : ""}`,
    ),
  ];
}

function regExp(pattern: string): string | undefined {
  const translated = translatePattern(pattern, PATTERN_DIALECTS.javascript);
  if (translated === undefined) return undefined;
  // Slashes end a literal, but not inside a class; escaping them everywhere is right for both.
  return `/${translated.replaceAll("/", "\\/")}/u`;
}

function ruleEntries(rule: ClientRule): readonly (readonly [string, unknown])[] {
  return Object.entries(rule).filter(([name, value]) => !(name === "required" && value === false));
}

function listLines(values: readonly (string | number)[], indent: string, before: string): readonly string[] {
  const items = values.map((value) => (typeof value === "string" ? quote(value) : String(value)));
  const line = `${indent}${before}[${items.join(", ")}],`;
  if (line.length <= LINE_MAX_CHARACTERS) return [line];
  if (typeof values[0] === "string")
    return [`${indent}${before}[`, ...items.map((item) => `${indent}  ${item},`), `${indent}],`];
  return [`${indent}${before}[`, ...filled(items, `${indent}  `), `${indent}],`];
}

/** Numbers, as many on a line as fit. */
function filled(items: readonly string[], indent: string): readonly string[] {
  const lines: string[] = [];
  let line = indent;
  for (const item of items) {
    const next = `${line}${line === indent ? "" : " "}${item},`;
    if (next.length > LINE_MAX_CHARACTERS && line !== indent) {
      lines.push(line);
      line = `${indent}${item},`;
    } else line = next;
  }
  return [...lines, line];
}

/** A rule as an object literal, one key a line. */
export function ruleLines(rule: ClientRule, indent: string, before: string): readonly string[] {
  const inner = `${indent}  `;
  return [
    `${indent}${before}{`,
    ...ruleEntries(rule).flatMap(([name, value]): readonly string[] => {
      if (name === "pattern" || name === "format") {
        const literal = regExp(String(value));
        return literal === undefined ? [] : fitted(`${inner}${name}:`, `${literal},`);
      }
      if (name === "values") return listLines(value as readonly (string | number)[], inner, "values: ");
      if (name === "items") return ruleLines(value as ClientRule, inner, "items: ");
      if (name === "members") {
        const members = Object.entries(value as Readonly<Record<string, ClientRule>>);
        if (members.length === 0) return [`${inner}members: {},`];
        return [
          `${inner}members: {`,
          ...members.flatMap(([member, its]) => ruleLines(its, `${inner}  `, `${key(member)}: `)),
          `${inner}},`,
        ];
      }
      return [`${inner}${name}: ${JSON.stringify(value)},`];
    }),
    `${indent}},`,
  ];
}
