// What the state says of some users before anything is compared: what was acknowledged, and whether something is on its way or held back.
import type { PeopleContext } from "../people-context.ts";
import { hashId, type Print } from "../sync/fingerprint.ts";

/** One user as the state knows it. */
export interface KnownUser {
  /** Property name → keyed hash; `undefined`: nothing was ever acknowledged. */
  readonly prints: Readonly<Record<string, Print>> | undefined;
  readonly unsure: boolean;
  /** A mark waits, or a moment has come for which one is made: an update is on its way. */
  readonly isPending: boolean;
  /** Nothing of this user goes out until the user changes. */
  readonly isQuarantined: boolean;
  /** On the list of erasures: nothing goes out ever. */
  readonly isErased: boolean;
  /** Changes with every acknowledgement. */
  readonly acknowledgedAt: string | undefined;
  /** How long ago that was, by the database's clock. */
  readonly acknowledgedAgeMs: number | undefined;
}

/**
 * One statement, and so one moment: an acknowledgement in between cannot take the mark and keep the fingerprint. Look-ups by the whole key, whatever
 * the statistics say.
 */
const KNOWN = `
select u.user_id, p.prints, p.unsure, p.acked_at::text as acked_at,
  extract(epoch from clock_timestamp() - p.acked_at) * 1000 as acked_age_ms, m.user_id is not null or r.user_id is not null as pending, q.user_id is not null as quarantined
from unnest($2::text[]) u(user_id)
left join lateral (select p.prints, p.unsure, p.acked_at from plumbline.profiles p where p.destination = $1 and p.user_id = u.user_id offset 0) p on true
left join lateral (select m.user_id from plumbline.marks m where m.destination = $1 and m.user_id = u.user_id offset 0) m on true
left join lateral (
  select r.user_id from plumbline.revisits r where r.destination = $1 and r.user_id = u.user_id and r.at <= clock_timestamp() offset 0
) r on true
left join lateral (
  select q.user_id from plumbline.quarantine q where q.destination = $1 and q.user_id = u.user_id and q.property is null offset 0
) q on true`;

const IS_ANY_ERASED = "select 1 from plumbline.erasures where destination = $1 limit 1";
const ERASED = "select id_hash from plumbline.erasures where destination = $1 and id_hash = any($2::text[])";

/** Which of the ids must not come back to a destination. The list grows for ever: it is never read whole. */
export async function readErased(
  { state, key }: Pick<PeopleContext, "state" | "key">,
  destination: string,
  userIds: readonly string[],
): Promise<ReadonlySet<string>> {
  const any = await state.query(IS_ANY_ERASED, [destination], "plumbline-any-erased");
  if (any.length === 0) return new Set();
  const byHash = new Map(userIds.map((id) => [hashId(key, id), id]));
  const rows = await state.query(ERASED, [destination, [...byHash.keys()]], "plumbline-erased-of");
  return new Set(rows.map(({ id_hash: hash }) => byHash.get(hash ?? "") ?? ""));
}

/** Reads what the state knows of the users; every id asked for is answered. */
export async function readKnownUsers(
  context: Pick<PeopleContext, "state" | "key">,
  destination: string,
  userIds: readonly string[],
): Promise<ReadonlyMap<string, KnownUser>> {
  const [rows, erased] = await Promise.all([
    context.state.query(KNOWN, [destination, userIds], "plumbline-known"),
    readErased(context, destination, userIds),
  ]);
  return new Map(
    rows.map((row): [string, KnownUser] => {
      const { user_id: id, prints, acked_at: at } = row;
      const userId = id ?? "";
      return [
        userId,
        {
          prints:
            prints === null || prints === undefined
              ? undefined
              : (JSON.parse(prints) as Record<string, string>),
          unsure: row["unsure"] === "t",
          isPending: row["pending"] === "t",
          isQuarantined: row["quarantined"] === "t",
          isErased: erased.has(userId),
          acknowledgedAt: at ?? undefined,
          acknowledgedAgeMs: typeof at === "string" ? Number(row["acked_age_ms"]) : undefined,
        },
      ];
    }),
  );
}
