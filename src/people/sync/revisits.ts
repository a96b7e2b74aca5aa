// Values that change with time alone: when a user is read, the next such moment is noted; when it has come, the user is marked.
import type { Database } from "../database/database.ts";
import type { Mapping } from "../mapping/mapping.ts";
import type { Claim } from "../state/marks.ts";
import type { ReadState } from "./read-state.ts";

const NOTE = `
insert into plumbline.revisits as r (destination, user_id, sets, at) select $4, u, $2::bigint, t from unnest($1::text[], $3::timestamptz[]) n(u, t) order by u
on conflict (destination, user_id) do update set at = least(r.at, excluded.at), sets = r.sets | excluded.sets`;

/** Taken and turned into marks in one statement: a crash in between takes none. */
const DUE = `
with due as (
  delete from plumbline.revisits r using (
    select user_id from plumbline.revisits where destination = $1 and at <= clock_timestamp() order by user_id limit 1000 for update skip locked
  ) t where r.destination = $1 and r.user_id = t.user_id returning r.user_id, r.sets
)
insert into plumbline.marks as k (destination, user_id, part, sets, lane, cause)
select $1, user_id, (pg_catalog.hashtextextended(user_id, 0) & 63)::smallint, sets, 0, 'time: a moment named by revisit_at has passed' from due order by user_id
on conflict (destination, user_id) do update set version = k.version + 1, sets = k.sets | excluded.sets, lane = 0`;

/** Notes the next moment of each user that was read, where the mapping knows such moments. */
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
    readonly claims: readonly Claim[];
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
  await state.query(NOTE, [ids, String(sets), times, destination], "plumbline-revisit");
}

/** Marks users whose moment has come. */
export async function dueRevisits(state: Database, destination: string): Promise<void> {
  await state.query(DUE, [destination], "plumbline-revisits-due");
}
