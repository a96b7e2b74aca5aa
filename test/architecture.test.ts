import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { checkArchitecture, type PartsTable } from "./support/architecture.ts";

const root = new URL("..", import.meta.url).pathname;
const parts = JSON.parse(readFileSync(join(root, "parts.json"), "utf8")) as PartsTable;

function sourceFiles(): Map<string, string> {
  const names = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" });
  return new Map(
    names
      .filter((name) => name.endsWith(".ts"))
      .map((name) => [name.replaceAll("\\", "/"), readFileSync(join(root, "src", name), "utf8")]),
  );
}

function planted(file: string, text: string): string[] {
  return checkArchitecture(new Map([[file, text]]), parts).map((violation) => violation.rule);
}

describe("the parts table", () => {
  test("holds for every import of every source file", () => {
    const files = sourceFiles();
    expect(files.size).toBeGreaterThan(20);
    expect(checkArchitecture(files, parts)).toEqual([]);
  });

  test.each([
    ["forbidden-import", "gateway/x.ts", 'import { a } from "../providers/index.ts";'],
    ["forbidden-import", "core/x.ts", 'export type { A } from "../plan/index.ts";'],
    ["forbidden-import", "core/x.ts", 'const plan = await import("../plan/index.ts");'],
    ["not-through-index", "gateway/deep/x.ts", 'import { a } from "../../plan/lock.ts";'],
    ["cli-imported", "gateway/x.ts", 'import { a } from "../cli/main.ts";'],
    ["export-star", "plan/index.ts", 'export * from "./lock.ts";'],
    ["cli-only-global", "gateway/x.ts", "const token = process.env.TOKEN;"],
    ["cli-only-global", "plan/x.ts", 'console.log("x");'],
    ["node-in-browser-part", "plan/x.ts", 'import { readFileSync } from "node:fs";'],
    ["unknown-part", "utils/x.ts", ""],
  ])("reports a planted %s in %s", (rule, file, text) => {
    expect(planted(file, text)).toEqual([rule]);
  });

  test("allows what the table allows, and ignores comments", () => {
    expect(planted("gateway/x.ts", 'import { a } from "../plan/index.ts";\n// console.log("x")')).toEqual([]);
  });

  test("reports a cycle between parts", () => {
    const table = { core: [], a: ["b"], b: ["a"] };
    expect(checkArchitecture(new Map(), table).map((violation) => violation.detail)).toEqual(["a", "b"]);
  });
});
