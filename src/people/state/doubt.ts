// Doubt: nobody knows what a destination holds of a user. Noted before a request goes, so that a crash leaves a trace of what may have been applied,
// and kept with the profile until a whole update is acknowledged.
import type { Queryable } from "../database/database.ts";

const UNSURE = `
insert into plumbline.profiles as p (destination, user_id, prints, unsure, story)
select $1, u, '{}', true, jsonb_build_object('doubt', $3::text) from unnest($2::text[]) u order by u
on conflict (destination, user_id) do update set unsure = true, story = p.story || excluded.story`;

const MARK_UNSURE = `
insert into plumbline.marks as k (destination, user_id, part, sets, lane, cause, not_before, attempts)
select $1, u, (pg_catalog.hashtextextended(u, 0) & 63)::smallint, -1, 0, $3, clock_timestamp() + $4::interval, 1 from unnest($2::text[]) u order by u
on conflict (destination, user_id) do update set version = k.version + 1, sets = -1, attempts = k.attempts + 1,
  not_before = greatest(k.not_before, excluded.not_before)`;

export interface Doubt {
  readonly destination: string;
  readonly userIds: readonly string[];
  /** Why, in one line; never a value. It stays with the story of the profile until the update that ends the doubt has its own. */
  readonly cause: string;
}

/**
 * Says that nobody knows what the destination holds of these users: after a pause everything is sent again. In a transaction, and marks before
 * profiles, as an acknowledgement takes them: one in between would end the doubt with an update of before it.
 */
export async function markUnsure(
  tx: Queryable,
  options: Doubt & { readonly settleMs: number },
): Promise<void> {
  const ids = options.userIds.toSorted();
  if (ids.length === 0) return;
  await tx.query(MARK_UNSURE, [options.destination, ids, options.cause, `${options.settleMs} milliseconds`]);
  await tx.query(UNSURE, [options.destination, ids, options.cause]);
}

const ALL_UNSURE =
  "update plumbline.profiles set unsure = true, story = story || jsonb_build_object('doubt', $1::text) where not unsure";

const NOTE_INTENT = `
insert into plumbline.intents (destination, owner, user_ids) values ($1, $2, $3) returning id::text as id`;
const INTENT_DONE = "delete from plumbline.intents where id = $1::bigint";

/** A request that is about to go. */
export interface Intent {
  readonly destination: string;
  readonly owner: string;
  readonly userIds: readonly string[];
}

/** Notes a request before it goes; answers the id of the note. */
export async function noteIntent(state: Queryable, { destination, owner, userIds }: Intent): Promise<string> {
  const [row] = await state.query(NOTE_INTENT, [destination, owner, userIds], "plumbline-intent");
  return row?.["id"] ?? "0";
}

/** Everything that the request did is written down. */
export async function endIntent(state: Queryable, id: string): Promise<void> {
  await state.query(INTENT_DONE, [id], "plumbline-intent-done");
}

/** Says that a profile may hold something else, without a reason to send it now: the next update is a whole one. */
export async function noteUnsure(state: Queryable, { destination, userIds, cause }: Doubt): Promise<void> {
  if (userIds.length > 0) await state.query(UNSURE, [destination, userIds.toSorted(), cause]);
}

/**
 * Says so of every profile: what was acknowledged belongs to another history of the database. What is under way now is of that history too, and
 * its acknowledgement counts no more.
 */
export async function noteAllUnsure(tx: Queryable, cause: string): Promise<void> {
  await tx.query("update plumbline.leases set owner = null, epoch = epoch + 1, until = '-infinity'");
  await tx.query("update plumbline.marks set sets = -1, version = version + 1");
  await tx.query(ALL_UNSURE, [cause]);
}
