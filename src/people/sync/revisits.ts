// Values that change with time alone: when a user is read, the next such moment is noted; when it has come, the user is marked.
import type { Database, Queryable } from "../database/database.ts";
import type { Mapping } from "../mapping/mapping.ts";
import type { Claim } from "../state/marks.ts";
import { holdMapping } from "../state/plan-in-force.ts";
import type { ReadState } from "./read-state.ts";

const NOTE = `
insert into plumbline.revisits as r (destination, user_id, sets, at) select $4, u, $2::bigint, t from unnest($1::text[], $3::timestamptz[]) n(u, t) order by u
on conflict (destination, user_id) do update set at = least(r.at, excluded.at), sets = r.sets | excluded.sets`;

/** Many moments come at once, at midnight for example; each statement is a short transaction, and leases are renewed in between. */
const DUE_USERS = 1000;
const DUE_STATEMENTS_MAX = 20;

/** Taken and turned into marks in one statement: a crash in between takes none. */
const DUE = `
with due as (
  delete from plumbline.revisits r using (
    select user_id from plumbline.revisits where destination = $1 and at <= clock_timestamp() order by user_id limit ${DUE_USERS} for update skip locked
  ) t where r.destination = $1 and r.user_id = t.user_id returning r.user_id, r.sets
), marked as (
insert into plumbline.marks as k (destination, user_id, part, sets, lane, cause)
select $1, user_id, (pg_catalog.hashtextextended(user_id, 0) & 63)::smallint, sets, 0, 'time: a moment named by revisit_at has passed' from due order by user_id
on conflict (destination, user_id) do update set version = k.version + 1, sets = k.sets | excluded.sets, lane = 0
)
select count(*) as due from due`;

/**
 * Notes the next moment of each user that was read, where the mapping knows such moments.
 *
 * @throws {AppError} `PEOPLE_PLAN_NOT_IN_FORCE` when another mapping is: these bits would name its sets.
 */
export async function planRevisits(
  state: Database,
  {
    read,
    claims,
    mapping,
    destination,
  }: {
    readonly destination: string;
    readonly read: ReadState;
    readonly claims: readonly Pick<Claim, "userId">[];
    readonly mapping: Mapping;
  },
): Promise<void> {
  const timed = mapping.sets.filter(({ hasRevisit }) => hasRevisit);
  if (timed.length === 0) return;
  const ids: string[] = [];
  const times: string[] = [];
  for (const { userId } of claims) {
    const at = read.users.get(userId)?.revisitAt;
    if (at === undefined) continue;
    ids.push(userId);
    times.push(at);
  }
  if (ids.length === 0) return;
  const sets = timed.reduce((bits, { index }) => bits | (1n << BigInt(index)), 0n);
  await state.transaction(async (tx) => {
    await holdMapping(tx, mapping.hash);
    await tx.query(NOTE, [ids, String(sets), times, destination], "plumbline-revisit");
  });
}

/** Marks users whose moment has come. */
export async function dueRevisits(state: Queryable, destination: string): Promise<void> {
  for (let at = 0; at < DUE_STATEMENTS_MAX; at += 1) {
    const [row] = await state.query(DUE, [destination], "plumbline-revisits-due");
    if (Number(row?.["due"] ?? 0) < DUE_USERS) return;
  }
}
