// Files that are written from the source: committed, so that people and editors can read them, and held to the source here.
// After a change: `npm test -- test/docs --update`.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { CONFIG_SCHEMA } from "../src/cli/config/config-schema.ts";
import { ERROR_HINTS } from "../src/core/error-codes.ts";
import { PLAN_SCHEMA, planSchemaDraft07 } from "../src/plan/index.ts";

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

test("plan.schema.json is what check uses", async () => {
  await expect(json(PLAN_SCHEMA)).toMatchFileSnapshot("../plan.schema.json");
});

test("plan.schema.draft-07.json says the same for older editors", async () => {
  const twin = planSchemaDraft07();
  expect(twin["$schema"]).toBe("http://json-schema.org/draft-07/schema#");
  expect(JSON.stringify(twin)).not.toContain("$defs");
  await expect(json(twin)).toMatchFileSnapshot("../plan.schema.draft-07.json");
});

test("plumbline.schema.json is what the configuration is checked by", async () => {
  await expect(json(CONFIG_SCHEMA)).toMatchFileSnapshot("../plumbline.schema.json");
});

test("docs/errors.md lists every code with its hint", async () => {
  const rows = Object.entries(ERROR_HINTS).map(([code, hint]) => `| \`${code}\` | ${hint} |`);
  const page = [
    "# Error codes",
    "",
    "Written from the table in `src/core/error-codes.ts`. Codes are never renamed and never used again for something else.",
    "",
    "| code | what to do |",
    "|---|---|",
    ...rows,
    "",
  ];
  await expect(page.join("\n")).toMatchFileSnapshot("../docs/errors.md");
});

test("every dependency has a line in docs/dependencies.md", () => {
  const text = readFileSync(new URL("../docs/dependencies.md", import.meta.url), "utf8");
  const manifest = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
    readonly dependencies: object;
    readonly devDependencies: object;
  };
  const names = [...Object.keys(manifest.dependencies), ...Object.keys(manifest.devDependencies)];
  expect(names.filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
});
