// Reads the state of a batch of users in one snapshot. What it answers was true at one moment, for all of them.
import type { Database } from "../database/database.ts";
import { readColumn } from "../mapping/column-values.ts";
import { hasSet, type Mapping, type PropertySet } from "../mapping/mapping.ts";
import type { JsonValue } from "../../core/index.ts";

export interface UserState {
  readonly exists: boolean;
  /** By wire name, of the sets that were read; `null`: no value. */
  readonly values: Readonly<Record<string, JsonValue>>;
  /** Values that no profile can hold, by name. */
  readonly unreadable: Readonly<Record<string, string>>;
  /** When the values change with no row changing, as Postgres writes the time. */
  readonly revisitAt: string | undefined;
}

export interface ReadState {
  readonly users: ReadonlyMap<string, UserState>;
  /** Position of the log at the snapshot, for people. */
  readonly position: string;
}

interface Draft {
  exists: boolean;
  values: Record<string, JsonValue>;
  unreadable: Record<string, string>;
  revisitAt: string | undefined;
}

const SNAPSHOT = "begin isolation level repeatable read read only";
/** Which of the users exist, and in a row without a user where the log is. */
const headSql = (existsSql: string): string =>
  `select null as user_id, case when pg_catalog.pg_is_in_recovery() then pg_catalog.pg_last_wal_replay_lsn() else pg_catalog.pg_current_wal_lsn() end::text as lsn
union all select e.user_id, null from (${existsSql}) e`;

function fill(
  set: PropertySet,
  rows: readonly Readonly<Record<string, string | null>>[],
  drafts: ReadonlyMap<string, Draft>,
): void {
  const answered = new Set<Draft>();
  for (const row of rows) {
    const draft = drafts.get(row["user_id"] ?? "");
    if (!draft) continue;
    if (answered.has(draft)) {
      // Two rows for one user: neither is the value, and taking one would make it change by chance.
      for (const { name } of set.properties) {
        delete draft.values[name];
        draft.unreadable[name] = "several-rows";
      }
      continue;
    }
    answered.add(draft);
    for (const { name, column, kind, type, empty } of set.properties) {
      const text = row[column] ?? null;
      const read = readColumn(text, kind, type.type);
      if (read.kind === "value") draft.values[name] = read.value ?? empty;
      else draft.unreadable[name] = read.reason;
    }
    const at = row["revisit_at"];
    if (typeof at === "string" && (draft.revisitAt === undefined || at < draft.revisitAt))
      draft.revisitAt = at;
  }
  for (const draft of drafts.values())
    if (!answered.has(draft)) for (const { name, empty } of set.properties) draft.values[name] = empty;
}

/** Reads the sets named by `bits` for the users. Ids that are not there are answered with `exists: false`. */
export async function readState(
  database: Database,
  mapping: Mapping,
  ask: { readonly userIds: readonly string[]; readonly sets: bigint },
): Promise<ReadState> {
  const drafts = new Map<string, Draft>(
    ask.userIds.map((id) => [id, { exists: false, values: {}, unreadable: {}, revisitAt: undefined }]),
  );
  const position = await database.transaction(async (tx) => {
    let lsn = "";
    for (const row of await tx.query(
      headSql(mapping.existsSql),
      [ask.userIds],
      `plumbline-exists-${mapping.hash}`,
    )) {
      lsn = row["lsn"] ?? lsn;
      const draft = drafts.get(row["user_id"] ?? "");
      if (draft) draft.exists = true;
    }
    for (const set of mapping.sets) {
      if (!hasSet(ask.sets, set.index)) continue;
      fill(set, await tx.query(set.sql, [ask.userIds], `plumbline-set-${set.index}-${mapping.hash}`), drafts);
    }
    return lsn;
  }, SNAPSHOT);
  return { users: drafts, position };
}
