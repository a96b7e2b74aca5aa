// What the package exports, by name: a name that goes away or comes by accident shows here.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { ensureDist } from "./support/dist.ts";

ensureDist();
const root = new URL("../", import.meta.url);
const { exports } = JSON.parse(readFileSync(new URL("package.json", root), "utf8")) as {
  readonly exports: Readonly<Record<string, string | { readonly default: string }>>;
};
const modules = Object.entries(exports).flatMap(([name, target]) =>
  typeof target === "string" ? [] : [[name, target.default] as const],
);

test.each(modules)("%s", async (_, target) => {
  const names = Object.keys((await import(new URL(target, root).href)) as object).sort();
  expect(names).toMatchSnapshot();
});
