// What could not be sent, and why. An entry is for a whole user, or for one property while the rest goes out. It goes when the user is taken
// up again and nothing is wrong any more. Reasons name findings and codes, never values.
import type { Queryable } from "../database/database.ts";
import type { Refusal } from "./plan-update.ts";

/** A user, or one property of a user, that stays behind. */
export interface Quarantined {
  readonly userId: string;
  /** Property name; empty: the whole user. */
  readonly refusal: Refusal;
}

const NOTE = `
insert into plumbline.quarantine (destination, user_id, reason, property)
select $1, u, r, nullif(p, '') from unnest($2::text[], $3::text[], $4::text[]) n(u, r, p) order by u
on conflict (destination, user_id) do update set reason = excluded.reason, property = excluded.property, at = clock_timestamp()`;

/** Notes what stays behind, each user once. */
export async function noteQuarantine(
  state: Queryable,
  destination: string,
  found: readonly Quarantined[],
): Promise<void> {
  if (found.length === 0) return;
  const columns = [
    found.map(({ userId }) => userId),
    found.map(({ refusal }) => refusal.reason),
    found.map(({ refusal }) => refusal.name),
  ];
  await state.query(NOTE, [destination, ...columns], "plumbline-quarantine");
}

/** Lets users go of whom nothing is wrong any more. */
export async function releaseQuarantine(
  state: Queryable,
  destination: string,
  userIds: readonly string[],
): Promise<void> {
  if (userIds.length === 0) return;
  await state.query(
    "delete from plumbline.quarantine where destination = $1 and user_id = any($2::text[])",
    [destination, userIds],
    "plumbline-release",
  );
}
