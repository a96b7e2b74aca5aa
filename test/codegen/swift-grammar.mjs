// Prints what a Swift grammar cannot read in the files of a folder: the most that can be known where no compiler is to be had.
// A program of its own, for `node --liftoff-only`: Node 24's optimising compiler runs out of memory over this grammar, and takes the process with it.
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { Language, Parser } from "web-tree-sitter";

function broken(node) {
  const own =
    node.isError || node.isMissing ? [`${node.startPosition.row + 1}: ${node.text.slice(0, 60)}`] : [];
  return [...own, ...node.children.flatMap((child) => (child?.hasError ? broken(child) : []))];
}

await Parser.init();
const parser = new Parser();
const path = createRequire(import.meta.url).resolve("tree-sitter-wasms/out/tree-sitter-swift.wasm");
parser.setLanguage(await Language.load(path));
const [folder = "."] = process.argv.slice(2);
for (const file of readdirSync(folder).sort()) {
  const root = parser.parse(readFileSync(join(folder, file), "utf8")).rootNode;
  for (const line of broken(root)) process.stdout.write(`${file}:${line}\n`);
}
