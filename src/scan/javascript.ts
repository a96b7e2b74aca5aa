// Tracking calls in TypeScript and JavaScript, by a real parser. Names are followed through constants and object literals of the same file.
import { parseSync } from "oxc-parser";
import { isObject } from "../core/index.ts";
import type { CallSite, GeneratedNames, ScannedFile, UnsafeCall } from "./call-site.ts";
import { NAME_SECOND, sdkCall, splitCallee } from "./sdk-calls.ts";
import { makeFileText } from "./file-text.ts";
import { lackingFlags } from "./server-flags.ts";

interface AstNode extends Readonly<Record<string, unknown>> {
  readonly type: string;
  readonly start: number;
}

function isNode(value: unknown): value is AstNode {
  return isObject(value) && typeof value["type"] === "string" && typeof value["start"] === "number";
}

function walk(node: AstNode, visit: (node: AstNode) => void): void {
  visit(node);
  for (const value of Object.values(node)) {
    if (isNode(value)) walk(value, visit);
    else if (Array.isArray(value)) for (const item of value as unknown[]) if (isNode(item)) walk(item, visit);
  }
}

function identifier(node: unknown): string | undefined {
  return isNode(node) &&
    (node.type === "Identifier" || node.type === "PrivateIdentifier") &&
    typeof node["name"] === "string"
    ? node["name"]
    : undefined;
}

/** `a.b.c` as text; calls in between are left out. */
function calleeText(node: unknown): string {
  if (!isNode(node)) return "";
  switch (node.type) {
    case "Identifier":
    case "PrivateIdentifier":
      return String(node["name"]);
    case "ThisExpression":
      return "this";
    case "MemberExpression":
      return node["computed"] === true
        ? calleeText(node["object"])
        : `${calleeText(node["object"])}.${calleeText(node["property"])}`;
    case "CallExpression":
      return calleeText(node["callee"]);
    case "ChainExpression":
    case "ParenthesizedExpression":
    case "TSNonNullExpression":
    case "TSAsExpression":
      return calleeText(node["expression"]);
    default:
      return "";
  }
}

/** Texts that names of this file stand for: `NAME`, `Events.SignUp`. */
class Constants {
  readonly #texts = new Map<string, string>();

  collect(program: AstNode): void {
    walk(program, (node) => {
      if (node.type === "VariableDeclaration" && node["kind"] === "const")
        for (const one of node["declarations"] as readonly unknown[])
          if (isNode(one)) this.#note(identifier(one["id"]), one["init"]);
      if (node.type === "TSEnumDeclaration") this.#enum(node);
    });
  }

  #note(name: string | undefined, init: unknown): void {
    if (name === undefined || !isNode(init)) return;
    const value =
      init.type === "TSAsExpression" || init.type === "TSSatisfiesExpression" ? init["expression"] : init;
    const text = this.text(value);
    if (text !== undefined) this.#texts.set(name, text);
    if (!isNode(value)) return;
    const frozen = value.type === "CallExpression" && calleeText(value["callee"]) === "Object.freeze";
    const object = frozen ? (value["arguments"] as readonly unknown[])[0] : value;
    if (!isNode(object) || object.type !== "ObjectExpression") return;
    for (const property of object["properties"] as readonly unknown[]) {
      if (!isNode(property) || property.type !== "Property") continue;
      const key = identifier(property["key"]) ?? this.text(property["key"]);
      const member = this.text(property["value"]);
      if (key !== undefined && member !== undefined) this.#texts.set(`${name}.${key}`, member);
    }
  }

  #enum(node: AstNode): void {
    const name = identifier(node["id"]);
    const body = node["body"];
    const members: unknown = isNode(body) ? body["members"] : node["members"];
    if (name === undefined || !Array.isArray(members)) return;
    for (const member of members as unknown[]) {
      if (!isNode(member)) continue;
      const key = identifier(member["id"]) ?? this.text(member["id"]);
      const value = this.text(member["initializer"]);
      if (key !== undefined && value !== undefined) this.#texts.set(`${name}.${key}`, value);
    }
  }

  /** The text that an expression is; `undefined` when only running tells. */
  text(node: unknown): string | undefined {
    if (!isNode(node)) return undefined;
    if (node.type === "Literal") return typeof node["value"] === "string" ? node["value"] : undefined;
    if (node.type === "TemplateLiteral") {
      const [quasi, ...more] = node["quasis"] as readonly unknown[];
      if (more.length > 0 || !isNode(quasi)) return undefined;
      const value = quasi["value"];
      return isObject(value) && typeof value["cooked"] === "string" ? value["cooked"] : undefined;
    }
    if (node.type === "Identifier" || node.type === "MemberExpression")
      return this.#texts.get(calleeText(node));
    return undefined;
  }
}

