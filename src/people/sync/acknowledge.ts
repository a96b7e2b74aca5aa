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
  /** Why everything was sent: what the destination held was not known. */
  readonly doubt?: string;
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

/**
 * Marks in which nothing came in between, locked in the order of their keys. By look-ups and by the places of the rows, so that no statistics can
 * spoil the plan: a join read all marks of the destination.
 */
const GONE = `
locked as materialized (
  select m.user_id, m.place from (select user_id, version from fenced order by user_id) f cross join lateral (
    select m.user_id, m.ctid as place from plumbline.marks m
    where m.destination = $1 and m.user_id = f.user_id and m.version = f.version offset 0 for update
  ) m
),
gone as (delete from plumbline.marks m where m.ctid = any(array(select k.place from locked k)))`;

/**
 * A profile stays unsure where something was marked in between: it may be that very doubt. All marks are locked before the first profile, as a doubt
 * locks them: the other way round the two would wait for each other.
 */
const ACK = `
with ${HELD},
stories as materialized (select n, story::jsonb as story from unnest($10::text[]) with ordinality s(story, n)),
fenced as materialized (
  select i.user_id, i.version, i.prints, i.story
  from unnest($5::text[], $6::smallint[], $7::bigint[], string_to_array($8::text, E'\n'), $9::int[]) i(user_id, part, version, prints, story)
  join held h on h.part = i.part
),
${GONE}
insert into plumbline.profiles as p (destination, user_id, prints, story)
select $1, f.user_id, f.prints, s.story from fenced f join stories s on s.n = f.story
where (select count(*) from locked) >= 0 order by f.user_id
on conflict (destination, user_id) do update set prints = excluded.prints,
  story = case when p.unsure and p.story ? 'doubt' then excluded.story || jsonb_build_object('doubt', p.story -> 'doubt') else excluded.story end,
  unsure = p.unsure and p.user_id not in (select k.user_id from locked k), acked_at = clock_timestamp()
returning user_id`;

const SETTLE = `
with ${HELD},
fenced as materialized (
  select i.* from unnest($5::text[], $6::smallint[], $7::bigint[]) i(user_id, part, version) join held h on h.part = i.part
),
${GONE}
select user_id from fenced`;

/** The leases that the claims stand under: each is locked for the moment. */
function fence(
  leases: readonly Lease[],
  claims: readonly Claim[],
): readonly [readonly number[], readonly string[]] {
  const parts = new Set(claims.map(({ part }) => part));
  const needed = leases.filter(({ part }) => parts.has(part));
  return [needed.map(({ part }) => part), needed.map(({ epoch }) => epoch)];
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
  const stories = new Map<string, number>();
  const storyOf = ordered.map(({ story }) => {
    const text = JSON.stringify(story);
    const known = stories.get(text);
    if (known !== undefined) return known;
    stories.set(text, stories.size + 1);
    return stories.size;
  });
  const rows = await context.database.query(
    ACK,
    [
      context.destination,
      context.owner,
      ...fence(
        leases,
        ordered.map(({ claim }) => claim),
      ),
      ordered.map(({ claim }) => claim.userId),
      ordered.map(({ claim }) => claim.part),
      ordered.map(({ claim }) => claim.version),
      // JSON has no raw line end: one text instead of an array whose every quote is escaped.
      ordered.map(({ prints }) => JSON.stringify(prints)).join("\n"),
      storyOf,
      [...stories.keys()],
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
      ...fence(leases, ordered),
      ordered.map(({ userId }) => userId),
      ordered.map(({ part }) => part),
      ordered.map(({ version }) => version),
    ],
    "plumbline-settle",
  );
}
