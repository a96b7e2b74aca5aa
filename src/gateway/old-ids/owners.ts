// Whose the ids are that old releases send: a table in the journal that somebody who knows the users fills, asked while an item is judged.
// Holds keyed hashes of old ids, and ids of users.
import type { EpochMs, Journal, OldIdProgress, OldIdTable } from "../../core/index.ts";
import type { OldIdLookup, OldIdOwner } from "../../plan/index.ts";

/** Key is the hash of an old id; value the ids of its users, a line each. */
export const OLD_IDS_TABLE = "old-ids";
/** Hashes that became known, a page each, until the judge has looked who waits for them. */
export const OLD_ID_NEWS_TABLE = "old-id-news";
/** Sorts before every hash, and is none. */
const PROGRESS_KEY = "!progress";
const CLEAR_ENTRIES = 1000;

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("utf8");
}

function hasOwner(entry: readonly [hash: string, users: readonly string[]]): boolean {
  return entry[1].length > 0;
}

async function empty(journal: Pick<Journal, "table" | "write">, name: string): Promise<void> {
  const table = journal.table(name);
  for (;;) {
    // The last key first: how far the table is goes with the end of its content, and a clearing that is cut is begun again.
    const doomed = [...table.entries({ after: PROGRESS_KEY, limit: CLEAR_ENTRIES })].map(({ key }) => key);
    if (doomed.length === 0) return;
    await journal.write((write) => {
      for (const key of doomed) write.delete(name, key);
    });
  }
}

/** The table, for whoever fills it. */
export function makeOldIdTable(journal: Pick<Journal, "table" | "write">): OldIdTable {
  const table = journal.table(OLD_IDS_TABLE);
  return {
    progress: () => {
      const bytes = table.get(PROGRESS_KEY);
      return bytes === undefined ? undefined : (JSON.parse(textOf(bytes)) as OldIdProgress);
    },
    put: (owners, progress) =>
      journal.write((write) => {
        for (const [hash, users] of owners)
          if (users.length === 0) write.delete(OLD_IDS_TABLE, hash);
          else write.put(OLD_IDS_TABLE, hash, Buffer.from(users.join("\n")));
        const news = [...owners].filter(hasOwner).map(([hash]) => hash);
        if (news.length > 0) write.put(OLD_ID_NEWS_TABLE, progress.cursor, Buffer.from(news.join("\n")));
        write.put(OLD_IDS_TABLE, PROGRESS_KEY, Buffer.from(JSON.stringify(progress)));
      }),
    clear: async () => {
      await empty(journal, OLD_ID_NEWS_TABLE);
      await empty(journal, OLD_IDS_TABLE);
      await journal.write((write) => write.delete(OLD_IDS_TABLE, PROGRESS_KEY));
    },
  };
}

/** Hashes that became known together, for whoever waits for one of them. */
export interface OldIdNews {
  readonly key: string;
  readonly hashes: readonly string[];
}

/** The first news that nobody has taken yet. */
export function readOldIdNews(journal: Pick<Journal, "table">): OldIdNews | undefined {
  for (const { key, value } of journal.table(OLD_ID_NEWS_TABLE).entries({ limit: 1 }))
    return { key, hashes: textOf(value).split("\n") };
  return undefined;
}

/** Whether anything is known of a hash: an owner, or more than one. */
export function isKnownOldId(journal: Pick<Journal, "table">, hash: string): boolean {
  return journal.table(OLD_IDS_TABLE).has(hash);
}

/** Asks the table. One item after another: what an item asked for in vain is taken before the next. */
export class OldIdOwners {
  readonly #journal: Pick<Journal, "table">;
  readonly #hash: (spelling: string) => string;
  #missed = new Set<string>();
  /** An identified app sends its user twice: it is hashed once. */
  #last = { spelling: "", hash: "" };

  constructor(journal: Pick<Journal, "table">, hash: (spelling: string) => string) {
    this.#journal = journal;
    this.#hash = hash;
  }

  /** For an item that arrived at a moment. `isHeld`: hashes for which earlier items wait. */
  lookup(receivedAt: EpochMs, isHeld: (hash: string) => boolean = () => false): OldIdLookup {
    if (this.#missed.size > 0) this.#missed = new Set();
    return { receivedAt, ownerOf: (spelling) => this.#ownerOf(this.#hashOf(spelling), isHeld) };
  }

  #hashOf(spelling: string): string {
    if (this.#last.spelling !== spelling) this.#last = { spelling, hash: this.#hash(spelling) };
    return this.#last.hash;
  }

  #ownerOf(hash: string, isHeld: (hash: string) => boolean): OldIdOwner {
    const held = isHeld(hash);
    const bytes = held ? undefined : this.#journal.table(OLD_IDS_TABLE).get(hash);
    if (bytes === undefined) {
      this.#missed.add(hash);
      return { kind: held ? "held" : "unknown" };
    }
    const users = textOf(bytes).split("\n");
    const [only] = users;
    return only === undefined || users.length > 1 ? { kind: "ambiguous" } : { kind: "user", id: only };
  }

  /** Hashes that the last item asked for in vain. */
  get missed(): readonly string[] {
    return [...this.#missed];
  }
}
