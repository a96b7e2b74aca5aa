// A subset of Mixpanel's expressions for `where`: comparisons, `in`, `defined()`, `and`, `or`, `not`, brackets. Pure.
// Source (read 2026-11): Mixpanel "Segmentation Expressions". What is not in the subset is refused, never ignored.

type Properties = Readonly<Record<string, unknown>>;
type Term = (properties: Properties) => unknown;

/** Decides about a profile's or an event's properties. */
export type Where = (properties: Properties) => boolean;

const TOKEN =
  /\s*(?:(?:properties|user|event)\[("(?:[^"\\]|\\.)*")\]|("(?:[^"\\]|\\.)*")|(-?\d+(?:\.\d+)?)|(==|!=|>=|<=|[<>()])|([A-Za-z_]+))/y;
/** Also bounds how deep brackets can nest. */
const TEXT_MAX = 2000;

type Token =
  | { readonly kind: "property"; readonly name: string }
  | { readonly kind: "literal"; readonly value: unknown }
  | { readonly kind: "word"; readonly word: string };

function tokensOf(text: string): Token[] | undefined {
  const tokens: Token[] = [];
  const trimmed = text.trimEnd();
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < trimmed.length) {
    const found = TOKEN.exec(trimmed);
    if (!found) return undefined;
    const [, property, quoted, number, sign, word] = found;
    try {
      if (property !== undefined) tokens.push({ kind: "property", name: String(JSON.parse(property)) });
      else if (quoted !== undefined) tokens.push({ kind: "literal", value: JSON.parse(quoted) });
      else if (number !== undefined) tokens.push({ kind: "literal", value: Number(number) });
      else if (word === "true" || word === "false") tokens.push({ kind: "literal", value: word === "true" });
      else tokens.push({ kind: "word", word: sign ?? (word ?? "").toLowerCase() });
    } catch {
      // An escape that JSON does not have.
      return undefined;
    }
  }
  return tokens;
}

const COMPARISONS: Readonly<Record<string, (a: unknown, b: unknown) => boolean>> = {
  "==": (a, b) => a === b || (Array.isArray(a) && a.includes(b)),
  "!=": (a, b) => a !== b,
  ">": (a, b) => orderOf(a, b) > 0,
  "<": (a, b) => orderOf(a, b) < 0,
  ">=": (a, b) => orderOf(a, b) >= 0,
  "<=": (a, b) => orderOf(a, b) <= 0,
  in: (a, b) =>
    Array.isArray(b) ? b.includes(a) : typeof a === "string" && typeof b === "string" && b.includes(a),
};

/** Above 0 when a is the greater; NaN, which compares false with all, for what cannot be compared. */
function orderOf(a: unknown, b: unknown): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  if (typeof a !== "string" || typeof b !== "string") return Number.NaN;
  if (a === b) return 0;
  return a > b ? 1 : -1;
}

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#tokens.length;
  }

  #take(...words: readonly string[]): string | undefined {
    const token = this.#tokens[this.#at];
    if (token?.kind !== "word" || !words.includes(token.word)) return undefined;
    this.#at += 1;
    return token.word;
  }

  or(): Term | undefined {
    let left = this.and();
    while (left && this.#take("or")) {
      const [a, b]: [Term, Term | undefined] = [left, this.and()];
      left = b && ((properties) => Boolean(a(properties)) || Boolean(b(properties)));
    }
    return left;
  }

  and(): Term | undefined {
    let left = this.not();
    while (left && this.#take("and")) {
      const [a, b]: [Term, Term | undefined] = [left, this.not()];
      left = b && ((properties) => Boolean(a(properties)) && Boolean(b(properties)));
    }
    return left;
  }

  not(): Term | undefined {
    if (!this.#take("not")) return this.comparison();
    const term = this.not();
    return term && ((properties) => !term(properties));
  }

  comparison(): Term | undefined {
    const left = this.operand();
    const sign = left && this.#take(...Object.keys(COMPARISONS));
    const compare = sign === undefined ? undefined : COMPARISONS[sign];
    if (!left || !compare) return left;
    const right = this.operand();
    return right && ((properties) => compare(left(properties), right(properties)));
  }

  operand(): Term | undefined {
    if (this.#take("(")) {
      const term = this.or();
      return this.#take(")") ? term : undefined;
    }
    if (this.#take("defined")) {
      const term = this.#take("(") ? this.operand() : undefined;
      return this.#take(")") && term ? (properties) => term(properties) !== undefined : undefined;
    }
    const token = this.#tokens[this.#at];
    if (!token || token.kind === "word") return undefined;
    this.#at += 1;
    if (token.kind === "literal") return () => token.value;
    return (properties) => (Object.hasOwn(properties, token.name) ? properties[token.name] : undefined);
  }
}

/** Compiles an expression; `undefined` when it is none of the subset. */
export function parseWhere(text: string): Where | undefined {
  const tokens = text.length > TEXT_MAX ? undefined : tokensOf(text);
  if (!tokens || tokens.length === 0) return undefined;
  const parser = new Parser(tokens);
  const term = parser.or();
  return term && parser.isAtEnd ? (properties) => Boolean(term(properties)) : undefined;
}
