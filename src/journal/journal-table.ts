// A named, sorted map inside the journal. Reads see what is committed.
import type { Database } from "lmdb";
import type { JournalTable } from "../core/index.ts";

/** Sorts after every key with the same prefix. */
const LAST = "\u{10FFFF}";

/** Reads one table; writing goes through `Journal.write`. */
export function makeJournalTable(database: Database<Buffer, string>): JournalTable {
  return {
    get: (key) => database.getBinary(key),
    has: (key) => database.doesExist(key),
    *entries({ prefix = "", after, limit } = {}) {
      const start = after ?? prefix;
      const range = {
        ...(start === "" ? {} : { start }),
        ...(prefix === "" ? {} : { end: prefix + LAST }),
        ...(limit === undefined ? {} : { limit: after === undefined ? limit : limit + 1 }),
      };
      let given = 0;
      for (const { key, value } of database.getRange(range)) {
        if (key === after) continue;
        if (limit !== undefined && given >= limit) return;
        given += 1;
        yield { key, value };
      }
    },
    count: () => {
      const { entryCount } = database.getStats() as { entryCount: number };
      return entryCount;
    },
  };
}
