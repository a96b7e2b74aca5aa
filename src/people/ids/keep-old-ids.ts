// Keeps what is known of old ids: reads those of some users, and adds what is new, as keyed hashes. Nothing is taken away when a user changes:
// an old release goes on sending the address that its user had.
import type { Log } from "../../core/index.ts";
import { oldIdSpelling } from "../../plan/index.ts";
import { type Database, type Queryable, sqlState } from "../database/database.ts";
import { hasSet, type Mapping } from "../mapping/mapping.ts";
import { hashId } from "../sync/fingerprint.ts";
import { isDataError } from "../sync/read-batch.ts";
import { addOldIds, type OldIdRow } from "./old-id-rows.ts";

/** Keyed hash of an old id in its one spelling. */
export type OldIdHash = (spelling: string) => string;

export interface OldIdKeeping {
  readonly source: Database;
  readonly state: Database;
  readonly mapping: Pick<Mapping, "oldIds" | "hash">;
  readonly log: Log;
  /** Key of the list of ids that must not come back. */
  readonly key: string;
  /** Absent: no key is configured, and nothing is kept. */
  readonly oldIdHash?: OldIdHash | undefined;
}

/** A user whose state may have changed, with the bits of what may have. */
export interface ChangedUser {
  readonly userId: string;
  readonly sets: bigint;
}

/** Longer texts are no ids: no provider keeps them. */
const OLD_ID_MAX_CHARACTERS = 255;

async function readOldIds(
  { source, mapping, log }: OldIdKeeping,
  hash: OldIdHash,
  users: readonly ChangedUser[],
): Promise<readonly OldIdRow[]> {
  const found: OldIdRow[] = [];
  for (const set of mapping.oldIds) {
    const ids = users.filter(({ sets }) => hasSet(sets, set.index)).map(({ userId }) => userId);
    if (ids.length === 0) continue;
    const name = `plumbline-old-${set.index}-${mapping.hash}`;
    for (const row of await queryEach({ source, log }, { sql: set.sql, name }, ids)) {
      const spelling = oldIdSpelling(set.form, row["p0"] ?? "");
      const userId = row["user_id"] ?? "";
      if (spelling === "" || userId === "" || spelling.length > OLD_ID_MAX_CHARACTERS) continue;
      found.push({ hash: hash(spelling), userId });
    }
  }
  return found;
}

/** Where the values of one user make the query fail, that one is left out. */
async function queryEach(
  parts: { readonly source: Queryable; readonly log: Log },
  statement: { readonly sql: string; readonly name: string },
  ids: readonly string[],
): Promise<Awaited<ReturnType<Queryable["query"]>>> {
  try {
    return await parts.source.query(statement.sql, [ids], statement.name);
  } catch (error) {
    if (!isDataError(error)) throw error;
    if (ids.length === 1) {
      parts.log.warn({ code: sqlState(error) }, "the old ids of a user cannot be read");
      return [];
    }
    const middle = Math.ceil(ids.length / 2);
    const first = await queryEach(parts, statement, ids.slice(0, middle));
    return [...first, ...(await queryEach(parts, statement, ids.slice(middle)))];
  }
}

/** Reads the old ids of some users and adds what is new; answers how many that were. */
export async function keepOldIds(keeping: OldIdKeeping, users: readonly ChangedUser[]): Promise<number> {
  const { oldIdHash, mapping, state, key } = keeping;
  if (oldIdHash === undefined || mapping.oldIds.length === 0 || users.length === 0) return 0;
  return addOldIds(state, await readOldIds(keeping, oldIdHash, users), (userId) => hashId(key, userId));
}
