// temporary
import type { Database } from "../../src/people/database/database.ts";
import { quoteName, quoteTable } from "../../src/people/database/identifiers.ts";
import type { PeopleContext } from "../../src/people/people-context.ts";

export async function planSetup(context: PeopleContext): Promise<string[]> {
  const out: string[] = [];
  const parts: string[] = [];
  for (const table of context.mapping.tables) {
    const cols = [...new Set(context.mapping.watches.filter((w) => w.table === table).map((w) => w.column))];
    const key = [...new Set([...table.primaryKey, ...cols])];
    if (cols.some((c) => !table.primaryKey.includes(c))) {
      const name = quoteName(`plumbline_${table.table}`);
      out.push(`create unique index ${name} on ${quoteTable(table)} (${key.map(quoteName).join(", ")})`);
      out.push(`alter table ${quoteTable(table)} replica identity using index ${name}`);
    }
    parts.push(`${quoteTable(table)} (${key.map(quoteName).join(", ")})`);
  }
  out.push(
    `create publication ${quoteName(context.capture.slot ?? "plumbline")} for table ${parts.join(", ")} with (publish_via_partition_root = true)`,
  );
  out.push(`select pg_create_logical_replication_slot('${context.capture.slot ?? "plumbline"}', 'pgoutput')`);
  return out;
}
export async function applySetup(db: Database, steps: readonly string[]): Promise<void> {
  for (const s of steps) await db.query(s);
}
