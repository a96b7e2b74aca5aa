// The mappings that the guides show, on schemas as the frameworks write them: they compile, and the doctor chooses what the guides print.
// And what the guides say of migrations that Postgres refuses.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { CapturePlan, CaptureSettings } from "../../src/people/capture/capture-plan.ts";
import { type Database, openDatabase, sqlState } from "../../src/people/database/database.ts";
import { shortName } from "../../src/people/database/identifiers.ts";
import { readCatalogue } from "../../src/people/mapping/catalogue.ts";
import { compileMapping } from "../../src/people/mapping/compile-mapping.ts";
import { applySetup } from "../../src/people/setup/apply-setup.ts";
import { planCapture } from "../../src/people/setup/plan-capture.ts";
import { readServerFacts } from "../../src/people/setup/read-server-facts.ts";
import type { ServerFacts } from "../../src/people/setup/server-facts.ts";
import { setupSql } from "../../src/people/setup/setup-sql.ts";
import { compile } from "../support/plans.ts";
import { startPostgres, type TestPostgres } from "../support/postgres.ts";
import { DJANGO, PLAIN, RAILS, SHOP } from "./guide-schemas.ts";

const GUIDES = new URL("../../docs/guide/", import.meta.url).pathname;
const HEAD = "plumbline: 1\nname: guide\nsources:\n  api: { trust: server }\n";

let postgres: TestPostgres;
beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(async () => {
  await postgres.close();
});

const page = (name: string): string => readFileSync(join(GUIDES, name), "utf8");

/** The first mapping of a guide. */
function planOf(text: string): string {
  const found = [...text.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, yaml = ""]) => yaml);
  const mapping = found.find((yaml) => yaml.includes("owner: state")) ?? "";
  return HEAD + (mapping.includes("identity:") ? "" : "identity:\n  user_id: { format: uuid }\n") + mapping;
}

/** Table, method and reason as a guide prints the doctor's answer; empty where it prints none. */
function printedMethods(text: string): readonly string[] {
  const [, block = ""] = /^table +method +why\n((?:\S+ +(?:wal|trigger) +\S.*\n)+)/m.exec(text) ?? [];
  return block
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => line.replaceAll(/ {2,}/g, " "));
}

async function withGuide<T>(
  { name, schema }: { readonly name: string; readonly schema: string },
  work: (database: Database, parts: Awaited<ReturnType<typeof compileMapping>>) => Promise<T>,
): Promise<T> {
  const url = await postgres.createDatabase();
  await postgres.run(url, schema);
  const database = openDatabase(url, { connections: 2, applicationName: "test", onError: () => undefined });
  try {
    const lock = compile(planOf(page(name)));
    return await work(database, await compileMapping(lock, await readCatalogue(database), database));
  } finally {
    await database.close();
  }
}

const CASES = [
  { name: "people.md", schema: SHOP },
  { name: "people-rails.md", schema: RAILS },
  { name: "people-django.md", schema: DJANGO },
  { name: "people-sql.md", schema: PLAIN },
] as const;

describe.each(CASES)("the mapping of $name", (guide) => {
  test("compiles without an error, and every statement answers", async () => {
    await withGuide(guide, async (database, { mapping, findings }) => {
      expect(findings.filter(({ level }) => level === "error")).toEqual([]);
      expect(mapping?.sets.length ?? 0).toBeGreaterThan(2);
      for (const { sql } of mapping?.sets ?? []) expect(await database.query(sql, [[]])).toEqual([]);
    });
  });

  test("is watched as the guide prints it", async () => {
    await withGuide(guide, async (database, { mapping }) => {
      if (!mapping) throw new Error("the mapping has errors");
      const facts = await readServerFacts(database, mapping, {});
      const { plan } = planCapture(mapping, facts, {});
      const chosen = plan.tables.map(
        ({ table, method, reason }) => `${shortName(table)} ${method} ${reason}`,
      );
      const printed = printedMethods(page(guide.name));
      expect(printed.length > 0).toBe(guide.name !== "people-sql.md");
      if (printed.length > 0) expect(chosen).toEqual(printed);
    });
  });
});

test("a migration that Postgres refuses under the log goes through once the table is watched by triggers", async () => {
  const slot = `guide_${process.pid}`;
  await withGuide(CASES[1], async (database, { mapping }) => {
    if (!mapping) throw new Error("the mapping has errors");
    const look = async (settings: CaptureSettings): Promise<{ plan: CapturePlan; facts: ServerFacts }> => {
      const facts = await readServerFacts(database, mapping, settings);
      return { plan: planCapture(mapping, facts, settings).plan, facts };
    };
    const setUp = async (settings: CaptureSettings): Promise<void> => {
      const { plan, facts } = await look(settings);
      await applySetup(database, setupSql(plan, facts));
    };
    const migrate = async (sql: string): Promise<string> =>
      database.query(sql).then(
        () => "done",
        (error: unknown) => sqlState(error),
      );
    try {
      await setUp({ slot });
      expect(await migrate("alter table orders alter column user_id drop not null")).toBe("42P16");
      expect(await migrate("alter table orders alter column user_id type integer")).toBe("0A000");
      expect(await migrate("alter table orders drop column user_id")).toBe("2BP01");
      await setUp({ slot, tables: { orders: { method: "trigger" } } });
      expect(await migrate("alter table orders alter column user_id drop not null")).toBe("done");
      expect(await migrate("alter table orders alter column user_id type integer")).toBe("done");
      await database.query(
        "insert into users (email, created_at, updated_at) values ('a@x.example', now(), now())",
      );
      await database.query(
        "insert into orders (user_id, state, total_cents, created_at, updated_at) select id, 'paid', 1, now(), now() from users",
      );
      expect(await database.query("select link from plumbline.outbox")).toEqual([{ link: "user_id" }]);
    } finally {
      await database.query(
        "select pg_catalog.pg_drop_replication_slot(slot_name) from pg_catalog.pg_replication_slots where slot_name = $1",
        [slot],
      );
    }
  });
});
