// The rows of old ids in the state: which keyed hash belongs to which user. Rows are written one transaction after the other, so that whoever
// copies them by their number misses none.
import type { Database, Queryable } from "../database/database.ts";
import { requestJob } from "../jobs/jobs.ts";

/** One old id of one user. */
export interface OldIdRow {
  readonly hash: string;
  readonly userId: string;
}

const LOCK = 7_586_223_603;
const HOLD = "select pg_catalog.pg_advisory_xact_lock($1)";

const MISSING = `
select i.hash, i.user_id from unnest($1::text[], $2::text[]) i(hash, user_id) cross join lateral (
  select count(*) as rows from plumbline.old_ids o where o.hash = i.hash and o.user_id = i.user_id
) known where known.rows = 0`;
const ADD = `
insert into plumbline.old_ids (hash, user_id) select hash, user_id from unnest($1::text[], $2::text[]) i(hash, user_id)
on conflict (hash, user_id) do nothing`;

/** An erased user's hashes lose their owner; an empty one says so to whoever has copied them. */
const FORGET = [
  `insert into plumbline.old_ids (hash, user_id) select hash, '' from plumbline.old_ids where user_id = any($1::text[])
on conflict (hash, user_id) do update set seq = excluded.seq, at = clock_timestamp()`,
  "delete from plumbline.old_ids where user_id = any($1::text[])",
] as const;

const ERASED = "select distinct id_hash from plumbline.erasures";

const READ_KEY = "select value from plumbline.meta where key = 'old_ids_key'";
const WRITE_KEY = `
insert into plumbline.meta (key, value) values ('old_ids_key', $1) on conflict (key) do update set value = excluded.value`;

function columns(rows: readonly OldIdRow[]): readonly [readonly string[], readonly string[]] {
  return [rows.map(({ hash }) => hash), rows.map(({ userId }) => userId)];
}

/**
 * Adds what is not there yet; answers how many that were. `idHashOf`: how the list of ids that must not come back spells a user's; those leave
 * no trace. The list is read under the lock under which erasing takes old ids away, so that neither misses the other.
 */
export async function addOldIds(
  state: Database,
  rows: readonly OldIdRow[],
  idHashOf: (userId: string) => string,
): Promise<number> {
  if (rows.length === 0) return 0;
  const found = await state.query(MISSING, columns(rows), "plumbline-old-ids-missing");
  if (found.length === 0) return 0;
  const missing = found.map((row) => ({ hash: row["hash"] ?? "", userId: row["user_id"] ?? "" }));
  return state.transaction(async (tx) => {
    await tx.query(HOLD, [LOCK]);
    const erased = new Set((await tx.query(ERASED)).map(({ id_hash: hash }) => hash));
    const allowed = missing.filter(({ userId }) => erased.size === 0 || !erased.has(idHashOf(userId)));
    if (allowed.length > 0) await tx.query(ADD, columns(allowed));
    return allowed.length;
  });
}

/** Takes an erased user's old ids away; the caller decides in which transaction. */
export async function forgetOldIds(tx: Queryable, userIds: readonly string[]): Promise<void> {
  await tx.query(HOLD, [LOCK]);
  for (const sql of FORGET) await tx.query(sql, [userIds]);
}

/** Hashes of another key find nobody: they go, and everybody is read again. */
export async function adoptOldIdKey(state: Database, key: string): Promise<void> {
  await state.transaction(async (tx) => {
    await tx.query(HOLD, [LOCK]);
    const [row] = await tx.query(READ_KEY);
    const before = row?.["value"] ?? undefined;
    if (before === key) return;
    await tx.query(WRITE_KEY, [key]);
    if (before === undefined) return;
    await tx.query("delete from plumbline.old_ids");
    await requestJob(tx, { kind: "reconcile", cause: "the key of old ids changed" });
  });
}
