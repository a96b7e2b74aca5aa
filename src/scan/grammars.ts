// Tracking calls in the other languages, by tree-sitter grammars: one walk for all, a few words a language.
import { createRequire } from "node:module";
import type { Node, Parser } from "web-tree-sitter";
import { AppError } from "../core/index.ts";
import type { CallSite, GeneratedNames, ScanLanguage, ScannedFile, UnsafeCall } from "./call-site.ts";
import { sdkCall, splitCallee } from "./sdk-calls.ts";
import { type FileText, makeFileText } from "./file-text.ts";
import { lackingFlags } from "./server-flags.ts";

type GrammarLanguage = Exclude<ScanLanguage, "javascript">;

interface Words {
  /** Nodes that are calls. */
  readonly calls: ReadonlySet<string>;
  /** Nodes that make a value of a type: where an event is a type. */
  readonly makes: ReadonlySet<string>;
  readonly texts: ReadonlySet<string>;
  /** Nodes that hold arguments. */
  readonly args: ReadonlySet<string>;
}

const words = (...[calls, makes, texts, args]: readonly [string, string, string, string]): Words => ({
  calls: new Set(calls.split(" ")),
  makes: new Set(makes.split(" ")),
  texts: new Set(texts.split(" ")),
  args: new Set(args.split(" ")),
});

const LANGUAGES: Readonly<Record<GrammarLanguage, Words>> = {
  swift: words("call_expression", "call_expression", "line_string_literal", "call_suffix"),
  kotlin: words("call_expression", "call_expression", "string_literal line_string_literal", "call_suffix"),
  java: words("method_invocation", "object_creation_expression", "string_literal", "argument_list"),
  ruby: words("call", "", "string", "argument_list"),
  python: words("call", "", "string", "argument_list"),
  go: words(
    "call_expression",
    "composite_literal",
    "interpreted_string_literal raw_string_literal",
    "argument_list literal_value",
  ),
  php: words(
    "member_call_expression nullsafe_member_call_expression scoped_call_expression function_call_expression",
    "",
    "string encapsed_string",
    "arguments",
  ),
};
const INTERPOLATED = /interpolat|substitution|embedded|template_expression|variable_name/;
/** Deeper than this nothing is tracked; it keeps a hostile file from using up the stack. */
const DEPTH_MAX = 400;

const parsers = new Map<GrammarLanguage, Promise<Parser>>();
/** The grammars are large and not everybody needs them: they are installed beside Plumbline where they are. */
async function load(language: GrammarLanguage): Promise<Parser> {
  try {
    const { Language, Parser: TreeSitter } = await import("web-tree-sitter");
    await TreeSitter.init();
    const path = createRequire(import.meta.url).resolve(`tree-sitter-wasms/out/tree-sitter-${language}.wasm`);
    const parser = new TreeSitter();
    parser.setLanguage(await Language.load(path));
    return parser;
  } catch (cause) {
    throw new AppError("SCAN_GRAMMAR_MISSING", `Cannot read ${language}: its grammar is not installed`, {
      cause,
    });
  }
}

function parserOf(language: GrammarLanguage): Promise<Parser> {
  const known = parsers.get(language);
  if (known) return known;
  const made = load(language);
  parsers.set(language, made);
  return made;
}

function children(node: Node): readonly Node[] {
  return node.namedChildren.filter((child): child is Node => child !== null);
}

function argumentsOf(node: Node, { args }: Words): Node | undefined {
  return children(node).find((child) => args.has(child.type));
}

