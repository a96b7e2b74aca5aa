// Which mapping the processes of a sync work by. While a new release is rolled out two mappings meet: the process that started last is right,
// and one with another mapping stops until it has the new plan, since it would settle marks without reading what they mean.
import type { Database, Queryable } from "../database/database.ts";
import { requestJob } from "../jobs/jobs.ts";

const READ = "select value from plumbline.meta where key = 'mapping'";
const WRITE = `
insert into plumbline.meta (key, value) values ('mapping', $1) on conflict (key) do update set value = excluded.value`;

/** Hash of the mapping in force; `undefined` before the first process. */
export async function mappingInForce(state: Queryable): Promise<string | undefined> {
  const [row] = await state.query(READ, [], "plumbline-mapping");
  return row?.["value"] ?? undefined;
}

/**
 * Puts a mapping into force. Marks and moments of another mapping mean all of a user's properties from now on, and everybody known to a
 * destination is compared.
 */
export async function adoptMapping(state: Database, hash: string): Promise<void> {
  await state.transaction(async (tx) => {
    await tx.query("select pg_catalog.pg_advisory_xact_lock(7586223602)");
    const before = await mappingInForce(tx);
    if (before === hash) return;
    await tx.query(WRITE, [hash]);
    if (before === undefined) return;
    await tx.query("update plumbline.marks set sets = -1, version = version + 1");
    await tx.query("update plumbline.revisits set sets = -1");
    const [known] = await tx.query("select exists (select from plumbline.profiles) as known");
    if (known?.["known"] === "t") await requestJob(tx, { kind: "reconcile", cause: "the mapping changed" });
  });
}