/** Local names that come from generated files: a function, or everything of a file behind a name. */
function generatedImports(
  program: AstNode,
  isGenerated: (specifier: string) => boolean,
): ReadonlyMap<string, string | true> {
  const names = new Map<string, string | true>();
  for (const node of program["body"] as readonly unknown[]) {
    if (!isNode(node) || node.type !== "ImportDeclaration" || !isNode(node["source"])) continue;
    if (!isGenerated(String(node["source"]["value"]))) continue;
    for (const specifier of node["specifiers"] as readonly unknown[]) {
      if (!isNode(specifier)) continue;
      const local = identifier(specifier["local"]);
      if (local === undefined) continue;
      const imported =
        specifier.type === "ImportSpecifier" ? (identifier(specifier["imported"]) ?? local) : true;
      names.set(local, imported);
    }
  }
  return names;
}

/** The event's name among the arguments: a text, or the member `event` of an object. */
function eventName(args: readonly unknown[], constants: Constants): string | undefined {
  const [first] = args;
  if (isNode(first) && first.type === "ObjectExpression")
    for (const property of first["properties"] as readonly unknown[])
      if (isNode(property) && identifier(property["key"]) === "event")
        return constants.text(property["value"]);
  return constants.text(first);
}

export interface JavaScriptContext {
  readonly names: GeneratedNames;
  /** Tells whether an import names a generated file. */
  readonly isGenerated: (specifier: string) => boolean;
}

/** Scans one file. Never throws for what stands in it. */
export function scanJavaScript(file: string, text: string, context: JavaScriptContext): ScannedFile {
  const { program, errors } = parseSync(file, text);
  if (errors.length > 0 && program.body.length === 0) return { calls: [], unsafe: [], broken: true };
  const root = program as unknown as AstNode;
  const constants = new Constants();
  constants.collect(root);
  const imports = generatedImports(root, context.isGenerated);
  const calls: CallSite[] = [];
  const unsafe: UnsafeCall[] = [];
  const its = makeFileText("javascript", text);
  const { side } = its;
  const lines = lineStarts(text);
  const add = (kind: CallSite["kind"], name: string, node: AstNode): void => {
    calls.push({ kind, name, ...placeOf(lines, node.start) });
  };
  walk(root, (node) => {
    if (node.type !== "CallExpression") return;
    const callee = calleeText(node["callee"]);
    const [head = "", member] = callee.split(".");
    const imported = imports.get(head);
    const generated = imported === true ? member : imported;
    if (
      generated !== undefined &&
      (imported === true) === (member !== undefined) &&
      context.names.has(generated)
    ) {
      add("generated", generated, node);
      return;
    }
    const args = node["arguments"] as readonly unknown[];
    if (side !== "client" && imported === undefined) {
      const lacks = lackingFlags({ callee, args: args.map((one) => sourceOf(one, text)) }, its);
      if (lacks.length > 0) unsafe.push({ callee, lacks, side, ...placeOf(lines, node.start) });
    }
    const kind = imported === undefined ? sdkCall(callee) : undefined;
    if (kind === undefined) return;
    if (kind === "profile") {
      add("profile", callee, node);
      return;
    }
    if (args.length === 0) return;
    const name = eventName(NAME_SECOND.has(splitCallee(callee).method) ? args.slice(1) : args, constants);
    if (name === undefined) add("dynamic", callee, node);
    else add("raw", name, node);
  });
  return { calls, unsafe, broken: false };
}

function sourceOf(node: unknown, text: string): string {
  return isNode(node) && typeof node["end"] === "number" ? text.slice(node.start, node["end"]) : "";
}

function lineStarts(text: string): readonly number[] {
  const starts = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return starts;
}

function placeOf(
  starts: readonly number[],
  offset: number,
): { readonly line: number; readonly column: number } {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((starts[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 };
}
