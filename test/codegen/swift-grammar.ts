// What a Swift grammar says of files: the most that can be known where no compiler is to be had.
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { Language, type Node, Parser } from "web-tree-sitter";

/** Makes a parser of Swift. */
export async function makeSwiftParser(): Promise<(text: string) => Node> {
  await Parser.init();
  const path = createRequire(import.meta.url).resolve("tree-sitter-wasms/out/tree-sitter-swift.wasm");
  const parser = new Parser();
  parser.setLanguage(await Language.load(path));
  return (text) => {
    const tree = parser.parse(text);
    if (!tree) throw new Error("The parser gave no tree");
    return tree.rootNode;
  };
}

/** Lines that the grammar cannot read. */
export function broken(node: Node): readonly string[] {
  const own =
    node.isError || node.isMissing ? [`${node.startPosition.row + 1}: ${node.text.slice(0, 60)}`] : [];
  return [...own, ...node.children.flatMap((child) => (child?.hasError ? broken(child) : []))];
}

/** Parses every file of a folder; answers what is broken. */
export async function parseSwift(folder: string): Promise<string> {
  const parse = await makeSwiftParser();
  return readdirSync(folder)
    .flatMap((file) =>
      broken(parse(readFileSync(join(folder, file), "utf8"))).map((line) => `${file}:${line}`),
    )
    .join("\n");
}
