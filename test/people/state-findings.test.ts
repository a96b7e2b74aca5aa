// Runs the examples on the pages of findings between plan and database: the invalid one has the finding and no other, the valid one has none.
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openDatabase } from "../../src/people/database/database.ts";
import { readCatalogue } from "../../src/people/mapping/catalogue.ts";
import { compileMapping } from "../../src/people/mapping/compile-mapping.ts";
import { STATE_FINDINGS } from "../../src/people/mapping/state-findings.ts";
import { compile } from "../support/plans.ts";
import { startPostgres, type TestPostgres } from "../support/postgres.ts";

let postgres: TestPostgres;
beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(() => postgres.close());

/** The first fenced block under a heading. */
function block(page: string, heading: string): string {
  const [, text] = new RegExp(`^## ${heading}\\n\\n\`\`\`\\w+\\n([^]*?)^\`\`\``, "m").exec(page) ?? [];
  if (text === undefined) throw new Error(`no block under ${heading}`);
  return text;
}

test.each(Object.entries(STATE_FINDINGS))("the page of %s does what it says", async (id, level) => {
  const page = readFileSync(new URL(`../../docs/findings/${id}.md`, import.meta.url), "utf8");
  expect(page.startsWith(`# ${id}\n\nLevel: ${level} (cannot be changed or ignored)\n`)).toBe(true);
  expect(/^## What to do\n\n\S/m.test(page)).toBe(true);
  const url = await postgres.createDatabase();
  await postgres.run(url, block(page, "The database"));
  const database = openDatabase(url, { connections: 1, applicationName: "test", onError: () => undefined });
  const findings = async (heading: string) =>
    (await compileMapping(compile(block(page, heading)), await readCatalogue(database), database)).findings;
  expect(
    (await findings("Invalid")).map((finding) => [finding.id, finding.level, finding.where?.file]),
  ).toEqual([[id, level, "plan.yaml"]]);
  expect(await findings("Valid")).toEqual([]);
  await database.close();
});

test("the examples of the plan's format compile, each rule among them, on the tables that stand beside them", async () => {
  const page = readFileSync(new URL("../../docs/plan-format.md", import.meta.url), "utf8");
  const section = page.slice(page.indexOf("## from\n"));
  const [, sql = "", people = ""] = /```sql\n([^]*?)^```[^]*?```yaml\n([^]*?)^```/m.exec(section) ?? [];
  const url = await postgres.createDatabase();
  await postgres.run(url, sql);
  const database = openDatabase(url, { connections: 1, applicationName: "test", onError: () => undefined });
  const head = `plumbline: 1
name: examples
sources: { api: { trust: server } }
identity: { user_id: { format: uuid } }
lint: { rules: { missing-description: off, missing-data-class: off, similar-names: off } }
`;
  const lock = compile(head + people);
  const compiled = await compileMapping(lock, await readCatalogue(database), database);
  expect(compiled.findings).toEqual([]);
  const rules = new Set(
    compiled.mapping?.sets.flatMap(({ properties }) => properties.map(({ from }) => from.split(" ")[0])),
  );
  expect(rules).toEqual(new Set(["count", "exists", "field", "latest", "max", "min", "sql", "sum"]));
  await database.close();
});
