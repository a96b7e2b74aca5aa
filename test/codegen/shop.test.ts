// The example shop's plan in every language: what a team would generate from it compiles, or is checked as its language can be checked.
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { GENERATORS } from "../../src/codegen/index.ts";
import type { Lock } from "../../src/plan/index.ts";
import { loadPlan } from "../../src/cli/up/load-plan.ts";
import { tempDirectory } from "../support/temp.ts";
import { writeClient } from "./generated.ts";
import { parseSwift, run, toolchains } from "./toolchains.ts";

const root = new URL("../..", import.meta.url).pathname;
const { lock, findings } = loadPlan(join(root, "examples/shop/plan.yaml"));
if (!lock) throw new Error(findings.map(({ message }) => message).join("\n"));
const shop: Lock = lock;
const folder = tempDirectory("codegen-shop");

interface Checked {
  /** Where the language's tools are; undefined: not on this machine. */
  readonly found: unknown;
  /** Checks a folder of generated files; answers what is wrong. */
  readonly check: (client: string) => Promise<string>;
}

const java = toolchains.java ?? [];
const kotlin = (toolchains.kotlin ?? []).filter((jar) => !jar.includes("ktlint"));

async function output(command: string, ...args: string[]): Promise<string> {
  const ran = await run(command, args, { cwd: folder });
  return ran.ok ? "" : ran.output;
}

async function eachFile(client: string, command: string, ...args: string[]): Promise<string> {
  const said = await Promise.all(
    readdirSync(client).map((file) => output(command, ...args, join(client, file))),
  );
  return said.join("");
}

const LANGUAGES: Readonly<Record<string, Checked>> = {
  typescript: {
    found: true,
    check: (client) =>
      output(
        join(root, "node_modules/.bin/tsc"),
        "--noEmit",
        "--strict",
        "--exactOptionalPropertyTypes",
        "--noUncheckedIndexedAccess",
        "--types",
        "",
        "--target",
        "es2022",
        "--lib",
        "es2022,dom",
        "--module",
        "esnext",
        "--moduleResolution",
        "bundler",
        ...readdirSync(client).map((file) => join(client, file)),
      ),
  },
  swift: { found: true, check: (client) => parseSwift(client) },
  kotlin: {
    found: toolchains.kotlin,
    check: (client) => {
      const compiler = ["-cp", kotlin.join(":"), "org.jetbrains.kotlin.cli.jvm.K2JVMCompiler"];
      const strict = ["-Werror", "-Wextra", "-Xexplicit-api=strict", "-no-stdlib", "-no-reflect"];
      const library = kotlin.filter((jar) => jar.includes("kotlin-stdlib"));
      return output(
        "java",
        ...compiler,
        ...strict,
        "-cp",
        library.join(":"),
        "-d",
        join(folder, "kt"),
        client,
      );
    },
  },
  java: {
    found: toolchains.java,
    check: (client) =>
      output(
        "javac",
        "-Xlint:all",
        "-Werror",
        "-cp",
        java.join(":"),
        "-d",
        join(folder, "java-classes"),
        ...readdirSync(client).map((file) => join(client, file)),
      ),
  },
  python: {
    found: toolchains.python,
    check: (client) => output(join(toolchains.python ?? "", "mypy"), "--strict", client),
  },
  ruby: { found: toolchains.ruby, check: (client) => eachFile(client, "ruby", "-w", "-c") },
  go: {
    found: toolchains.go,
    check: async (client) => {
      writeFileSync(join(client, "go.mod"), "module example.com/shop\n\ngo 1.21\n");
      const { ok, output: said } = await run("go", ["vet", "./..."], { cwd: client });
      return ok ? "" : said;
    },
  },
  php: { found: toolchains.php, check: (client) => eachFile(client, "php", "-l") },
};

test("every language that Plumbline writes is here", () => {
  expect(Object.keys(LANGUAGES).sort()).toEqual(Object.keys(GENERATORS).sort());
});

describe.each(Object.entries(LANGUAGES))("%s", (language, { found, check }) => {
  const sources = Object.entries(shop.sources).filter(
    ([, { trust }]) => GENERATORS[language]?.trusts?.includes(trust) ?? true,
  );

  test.skipIf(found === undefined).each(sources)(
    "the client of %s stands up to its language's tools",
    async (source) => {
      const client = join(folder, `${language}_${source}`);
      expect(
        writeClient(client, { lock: shop, source, settings: { language, out: "" } }).length,
      ).toBeGreaterThan(3);
      expect(await check(client)).toBe("");
    },
  );
});
