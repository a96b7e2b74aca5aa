// Changes → users → marks. Values of links further away than one hop are resolved against the current state: a user who is no longer reachable
// that way lost a link at some hop, and that change marked the user itself.
import type { Database, Queryable } from "../database/database.ts";
import { shortName } from "../database/identifiers.ts";
import type { Mapping, Watch } from "../mapping/mapping.ts";
import { type NewMark, writeMarks } from "../state/marks.ts";
import type { ChangeSet } from "./changes.ts";

export interface ResolvedMarks {
  readonly live: readonly NewMark[];
  readonly bulk: readonly NewMark[];
  /** Every user may have changed: bits of the sets. */
  readonly everyone: bigint;
  /** Tables, for people. */
  readonly tables: string;
}

/** A change that reaches more users than this goes through the bulk lane. */
export const FAN_OUT_LIVE_MAX = 1000;
const VALUES_PER_QUERY = 5000;

async function resolve(
  source: Queryable,
  watch: Watch,
  values: ReadonlySet<string>,
): Promise<readonly string[]> {
  if (watch.resolveSql === undefined) return [...values];
  const all = [...values];
  const users: string[] = [];
  for (let at = 0; at < all.length; at += VALUES_PER_QUERY)
    for (const { user_id: id } of await source.query(watch.resolveSql, [
      all.slice(at, at + VALUES_PER_QUERY),
    ]))
      if (id !== null && id !== undefined) users.push(id);
  return users;
}

/** Finds the users of a set of changes. */
export async function resolveChanges(source: Queryable, changes: ChangeSet): Promise<ResolvedMarks> {
  const live = new Map<string, bigint>();
  const bulk = new Map<string, bigint>();
  const tables = new Set<string>();
  let everyone = 0n;
  for (const watch of changes.everyone) {
    everyone |= watch.sets;
    tables.add(shortName(watch.table));
  }
  for (const [watch, values] of changes.values) {
    tables.add(shortName(watch.table));
    const users = await resolve(source, watch, values);
    const isFanOut =
      watch.resolveSql !== undefined && users.length > Math.max(FAN_OUT_LIVE_MAX, 10 * values.size);
    const lane = isFanOut ? bulk : live;
    for (const user of users) lane.set(user, (lane.get(user) ?? 0n) | watch.sets);
  }
  const marks = (of: ReadonlyMap<string, bigint>): readonly NewMark[] =>
    [...of].map(([userId, sets]) => ({ userId, sets }));
  return { live: marks(live), bulk: marks(bulk), everyone, tables: [...tables].join(", ") };
}

const EVERYONE_PAGE = 10_000;

/** Marks everybody: those in the database, page by page, and those of whom a destination still holds something. */
export async function markEveryone(
  parts: { readonly source: Database; readonly state: Database; readonly mapping: Mapping },
  options: { readonly destinations: readonly string[]; readonly sets: bigint; readonly cause: string },
): Promise<number> {
  const { source, state, mapping } = parts;
  const { destinations, sets, cause } = options;
  let [after, count]: [string | null, number] = [null, 0];
  for (;;) {
    const rows = await source.query(mapping.pageSql, [after, EVERYONE_PAGE]);
    const marks = rows.map(({ user_id: id }) => ({ userId: id ?? "", sets }));
    await state.transaction((tx) => writeMarks(tx, marks, { destinations, lane: "bulk", cause }));
    count += marks.length;
    after = marks.at(-1)?.userId ?? null;
    if (marks.length < EVERYONE_PAGE) break;
  }
  await state.query(
    `insert into plumbline.marks as k (destination, user_id, part, sets, lane, cause)
     select destination, user_id, (pg_catalog.hashtextextended(user_id, 0) & 63)::smallint, $2::bigint, 1, $3 from plumbline.profiles
     where destination = any($1::text[]) and (prints <> '{}' or unsure) order by destination, user_id
     on conflict (destination, user_id) do update set version = k.version + 1, sets = k.sets | excluded.sets`,
    [destinations, String(sets), cause],
  );
  return count;
}

/** Writes resolved marks in the caller's transaction, together with whatever says how far the capture has come. */
export async function writeResolved(
  tx: Queryable,
  marks: ResolvedMarks,
  options: { readonly destinations: readonly string[]; readonly cause: string },
): Promise<void> {
  const { destinations, cause } = options;
  if (marks.live.length > 0) await writeMarks(tx, marks.live, { destinations, lane: "live", cause });
  if (marks.bulk.length > 0) await writeMarks(tx, marks.bulk, { destinations, lane: "bulk", cause });
}
