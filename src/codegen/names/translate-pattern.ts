// RE2 patterns in the dialects of other engines. What cannot be said in a dialect is `undefined`: the client then leaves that check to the gateway,
// rather than refusing what the plan allows.

/** How one engine differs from RE2. */
export interface PatternDialect {
  /** Beginning and end of the text; `$` of many engines also fits before a last line end. */
  readonly begin: string;
  readonly end: string;
  /** `(?P<name>`, `(?<name>` or neither. */
  readonly namedGroup: "(?P<" | "(?<" | undefined;
  /** `(?i)` at the beginning. */
  readonly flags: boolean;
  /** `\p{…}` */
  readonly unicodeClasses: boolean;
}

export const PATTERN_DIALECTS = {
  javascript: { begin: "^", end: "$", namedGroup: "(?<", flags: false, unicodeClasses: true },
  python: { begin: "\\A", end: "\\Z", namedGroup: "(?P<", flags: true, unicodeClasses: false },
  ruby: { begin: "\\A", end: "\\z", namedGroup: "(?<", flags: true, unicodeClasses: true },
  php: { begin: "\\A", end: "\\z", namedGroup: "(?<", flags: true, unicodeClasses: true },
  java: { begin: "\\A", end: "\\z", namedGroup: "(?<", flags: true, unicodeClasses: true },
  go: { begin: "\\A", end: "\\z", namedGroup: "(?P<", flags: true, unicodeClasses: true },
  swift: { begin: "\\A", end: "\\z", namedGroup: "(?<", flags: true, unicodeClasses: true },
} as const satisfies Record<string, PatternDialect>;

/** RE2's classes are ASCII everywhere; some engines take them for Unicode's. */
const ASCII_CLASSES: Readonly<Record<string, string>> = {
  d: "0-9",
  w: "0-9A-Za-z_",
  s: "\\t\\n\\f\\r ",
};
const NEGATED: Readonly<Record<string, string>> = {
  D: "[^0-9]",
  W: "[^0-9A-Za-z_]",
  S: "[^\\t\\n\\f\\r ]",
};
const SIMPLE_ESCAPES = /^[tnfr.\\+*?()|[\]{}^$/-]$/;

class Translation {
  readonly #text: string;
  readonly #dialect: PatternDialect;
  #at = 0;

  constructor(text: string, dialect: PatternDialect) {
    this.#text = text;
    this.#dialect = dialect;
  }

  #peek(length: number): string {
    return this.#text.slice(this.#at, this.#at + length);
  }

  #escape(inClass: boolean): string | undefined {
    const { begin, end, unicodeClasses } = this.#dialect;
    const letter = this.#text.charAt(this.#at + 1);
    this.#at += 2;
    const ascii = ASCII_CLASSES[letter];
    if (ascii !== undefined) return inClass ? ascii : `[${ascii}]`;
    if (NEGATED[letter] !== undefined) return inClass ? undefined : NEGATED[letter];
    if (letter === "A" && !inClass) return begin;
    if (letter === "z" && !inClass) return end;
    if ((letter === "p" || letter === "P") && unicodeClasses) {
      const found = /^(?:\{\^?([A-Z][a-z]?)\}|([A-Z]))/.exec(this.#text.slice(this.#at));
      if (!found || found[0].includes("^")) return undefined;
      this.#at += found[0].length;
      return `\\${letter}{${found[1] ?? found[2] ?? ""}}`;
    }
    if (!SIMPLE_ESCAPES.test(letter)) return undefined;
    // Strict engines refuse to escape what needs no escape.
    return letter === "/" || (letter === "-" && !inClass) ? letter : `\\${letter}`;
  }

  #class(): string | undefined {
    let out = "[";
    this.#at++;
    if (this.#peek(1) === "^") {
      out += "^";
      this.#at++;
    }
    let first = true;
    while (this.#at < this.#text.length) {
      const character = this.#peek(1);
      if (character === "]" && !first) {
        this.#at++;
        return `${out}]`;
      }
      if (character === "[" || character === "&" || character === "~" || character === "]") {
        // POSIX classes, and characters that mean something in other engines' classes.
        if (this.#peek(2) === "[:") return undefined;
        if (this.#peek(2) === "&&" || this.#peek(2) === "~~") return undefined;
        out += character === "[" || character === "]" ? `\\${character}` : character;
        this.#at++;
      } else if (character === "\\") {
        const escaped = this.#escape(true);
        if (escaped === undefined) return undefined;
        out += escaped;
      } else {
        out += character;
        this.#at++;
      }
      first = false;
    }
    return undefined;
  }

  #group(): string | undefined {
    const { namedGroup, flags } = this.#dialect;
    if (this.#peek(3) === "(?:") return this.#take(3);
    const named = /^\(\?P?<([A-Za-z_][A-Za-z0-9_]*)>/.exec(this.#text.slice(this.#at));
    if (named) {
      this.#at += named[0].length;
      return namedGroup === undefined ? "(" : `${namedGroup}${named[1] ?? ""}>`;
    }
    if (this.#peek(2) !== "(?") return this.#take(1);
    // Flags hold from the beginning in every engine; elsewhere engines differ.
    return flags && this.#at === 0 && this.#peek(4) === "(?i)" ? this.#take(4) : undefined;
  }

  #take(length: number): string {
    const text = this.#peek(length);
    this.#at += length;
    return text;
  }

  #next(): string | undefined {
    const { begin, end } = this.#dialect;
    switch (this.#peek(1)) {
      case "\\":
        return this.#escape(false);
      case "[":
        return this.#class();
      case "(":
        return this.#group();
      case "^":
        this.#at++;
        return begin;
      case "$":
        this.#at++;
        return end;
      default:
        return this.#take(1);
    }
  }

  run(): string | undefined {
    let out = "";
    while (this.#at < this.#text.length) {
      const piece = this.#next();
      if (piece === undefined) return undefined;
      out += piece;
    }
    return out;
  }
}

/** The pattern in a dialect; `undefined` when the dialect cannot say it. */
export function translatePattern(pattern: string, dialect: PatternDialect): string | undefined {
  return new Translation(pattern, dialect).run();
}
