// Files that are written from the source: committed, so that people and editors can read them, and held to the source here.
// After a change: `npm test -- test/docs --update`.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, test } from "vitest";
import { METRICS_HELP } from "../src/cli/adapters/prometheus-metrics.ts";
import { CHANGE_SET_SCHEMA } from "../src/cleanup/index.ts";
import { CONFIG_SCHEMA } from "../src/cli/config/config-schema.ts";
import { ERROR_HINTS } from "../src/core/error-codes.ts";
import { INFER_FINDINGS } from "../src/infer/index.ts";
import { PLAN_SCHEMA, planSchemaDraft07, REPAIR_RULES } from "../src/plan/index.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const page = (path: string): string => readFileSync(join(root, path), "utf8");
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

test("changeset.schema.json is what change sets are checked by", async () => {
  await expect(json(CHANGE_SET_SCHEMA)).toMatchFileSnapshot("../changeset.schema.json");
});

test("docs/errors.md lists every code with its hint", async () => {
  const rows = Object.entries(ERROR_HINTS).map(([code, hint]) => `| \`${code}\` | ${hint} |`);
  const lines = [
    "# Error codes",
    "",
    "Written from the table in `src/core/error-codes.ts`. Codes are never renamed and never used again for something else.",
    "",
    "| code | what to do |",
    "|---|---|",
    ...rows,
    "",
  ];
  await expect(lines.join("\n")).toMatchFileSnapshot("../docs/errors.md");
});

test("every dependency has a line in docs/dependencies.md", () => {
  const text = page("docs/dependencies.md");
  const manifest = JSON.parse(page("package.json")) as {
    readonly dependencies: object;
    readonly devDependencies: object;
  };
  const names = [...Object.keys(manifest.dependencies), ...Object.keys(manifest.devDependencies)];
  expect(names.filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
});

test.each([
  ["a plan", PLAN_SCHEMA],
  ["the configuration", CONFIG_SCHEMA],
  ["a change set", CHANGE_SET_SCHEMA],
])("the schema of %s is one by the meta-schema, which the program itself does not look at", (_, schema) => {
  const ajv = new Ajv2020();
  expect(ajv.validateSchema(schema), JSON.stringify(ajv.errors)).toBe(true);
});

/** Members that a schema describes by rules, where a property is itself named `properties`. */
const KEYWORDS = new Set(["propertyNames", "additionalProperties"]);

/** Names of properties anywhere in a JSON Schema. */
function schemaKeys(schema: unknown): readonly string[] {
  if (typeof schema !== "object" || schema === null) return [];
  return Object.entries(schema).flatMap(([key, value]) => [
    ...(key === "properties" && typeof value === "object" && value !== null ? Object.keys(value) : []),
    ...schemaKeys(value),
  ]);
}

const isOfPeople = (metric: string): boolean => metric.startsWith("plumbline_people_");

describe("guides name everything there is", () => {
  test.each<[string, readonly string[]]>([
    ["docs/guide/repairs.md", Object.keys(REPAIR_RULES)],
    ["docs/guide/operating.md", Object.keys(METRICS_HELP).filter((name) => !isOfPeople(name))],
    ["docs/guide/people-operating.md", Object.keys(METRICS_HELP).filter(isOfPeople)],
    ["docs/guide/configuration.md", schemaKeys(CONFIG_SCHEMA)],
    ["docs/plan-format.md", schemaKeys(PLAN_SCHEMA)],
  ])("%s", (path, names) => {
    const text = page(path);
    expect(names.length).toBeGreaterThan(10);
    const isNamed = (name: string): boolean =>
      new RegExp(String.raw`(?<![\w$])${name.replaceAll("$", String.raw`\$`)}(?!\w)`).test(text);
    expect([...new Set(names)].filter((name) => !KEYWORDS.has(name) && !isNamed(name))).toEqual([]);
  });

  test("every link in the documentation leads to a file", () => {
    const pages = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"].concat(
      ["docs", "examples"].flatMap((folder) =>
        readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
          .filter((name) => name.endsWith(".md"))
          .map((name) => join(folder, name)),
      ),
    );
    const dead = pages.flatMap((path) =>
      [...page(path).matchAll(/\]\((?!https?:|mailto:|#)([^)#\s]+)/g)]
        .map(([, target = ""]) => target)
        .filter((target) => !existsSync(join(root, dirname(path), target)))
        .map((target) => `${path}: ${target}`),
    );
    expect(pages.length).toBeGreaterThan(60);
    expect(dead).toEqual([]);
  });
});

test("the guide of infer explains every finding", () => {
  const text = page("docs/guide/inferring-a-plan.md");
  expect(Object.keys(INFER_FINDINGS).filter((id) => !text.includes(`\`${id}\``))).toEqual([]);
});
