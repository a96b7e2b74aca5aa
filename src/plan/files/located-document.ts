// A YAML 1.2 or JSON text with the place of everything in it. Pure.
import { closest, distance } from "fastest-levenshtein";
import {
  type Document,
  isAlias,
  isMap,
  isPair,
  isScalar,
  LineCounter,
  type ParsedNode,
  parseDocument,
  visit,
} from "yaml";
import type { FileLocation, Finding } from "../../core/index.ts";

/** Member names and list indexes from the root. */
export type DocumentPath = readonly (string | number)[];

export interface LocatedDocument {
  readonly file: string;
  /** Plain JSON value; `undefined` when the text is not YAML. */
  readonly value: unknown;
  /** Syntax errors, and YAML features that a plan does not use. */
  readonly findings: readonly Finding[];
  /** Where a member stands, or the nearest thing around it. */
  locate(path: DocumentPath): FileLocation;
}

/** Replaces a text value, for example by what the environment holds. */
export type ReplaceText = (text: string, where: FileLocation) => string;

class Located {
  readonly #file: string;
  readonly #lines: LineCounter;
  readonly #document: Document<ParsedNode>;

  constructor(file: string, lines: LineCounter, document: Document<ParsedNode>) {
    this.#file = file;
    this.#lines = lines;
    this.#document = document;
  }

  at(offset: number): FileLocation {
    const { line, col } = this.#lines.linePos(offset);
    return { file: this.#file, line: Math.max(1, line), column: Math.max(1, col) };
  }

  locate(path: DocumentPath): FileLocation {
    for (let length = path.length; length > 0; length--) {
      const name = path[length - 1];
      const parent: unknown =
        length === 1 ? this.#document.contents : this.#document.getIn(path.slice(0, length - 1), true);
      if (isMap(parent))
        for (const { key } of parent.items)
          if (isScalar(key) && String(key.value) === String(name) && key.range) return this.at(key.range[0]);
      const node: unknown = this.#document.getIn(path.slice(0, length), true);
      if (isScalar(node) && node.range) return this.at(node.range[0]);
    }
    return this.at(0);
  }
}

function unsupported(document: Document<ParsedNode>, located: Located): Finding[] {
  const findings: Finding[] = [];
  visit(document, {
    Node: (_, node) => {
      const tag =
        "tag" in node && typeof node.tag === "string" && node.tag.startsWith("!") ? node.tag : undefined;
      const anchor = !isAlias(node) && "anchor" in node && typeof node.anchor === "string";
      if (!isAlias(node) && !anchor && tag === undefined) return;
      findings.push({
        id: "yaml-feature",
        level: "error",
        at: "",
        where: located.at(node.range?.[0] ?? 0),
        message: "Anchors, aliases and tags are not part of the format",
        fix: "Write the value out, or define it once under `properties`.",
      });
    },
  });
  return findings;
}

function syntaxFindings(document: Document<ParsedNode>, located: Located): Finding[] {
  const lines = new Set<number>();
  return document.errors.flatMap(({ pos, message }) => {
    const where = located.at(pos[0]);
    // What follows on the same line is the parser's confusion, not another mistake.
    if (lines.has(where.line)) return [];
    lines.add(where.line);
    return [
      {
        id: "yaml-syntax",
        level: "error" as const,
        at: "",
        where,
        message: message.split("\n")[0] ?? message,
      },
    ];
  });
}

function replaceTexts(document: Document<ParsedNode>, located: Located, replace: ReplaceText): void {
  visit(document, {
    Scalar: (key, node, ancestors) => {
      if (key === "key" && isPair(ancestors.at(-1))) return;
      if (typeof node.value === "string") node.value = replace(node.value, located.at(node.range?.[0] ?? 0));
    },
  });
}

/** Parses a text. JSON is YAML, and needs nothing of its own. */
export function parseLocated(text: string, file: string, replace?: ReplaceText): LocatedDocument {
  const lines = new LineCounter();
  const document = parseDocument(text.replaceAll("\r\n", "\n"), {
    lineCounter: lines,
    prettyErrors: false,
    version: "1.2",
    uniqueKeys: true,
  });
  const located = new Located(file, lines, document);
  const locate = (path: DocumentPath): FileLocation => located.locate(path);
  const findings = syntaxFindings(document, located);
  if (findings.length > 0) return { file, value: undefined, findings, locate };
  if (replace) replaceTexts(document, located, replace);
  const features = unsupported(document, located);
  if (features.length > 0) return { file, value: undefined, findings: features, locate };
  return { file, value: document.toJS(), findings: [], locate };
}

/** The known name that was probably meant. */
export function didYouMean(name: string, known: readonly string[]): string | undefined {
  if (known.length === 0) return undefined;
  const best = closest(name, known);
  return distance(name.toLowerCase(), best.toLowerCase()) <= Math.max(1, Math.min(3, name.length / 3))
    ? best
    : undefined;
}