/** The text of a literal; `undefined` when something is put into it at run time. */
function literalText(node: Node): string | undefined {
  if (children(node).some((child) => INTERPOLATED.test(child.type))) return undefined;
  return node.text.replace(/^[A-Za-z]*(?:"""|"|'|`)/, "").replace(/(?:"""|"|'|`)$/, "");
}

/** Literals that are arguments themselves, not of calls inside. */
function ownTexts(node: Node, its: Words, depth = 0): readonly Node[] {
  if (its.texts.has(node.type)) return [node];
  if (depth > 4 || (depth > 0 && (its.calls.has(node.type) || its.args.has(node.type)))) return [];
  return children(node).flatMap((child) => ownTexts(child, its, depth + 1));
}

class GrammarScan {
  readonly calls: CallSite[] = [];
  readonly unsafe: UnsafeCall[] = [];
  readonly #words: Words;
  readonly #names: GeneratedNames;
  readonly #file: FileText;

  constructor(its: Words, names: GeneratedNames, file: FileText) {
    this.#words = its;
    this.#names = names;
    this.#file = file;
  }

  #hold(callee: string, args: Node, node: Node): void {
    const { side } = this.#file;
    if (side === "client") return;
    // Kotlin wraps its arguments once more.
    const [only, ...more] = children(args);
    const own = only?.type === "value_arguments" && more.length === 0 ? children(only) : children(args);
    const lacks = lackingFlags({ callee, args: own.map(({ text }) => text) }, this.#file);
    const { row, column } = node.startPosition;
    if (lacks.length > 0)
      this.unsafe.push({
        callee: callee.replace(/\s+/g, ""),
        lacks,
        side,
        line: row + 1,
        column: column + 1,
      });
  }

  #add(
    kind: CallSite["kind"],
    name: string,
    ...[node, others = []]: readonly [Node, (readonly string[])?]
  ): void {
    const { row, column } = node.startPosition;
    this.calls.push({
      kind,
      name,
      line: row + 1,
      column: column + 1,
      ...(others.length === 0 ? {} : { others }),
    });
  }

  visit(node: Node, depth = 0): void {
    if (depth > DEPTH_MAX) return;
    const isCall = this.#words.calls.has(node.type);
    const isMade = this.#words.makes.has(node.type);
    if (isCall || isMade) this.#call(node, { isCall, isMade });
    for (const child of children(node)) this.visit(child, depth + 1);
  }

  #call(node: Node, { isCall, isMade }: { readonly isCall: boolean; readonly isMade: boolean }): void {
    const args = argumentsOf(node, this.#words);
    const callee = (args ? node.text.slice(0, args.startIndex - node.startIndex) : node.text).replace(
      /^new\s+/,
      "",
    );
    const { receiver, method } = splitCallee(callee);
    if (this.#names.has(method) && (isMade || receiver !== "")) {
      this.#add("generated", method, node);
      return;
    }
    if (isCall && args) this.#hold(callee, args, node);
    const kind = isCall ? sdkCall(callee) : undefined;
    if (kind === "profile") this.#add("profile", callee.replace(/\s+/g, ""), node);
    if (kind !== "track" || !args || children(args).length === 0) return;
    const inside = args.text;
    // A value of a generated type is handed over: that is the call.
    if ([...this.#names].some((name) => new RegExp(`\\b${name}\\s*[({]`).test(inside))) return;
    const texts = ownTexts(args, this.#words).map(literalText);
    const [name, ...others] = texts.filter((text) => text !== undefined);
    // An id may be a text where the name is made at run time: what is put together is the name then.
    if (name === undefined || texts.includes(undefined))
      this.#add("dynamic", callee.replace(/\s+/g, ""), node);
    else this.#add("raw", name, node, others);
  }
}

/** Scans one file. Never throws for what stands in it. */
export async function scanWithGrammar(
  language: GrammarLanguage,
  text: string,
  names: GeneratedNames,
): Promise<ScannedFile> {
  const parser = await parserOf(language);
  const tree = parser.parse(text);
  if (!tree) return { calls: [], unsafe: [], broken: true };
  const scan = new GrammarScan(LANGUAGES[language], names, makeFileText(language, text));
  scan.visit(tree.rootNode);
  const broken =
    tree.rootNode.hasError && scan.calls.length === 0 && text.trim() !== "" && tree.rootNode.type === "ERROR";
  tree.delete();
  return { calls: scan.calls, unsafe: scan.unsafe, broken };
}
