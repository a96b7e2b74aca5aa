// What the state remembers of erasures: a keyed hash of the id, the step, and until when older requests may still be under way. Never the id.
// The list is also what keeps an id from coming back: workers, walks and comparisons pass over everything on it.
import type { Database, Queryable, Row } from "../database/database.ts";
import { forgetOldIds } from "../ids/old-id-rows.ts";

/**
 * `suppressed`: on the list; nothing new goes out. `deleted`: the destination has taken `$delete`. `requested`: it was asked to delete all that
 * it has. `erased`: it says that it has. `done`: read back, and there was no profile.
 */
export type ErasureStep = "suppressed" | "deleted" | "requested" | "erased" | "done";

export interface Erasure {
  readonly destination: string;
  readonly idHash: string;
  readonly step: ErasureStep;
  /** How long requests of before the suppression may still be under way; `undefined`: nobody has looked. */
  readonly waitMs: number | undefined;
  readonly task: string | undefined;
  readonly note: string;
  readonly at: string;
}

/** One erasure at one destination. */
export interface ErasureKey {
  readonly destination: string;
  readonly idHash: string;
}

const STEPS: readonly ErasureStep[] = ["suppressed", "deleted", "requested", "erased", "done"];

const SUPPRESS = `
insert into plumbline.erasures (destination, id_hash, step) select d, $2, 'suppressed' from unnest($1::text[]) d order by d
on conflict (destination, id_hash) do nothing`;

/** From the start, for one that is done: more has come since. */
const AGAIN = `
update plumbline.erasures set step = 'suppressed', not_before = null, task = null, note = null, at = clock_timestamp()
where destination = any($1::text[]) and id_hash = $2 and step = 'done'`;

/** What waits for the user, and what is known; the profile's row stays until the end, so that a crash forgets nothing. */
const CANCEL = [
  "delete from plumbline.marks where destination = any($1::text[]) and user_id = any($2::text[])",
  "delete from plumbline.revisits where destination = any($1::text[]) and user_id = any($2::text[])",
  "delete from plumbline.quarantine where destination = any($1::text[]) and user_id = any($2::text[])",
] as const;

const FORGET = [
  ...CANCEL,
  "delete from plumbline.profiles where destination = any($1::text[]) and user_id = any($2::text[])",
  "update plumbline.intents set user_ids = (select coalesce(array_agg(u), '{}') from unnest(user_ids) u where u <> all($2::text[])) where destination = any($1::text[]) and user_ids && $2::text[]",
] as const;

const READ = `
select destination, id_hash, step, task, coalesce(note, '') as note, at::text as at,
  case when not_before is not null then ceil(extract(epoch from greatest(not_before - clock_timestamp(), interval '0')) * 1000)::bigint end as wait_ms
from plumbline.erasures`;

/**
 * Takes the user's partition from whoever has it. A worker that claimed marks before the suppression may send only under the lease of that
 * time, and that one ends with `until`; whoever has the partition next reads the list first. What was sent and not answered may be applied for a
 * while longer.
 */
const FENCE = `
with old as (
  select l.part, l.until from plumbline.leases l
  where l.destination = $1 and l.part = any(select (pg_catalog.hashtextextended(u, 0) & 63)::smallint from unnest($2::text[]) u)
  order by l.part for update
), fenced as (
  update plumbline.leases l set owner = null, until = '-infinity', epoch = l.epoch + 1 from old where l.destination = $1 and l.part = old.part
)
update plumbline.erasures e set at = clock_timestamp(), not_before = greatest(
    clock_timestamp(),
    (select max(until) + $4::interval from old where until > clock_timestamp()),
    (select max(at) + $5::interval + $4::interval from plumbline.intents i where i.destination = $1 and i.user_ids && $2::text[]),
    (select clock_timestamp() + $4::interval from plumbline.profiles p where p.destination = $1 and p.user_id = any($2::text[]) and p.unsure limit 1)
  )
where e.destination = $1 and e.id_hash = $3`;

const MOVE = `
update plumbline.erasures set step = $3, task = coalesce($4, task), note = $5, at = clock_timestamp(),
  not_before = case when $3 = 'suppressed' then null else not_before end
where destination = $1 and id_hash = $2`;

const NOTE = "update plumbline.erasures set note = $3 where destination = $1 and id_hash = $2";

function readRow(row: Row): Erasure {
  const wait = row["wait_ms"];
  return {
    destination: row["destination"] ?? "",
    idHash: row["id_hash"] ?? "",
    step: STEPS.find((step) => step === row["step"]) ?? "suppressed",
    waitMs: wait === null || wait === undefined ? undefined : Number(wait),
    task: row["task"] ?? undefined,
    note: row["note"] ?? "",
    at: row["at"] ?? "",
  };
}

/** Puts an id on the list and takes away what waits for it, in one transaction. */
export async function suppress(
  state: Database,
  ask: {
    readonly destinations: readonly string[];
    readonly idHash: string;
    readonly userIds: readonly string[];
    readonly again: boolean;
  },
): Promise<void> {
  const { destinations, idHash, userIds, again } = ask;
  await state.transaction(async (tx) => {
    await tx.query(SUPPRESS, [destinations, idHash]);
    if (again) await tx.query(AGAIN, [destinations, idHash]);
    for (const sql of CANCEL) await tx.query(sql, [destinations, userIds]);
    await forgetOldIds(tx, userIds);
  });
}

/** Fences requests of before. A request takes `requestTimeoutMs` at most; one without an answer may be applied for `settleMs` longer. */
export async function fence(
  state: Database,
  key: ErasureKey,
  ask: { readonly userIds: readonly string[]; readonly settleMs: number; readonly requestTimeoutMs: number },
): Promise<void> {
  const { destination, idHash } = key;
  const times = [`${ask.settleMs} milliseconds`, `${ask.requestTimeoutMs} milliseconds`];
  await state.query(FENCE, [destination, ask.userIds, idHash, ...times]);
}

export async function readErasure(state: Queryable, key: ErasureKey): Promise<Erasure | undefined> {
  const [row] = await state.query(`${READ} where destination = $1 and id_hash = $2`, [
    key.destination,
    key.idHash,
  ]);
  return row && readRow(row);
}

/** Erasures that are not done, oldest first. */
export async function readOpenErasures(state: Queryable): Promise<readonly Erasure[]> {
  const rows = await state.query(`${READ} where step <> 'done' order by at`);
  return rows.map(readRow);
}

/** Goes to a step. */
export async function moveTo(
  state: Queryable,
  key: ErasureKey,
  to: { readonly step: ErasureStep; readonly task?: string; readonly note?: string },
): Promise<void> {
  await state.query(MOVE, [key.destination, key.idHash, to.step, to.task ?? null, to.note ?? null]);
}

/** Says why it waits. */
export async function noteErasure(state: Queryable, key: ErasureKey, note: string): Promise<void> {
  await state.query(NOTE, [key.destination, key.idHash, note]);
}

/** The last step: nothing that names the user is left, only the hash. */
export async function finish(
  state: Database,
  key: ErasureKey,
  ask: { readonly userIds: readonly string[]; readonly note: string },
): Promise<void> {
  await state.transaction(async (tx) => {
    for (const sql of FORGET) await tx.query(sql, [[key.destination], ask.userIds]);
    await moveTo(tx, key, { step: "done", note: ask.note });
  });
}
