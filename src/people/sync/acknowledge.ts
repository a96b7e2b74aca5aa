// Writes down what a destination has acknowledged: fingerprints, and the mark gone if nothing changed in between. Fenced by the leases:
// a worker whose lease has passed changes nothing, and learns it.
import type { Database } from "../database/database.ts";
import type { Claim } from "../state/marks.ts";
import type { Lease } from "../state/leases.ts";
import type { Print } from "./fingerprint.ts";

/** The last thing that happened to a profile, for `people explain`: names, positions and times, never a value. */
export interface Story {
  readonly cause: string;
  /** When the first change since the last update was noted, and when the state was read. ISO 8601. */
  readonly markedAt: string;
  readonly readAt: string;
  /** Position of the database's log at which it was read. */
  readonly readPosition: string;
  readonly set: readonly string[];
  readonly unset: readonly string[];
  readonly isDelete: boolean;
  readonly answer: string;
  readonly answeredAt: string;
}

export interface Acknowledged {
  readonly claim: Claim;
  readonly prints: Readonly<Record<string, Print>>;
  readonly story: Story;
}

export interface AckContext {
  readonly database: Database;
  readonly destination: string;
  readonly owner: string;
}

const HELD = `
held as (
  select l.part from plumbline.leases l join unnest($3::smallint[], $4::bigint[]) h(part, epoch) on h.part = l.part and h.epoch = l.epoch
  where l.destination = $1 and l.owner = $2 and l.until > clock_timestamp() order by l.part for share of l
)`;

const GONE = `
locked as materialized (
  select m.user_id from plumbline.marks m join fenced f on f.user_id = m.user_id
  where m.destination = $1 and m.version = f.version order by m.user_id for update of m
),
gone as (delete from plumbline.marks m using locked k where m.destination = $1 and m.user_id = k.user_id)`;

/** A profile stays unsure where something was marked in between: it may be that very doubt. */
const ACK = `
with ${HELD},
fenced as materialized (
  select i.* from unnest($5::text[], $6::smallint[], $7::bigint[], $8::jsonb[], $9::jsonb[]) i(user_id, part, version, prints, story)
  join held h on h.part = i.part
),
${GONE}
insert into plumbline.profiles as p (destination, user_id, prints, story) select $1, user_id, prints, story from fenced order by user_id
on conflict (destination, user_id) do update set prints = excluded.prints, story = excluded.story,
  unsure = p.unsure and not exists (select from locked k where k.user_id = p.user_id), acked_at = clock_timestamp()
returning user_id`;

const SETTLE = `
with ${HELD},
fenced as materialized (
  select i.* from unnest($5::text[], $6::smallint[], $7::bigint[]) i(user_id, part, version) join held h on h.part = i.part
),
${GONE}
select user_id from fenced`;

function fence(leases: readonly Lease[]): readonly [readonly number[], readonly string[]] {
  return [leases.map(({ part }) => part), leases.map(({ epoch }) => epoch)];
}

/**
 * Acknowledges updates that the destination has taken.
 *
 * @returns Ids that were written; what is missing lost its lease, and nobody knows what the destination holds.
 */
export async function acknowledge(
  context: AckContext,
  leases: readonly Lease[],
  done: readonly Acknowledged[],
): Promise<ReadonlySet<string>> {
  const ordered = done.toSorted((a, b) => (a.claim.userId < b.claim.userId ? -1 : 1));
  const rows = await context.database.query(
    ACK,
    [
      context.destination,
      context.owner,
      ...fence(leases),
      ordered.map(({ claim }) => claim.userId),
      ordered.map(({ claim }) => claim.part),
      ordered.map(({ claim }) => claim.version),
      ordered.map(({ prints }) => JSON.stringify(prints)),
      ordered.map(({ story }) => JSON.stringify(story)),
    ],
    "plumbline-ack",
  );
  return new Set(rows.map(({ user_id: id }) => id ?? ""));
}

/** Removes the marks of users for whom there was nothing to send. */
export async function settle(
  context: AckContext,
  leases: readonly Lease[],
  claims: readonly Claim[],
): Promise<void> {
  const ordered = claims.toSorted((a, b) => (a.userId < b.userId ? -1 : 1));
  await context.database.query(
    SETTLE,
    [
      context.destination,
      context.owner,
      ...fence(leases),
      ordered.map(({ userId }) => userId),
      ordered.map(({ part }) => part),
      ordered.map(({ version }) => version),
    ],
    "plumbline-settle",
  );
}
