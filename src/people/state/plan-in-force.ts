// Which mapping the processes of a sync work by. While a new release is rolled out two mappings meet: the process that started last is right,
// and one with another mapping stops until it has the new plan, since it would settle marks without reading what they mean.
import { AppError } from "../../core/index.ts";
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

/** Held shared while marks are written, alone while a mapping is put into force. */
const LOCK = 7_586_223_602;

/**
 * Makes sure, until the transaction ends, that marks are written by the mapping in force: their bits name its property sets.
 *
 * @throws {AppError} `PEOPLE_PLAN_NOT_IN_FORCE` when another one is.
 */
export async function holdMapping(tx: Queryable, hash: string): Promise<void> {
  await tx.query("select pg_catalog.pg_advisory_xact_lock_shared($1)", [LOCK], "plumbline-hold-mapping");
  const found = await mappingInForce(tx);
  if (found !== undefined && found !== hash)
    throw new AppError("PEOPLE_PLAN_NOT_IN_FORCE", "Cannot write marks: another mapping is in force");
}

/**
 * Puts a mapping into force. Marks and moments of another mapping mean all of a user's properties from now on, workers of another mapping lose
 * their leases, so that they acknowledge nothing any more, and everybody known to a destination is compared.
 */
export async function adoptMapping(state: Database, hash: string): Promise<void> {
  await state.transaction(async (tx) => {
    await tx.query("select pg_catalog.pg_advisory_xact_lock($1)", [LOCK]);
    const before = await mappingInForce(tx);
    if (before === hash) return;
    await tx.query(WRITE, [hash]);
    if (before === undefined) return;
    await tx.query("update plumbline.leases set owner = null, epoch = epoch + 1, until = '-infinity'");
    // Moments first: one that becomes a mark meanwhile is met among the marks.
    await tx.query("update plumbline.revisits set sets = -1");
    await tx.query("update plumbline.marks set sets = -1, version = version + 1");
    const [known] = await tx.query("select exists (select from plumbline.profiles) as known");
    if (known?.["known"] === "t") await requestJob(tx, { kind: "reconcile", cause: "the mapping changed" });
  });
}
