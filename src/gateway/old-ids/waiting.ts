// What waits in quarantine for the owner of an old id, by the hash of that id. While anything waits for a hash, whatever comes later for it waits
// too, so that it goes out in the order in which it arrived. Learns from batches that are committed; one that was not leaves no trace.
import type { EpochMs, Journal, JournalWrite } from "../../core/index.ts";
import { quarantineTimeOf } from "../quarantine/record.ts";

/** Key is the hash and the record's id; the value says nothing. */
export const WAITING_TABLE = "waiting-old-ids";
const SEPARATOR = "\n";
const NOTHING = Buffer.from([1]);

/** One record that waits for one hash. */
export interface WaitingRecord {
  readonly hash: string;
  readonly id: string;
}

function keyOf({ hash, id }: WaitingRecord): string {
  return `${hash}${SEPARATOR}${id}`;
}

function readKey(key: string): WaitingRecord {
  const end = key.indexOf(SEPARATOR);
  return { hash: key.slice(0, end), id: key.slice(end + SEPARATOR.length) };
}

/** Notes that records wait. */
export function noteWaiting(write: JournalWrite, found: readonly WaitingRecord[]): void {
  for (const one of found) write.put(WAITING_TABLE, keyOf(one), NOTHING);
}

/** They wait no more. */
export function endWaiting(write: JournalWrite, found: readonly WaitingRecord[]): void {
  for (const one of found) write.delete(WAITING_TABLE, keyOf(one));
}

/** Records that wait for a hash, the oldest first. */
export function readWaiting(
  journal: Pick<Journal, "table">,
  hash: string,
  limit: number,
): readonly WaitingRecord[] {
  const prefix = `${hash}${SEPARATOR}`;
  return [...journal.table(WAITING_TABLE).entries({ prefix, limit })].map(({ key }) => readKey(key));
}

/** Entries, by hash; `after` is the last one of the page before. */
export function readWaitingPage(
  journal: Pick<Journal, "table">,
  page: { readonly after: WaitingRecord | undefined; readonly limit: number },
): readonly WaitingRecord[] {
  const { after, limit } = page;
  const start = after === undefined ? {} : { after: keyOf(after) };
  return [...journal.table(WAITING_TABLE).entries({ ...start, limit })].map(({ key }) => readKey(key));
}

/** How much waits: old ids, records (one that waits for two ids counts twice), and since when. */
export interface WaitingCount {
  readonly ids: number;
  readonly records: number;
  readonly oldestAt: EpochMs | undefined;
}

export const NOTHING_WAITS: WaitingCount = { ids: 0, records: 0, oldestAt: undefined };

/** Adds a page to what was counted before it. */
export function countPage(
  before: WaitingCount,
  page: readonly WaitingRecord[],
  last: WaitingRecord | undefined,
): WaitingCount {
  let { ids, oldestAt } = before;
  let hash = last?.hash;
  for (const one of page) {
    if (one.hash !== hash) ids += 1;
    hash = one.hash;
    oldestAt = Math.min(oldestAt ?? Number.POSITIVE_INFINITY, quarantineTimeOf(one.id));
  }
  return { ids, records: before.records + page.length, oldestAt };
}

const COUNT_PAGE_ENTRIES = 5000;

/** Counts all that waits: a second for each million. For commands; the gateway counts a little at a time. */
export function countWaiting(journal: Pick<Journal, "table">): WaitingCount {
  let count = NOTHING_WAITS;
  let after: WaitingRecord | undefined;
  for (;;) {
    const page = readWaitingPage(journal, { after, limit: COUNT_PAGE_ENTRIES });
    count = countPage(count, page, after);
    after = page.at(-1);
    if (page.length < COUNT_PAGE_ENTRIES) return count;
  }
}

/** What the judge knows of all that waits: it looks it up, so that a million need no memory and whatever other processes do is seen. */
export class WaitingOldIds {
  readonly #journal: Pick<Journal, "table">;
  /** Of the batch that is being judged. */
  #pending: WaitingRecord[] = [];
  #pendingHashes = new Set<string>();
  /** Whether anything waited when this batch first asked, and hashes for which nothing did. */
  #isAny: boolean | undefined;
  #free = new Set<string>();

  constructor(journal: Pick<Journal, "table">) {
    this.#journal = journal;
  }

  has(hash: string): boolean {
    if (this.#pendingHashes.has(hash)) return true;
    this.#isAny ??= this.#journal.table(WAITING_TABLE).count() > 0;
    if (!this.#isAny || this.#free.has(hash)) return false;
    if (readWaiting(this.#journal, hash, 1).length > 0) return true;
    this.#free.add(hash);
    return false;
  }

  /** A record of the batch waits for these. */
  add(id: string, hashes: readonly string[]): void {
    for (const hash of hashes) {
      this.#pending.push({ hash, id });
      this.#pendingHashes.add(hash);
    }
  }

  /** Adds what the batch brought to its transaction. */
  save(write: JournalWrite): void {
    noteWaiting(write, this.#pending);
  }

  /** The batch ends: its transaction is on disk, or has failed and nothing of it was seen. */
  forget(): void {
    this.#isAny = undefined;
    if (this.#free.size > 0) this.#free = new Set();
    if (this.#pending.length === 0) return;
    this.#pending = [];
    this.#pendingHashes = new Set();
  }
}
