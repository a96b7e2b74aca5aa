// Java literals and calls, laid out as google-java-format lays them out.
import type { ClientRule } from "../model/client-rule.ts";
import { PATTERN_DIALECTS, translatePattern } from "../names/translate-pattern.ts";
import { TakenNames } from "../names/taken-names.ts";
import { camelCase } from "../names/words.ts";
import { METHOD_RESERVED } from "./reserved.ts";

const LINE_MAX_CHARACTERS = 100;

/** A text. Java reads `\u000a` before it reads strings: JSON writes line ends by letter. */
export function text(value: string): string {
  return JSON.stringify(value);
}

/** A pattern as a string; `undefined` when Java's engine cannot say it. */
export function pattern(value: string): string | undefined {
  const translated = translatePattern(value, PATTERN_DIALECTS.java);
  return translated === undefined ? undefined : text(translated);
}

/** `before(items)after`: on one line, else the items on the next, else one a line. */
export function call(before: string, items: readonly string[], after: string): readonly string[] {
  const line = `${before}${items.join(", ")}${after}`;
  if (line.length <= LINE_MAX_CHARACTERS || items.length === 0) return [line];
  const indent = `${/^ */.exec(before)?.[0] ?? ""}    `;
  const second = `${indent}${items.join(", ")}${after}`;
  if (second.length <= LINE_MAX_CHARACTERS || items.length === 1) return [before, second];
  return [
    before,
    ...items.map((item, index) => `${indent}${item}${index === items.length - 1 ? after : ","}`),
  ];
}

/** A doc comment; words are wrapped where the formatter wraps them. */
export function docComment(lines: readonly string[], indent: string): readonly string[] {
  const clean = lines
    .map((line) =>
      line
        .replaceAll("&", "&amp;")
        .replaceAll("<", "&lt;")
        .replaceAll("*/", "*&#47;")
        .replace(/\\u/g, "&#92;u")
        .replace(/\s+/g, " ")
        .trim(),
    )
    .filter((line) => line !== "");
  const [only] = clean;
  if (only === undefined) return [];
  const short = `${indent}/** ${only} */`;
  if (clean.length === 1 && short.length <= LINE_MAX_CHARACTERS && !only.startsWith("@")) return [short];
  const paragraphs = clean.flatMap((line, index) => {
    const isTag = line.startsWith("@");
    const wrapped = wrap(index === 0 || isTag ? line : `<p>${line}`, LINE_MAX_CHARACTERS - indent.length - 3);
    const tagged = isTag ? wrapped.map((its, at) => (at === 0 ? its : `    ${its}`)) : wrapped;
    const isSecondTag = isTag && (clean[index - 1] ?? "").startsWith("@");
    return index === 0 || isSecondTag ? tagged : ["", ...tagged];
  });
  return [
    `${indent}/**`,
    ...paragraphs.map((line) => `${indent} *${line === "" ? "" : ` ${line}`}`),
    `${indent} */`,
  ];
}

function wrap(line: string, width: number): readonly string[] {
  const out: string[] = [];
  let current = "";
  for (const word of line.split(" ")) {
    if (current !== "" && current.length + 1 + word.length > width) {
      out.push(current);
      current = word;
    } else current = current === "" ? word : `${current} ${word}`;
  }
  return [...out, current];
}

/** Writes the body of a function that makes a rule. */
class RuleWriter {
  readonly lines: string[] = [];
  readonly #names = new TakenNames([...METHOD_RESERVED, "rule"]);
  readonly #indent: string;

  constructor(indent: string) {
    this.#indent = indent;
  }

  statement(before: string, items: readonly string[]): void {
    this.lines.push(...call(`${this.#indent}${before}(`, items, ");"));
  }

  constraints(rule: ClientRule, name: string): void {
    const min = (value: number | undefined, missing: string): string =>
      value === undefined ? missing : String(value);
    if (rule.nullable === true) this.statement(`${name}.nullable`, []);
    if (rule.open === true) this.statement(`${name}.open`, []);
    if (rule.values !== undefined)
      this.statement(
        `${name}.values`,
        rule.values.map((value) => (typeof value === "string" ? text(value) : double(value))),
      );
    for (const kind of ["pattern", "format"] as const) {
      const literal = rule[kind] === undefined ? undefined : pattern(rule[kind]);
      if (literal !== undefined) this.statement(`${name}.${kind}`, [literal]);
    }
    if (rule.minLength !== undefined || rule.maxLength !== undefined)
      this.statement(`${name}.length`, [min(rule.minLength, "0"), min(rule.maxLength, "Integer.MAX_VALUE")]);
    if (rule.min !== undefined || rule.max !== undefined)
      this.statement(`${name}.range`, [
        rule.min === undefined ? "Double.NEGATIVE_INFINITY" : double(rule.min),
        rule.max === undefined ? "Double.POSITIVE_INFINITY" : double(rule.max),
      ]);
    if (rule.minItems !== undefined || rule.maxItems !== undefined)
      this.statement(`${name}.size`, [min(rule.minItems, "0"), min(rule.maxItems, "Integer.MAX_VALUE")]);
    if (rule.items) this.#nested(rule.items, [`${name}.items`, [text(rule.items.type)]], `${name} item`);
    if (rule.members) {
      this.statement(`${name}.members`, []);
      for (const [member, its] of Object.entries(rule.members)) {
        const items = [text(member), text(its.type), String(its.required)];
        this.#nested(its, [`${name}.member`, items], member);
      }
    }
  }

  /** A rule inside another: `before(items)` makes it, `words` name it. */
  #nested(rule: ClientRule, [before, items]: readonly [string, readonly string[]], words: string): void {
    const { type: _type, required: _required, ...constraints } = rule;
    if (Object.keys(constraints).length === 0) {
      this.statement(before, items);
      return;
    }
    const name = this.#names.claim(camelCase(words));
    const line = `${this.#indent}Rule ${name} = ${before}(${items.join(", ")});`;
    if (line.length <= LINE_MAX_CHARACTERS) this.lines.push(line);
    else
      this.lines.push(`${this.#indent}Rule ${name} =`, ...call(`${this.#indent}    ${before}(`, items, ");"));
    this.constraints(rule, name);
  }
}

/** A number as a double. */
function double(value: number): string {
  return Number.isInteger(value) && Math.abs(value) < 1e15 ? `${value}.0` : `${value}`.replace("e+", "E");
}

/** A private static function that makes a rule. */
export function ruleFunction(name: string, rule: ClientRule, indent: string): string {
  const writer = new RuleWriter(`${indent}  `);
  writer.constraints(rule, "rule");
  return [
    `${indent}private static Rule ${name}() {`,
    `${indent}  Rule rule = new Rule(${text(rule.type)}, ${String(rule.required)});`,
    ...writer.lines,
    `${indent}  return rule;`,
    `${indent}}`,
  ].join("\n");
}
