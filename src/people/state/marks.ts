// Marks: "this user's profile may have changed". One row a destination and user, written in key order, so that writers never wait in a circle.
import type { Queryable, Row } from "../database/database.ts";

/** Why a mark was made, in one line: table and position, or the name of a job. Never a value. */
export type Cause = string;

export interface NewMark {
  readonly userId: string;
  readonly sets: bigint;
}

export const LANES = { live: 0, bulk: 1 } as const;
export type Lane = keyof typeof LANES;

export interface MarkOptions {
  readonly destinations: readonly string[];
  readonly lane: Lane;
  readonly cause: Cause;
}

/** `part` of a user, the same on every machine. */
const PART = "(pg_catalog.hashtextextended(m.user_id, 0) & 63)::smallint";

/** A mark that comes from the bulk lane into the live one stands at the end of the queue there, where the next look begins. */
const MARK = `
insert into plumbline.marks as k (destination, user_id, part, sets, lane, cause)
select d.destination, m.user_id, ${PART}, m.sets, $4::smallint, $5
from unnest($1::text[]) d(destination), unnest($2::text[], $3::bigint[]) m(user_id, sets)
order by d.destination, m.user_id
on conflict (destination, user_id) do update set version = k.version + 1, sets = k.sets | excluded.sets,
  lane = least(k.lane, excluded.lane), cause = excluded.cause,
  not_before = case when k.attempts > 0 then k.not_before when k.lane > excluded.lane then excluded.not_before
    else least(k.not_before, excluded.not_before) end`;

/** Rows of one statement; more are written in several. */
const MARKS_PER_STATEMENT = 5000;

/** Writes marks; the caller decides in which transaction. */
export async function writeMarks(
  tx: Queryable,
  marks: readonly NewMark[],
  options: MarkOptions,
): Promise<void> {
  const ordered = marks.toSorted((a, b) => (a.userId < b.userId ? -1 : a.userId > b.userId ? 1 : 0));
  for (let at = 0; at < ordered.length; at += MARKS_PER_STATEMENT) {
    const page = ordered.slice(at, at + MARKS_PER_STATEMENT);
    const ids = page.map(({ userId }) => userId);
    await tx.query(
      MARK,
      [options.destinations, ids, page.map(({ sets }) => String(sets)), LANES[options.lane], options.cause],
      "plumbline-mark",
    );
  }
}

/** A mark that a worker has taken up, with what the destination has acknowledged of the user. */
export interface Claim {
  readonly userId: string;
  readonly part: number;
  readonly sets: bigint;
  readonly version: string;
  readonly lane: Lane;
  readonly firstAtMs: number;
  /** When it became due, on the database's clock. */
  readonly dueAtMs: number;
  readonly attempts: number;
  readonly cause: Cause;
  /** Property name → keyed hash; `undefined`: nothing was ever acknowledged. */
  readonly prints: Readonly<Record<string, string>> | undefined;
  readonly unsure: boolean;
  /** Something of this user is in quarantine: all of it, or the value of a property. */
  readonly quarantined: "no" | "property" | "user";
}

/**
 * A user of whom nothing is known, or nothing for sure, is read whole; so is one in quarantine: a part that is right says nothing of the rest.
 * Written so that no statistics can spoil its plan: `not in (select …)` is a hash table, where `= any(…)` compared each mark with each of 6,000
 * busy users; `lateral … offset 0` is a look-up by the whole key, where a join read all profiles of the destination for each mark.
 */
const CLAIM = `
select m.user_id, m.part, (case when p.user_id is null or p.unsure or q.user_id is not null then -1 else m.sets end)::text as sets, m.version::text as version, m.lane,
  m.attempts, m.cause, (extract(epoch from m.first_at) * 1000)::bigint as first_at, floor(extract(epoch from m.not_before) * 1000)::bigint as due_at, p.prints, coalesce(p.unsure, false) as unsure,
  case when q.user_id is null then 'no' when q.property is null then 'user' else 'property' end as quarantined
from (
  select * from plumbline.marks
  where destination = $1 and lane = $2::smallint and not_before >= pg_catalog.to_timestamp($6::float8 / 1000) and not_before <= clock_timestamp()
    and part = any($3::smallint[]) and user_id not in (select unnest($4::text[]))
  order by not_before limit $5
) m
left join lateral (select p.user_id, p.prints, p.unsure from plumbline.profiles p where p.destination = $1 and p.user_id = m.user_id offset 0) p on true
left join lateral (select q.user_id, q.property from plumbline.quarantine q where q.destination = $1 and q.user_id = m.user_id offset 0) q on true`;

function readClaim(row: Row): Claim {
  const prints = row["prints"];
  return {
    userId: row["user_id"] ?? "",
    part: Number(row["part"]),
    sets: BigInt(row["sets"] ?? 0),
    version: row["version"] ?? "0",
    lane: row["lane"] === "0" ? "live" : "bulk",
    firstAtMs: Number(row["first_at"]),
    dueAtMs: Number(row["due_at"]),
    attempts: Number(row["attempts"]),
    cause: row["cause"] ?? "",
    prints:
      prints === null || prints === undefined ? undefined : (JSON.parse(prints) as Record<string, string>),
    unsure: row["unsure"] === "t",
    quarantined:
      row["quarantined"] === "user" ? "user" : row["quarantined"] === "property" ? "property" : "no",
  };
}

export interface ClaimOptions {
  readonly destination: string;
  readonly lane: Lane;
  readonly parts: readonly number[];
  /** Users with a request under way. */
  readonly busy: readonly string[];
  readonly limit: number;
  /** Only marks that became due at this moment or later, on the database's clock; 0: all. */
  readonly fromMs: number;
}

/** Marks that are due, oldest first. Nothing is written: the lease of the partition is what makes them this worker's. */
export async function claimMarks(database: Queryable, options: ClaimOptions): Promise<readonly Claim[]> {
  const { destination, lane, parts, busy, limit, fromMs } = options;
  const values = [destination, LANES[lane], parts, busy, limit, fromMs];
  return (await database.query(CLAIM, values, "plumbline-claim")).map(readClaim);
}
