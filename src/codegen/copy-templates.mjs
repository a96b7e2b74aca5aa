// Part of the build: the compiler writes JavaScript, templates of generated clients go beside it as they are.
import { cpSync, readdirSync } from "node:fs";

const from = new URL("./", import.meta.url);
const to = new URL("../../dist/codegen/", import.meta.url);
for (const entry of readdirSync(from, { withFileTypes: true })) {
  const folder = `${entry.name}/templates`;
  if (entry.isDirectory() && readdirSync(new URL(entry.name, from)).includes("templates"))
    cpSync(new URL(folder, from), new URL(folder, to), { recursive: true });
}
