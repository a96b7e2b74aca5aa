// What waits in quarantine for the owner of an old id, by the hash of that id. While anything waits for a hash, whatever comes later for it waits
// too, so that it goes out in the order in which it arrived. Learns from batches that are committed; one that was not leaves no trace.
import type { Journal, JournalWrite } from "../../core/index.ts";

/** Key is the hash and the record's id; the value says nothing. */
export const WAITING_TABLE = "waiting-old-ids";
const SEPARATOR = "\n";
/** Sorts after every record's id. */
const LAST = "\u{10FFFF}";
const NOTHING = Buffer.from([1]);

/** One record that waits for one hash. */
export interface WaitingRecord {
  readonly hash: string;
  readonly id: string;
}

function keyOf({ hash, id }: WaitingRecord): string {
  return `${hash}${SEPARATOR}${id}`;
}

/** Notes that records wait. */
export function noteWaiting(write: JournalWrite, found: readonly WaitingRecord[]): void {
  for (const one of found) write.put(WAITING_TABLE, keyOf(one), NOTHING);
}

/** They wait no more. */
export function endWaiting(write: JournalWrite, found: readonly WaitingRecord[]): void {
  for (const one of found) write.delete(WAITING_TABLE, keyOf(one));
}

/** Entries read at a time; the rest of the last hash among them is passed over. */
const PAGE_ENTRIES = 200;

/** Hashes for which records wait. */
export function readWaitingHashes(journal: Pick<Journal, "table">): ReadonlySet<string> {
  const table = journal.table(WAITING_TABLE);
  const found = new Set<string>();
  let after: string | undefined;
  for (;;) {
    const start = after === undefined ? {} : { after };
    let hash: string | undefined;
    for (const { key } of table.entries({ ...start, limit: PAGE_ENTRIES })) {
      hash = key.slice(0, key.indexOf(SEPARATOR));
      found.add(hash);
    }
    if (hash === undefined) return found;
    after = `${hash}${SEPARATOR}${LAST}`;
  }
}

/** Records that wait for a hash, the oldest first. */
export function readWaiting(
  journal: Pick<Journal, "table">,
  hash: string,
  limit: number,
): readonly WaitingRecord[] {
  const prefix = `${hash}${SEPARATOR}`;
  return [...journal.table(WAITING_TABLE).entries({ prefix, limit })].map(({ key }) => ({
    hash,
    id: key.slice(prefix.length),
  }));
}

/** What the judge knows of all that waits. */
export class WaitingOldIds {
  readonly #journal: Pick<Journal, "table">;
  #hashes: Set<string>;
  /** Of the batch that is being judged. */
  #pending: WaitingRecord[] = [];
  #pendingHashes = new Set<string>();

  constructor(journal: Pick<Journal, "table">) {
    this.#journal = journal;
    this.#hashes = new Set(readWaitingHashes(journal));
  }

  has(hash: string): boolean {
    return this.#hashes.has(hash) || this.#pendingHashes.has(hash);
  }

  /** A record of the batch waits for these. */
  add(id: string, hashes: readonly string[]): void {
    for (const hash of hashes) {
      this.#pending.push({ hash, id });
      this.#pendingHashes.add(hash);
    }
  }

  /** Reads again what waits: other processes replay and discard. */
  refresh(): ReadonlySet<string> {
    this.#hashes = new Set(readWaitingHashes(this.#journal));
    return this.#hashes;
  }

  /** Adds what the batch brought to its transaction. */
  save(write: JournalWrite): void {
    noteWaiting(write, this.#pending);
  }

  /** The transaction is on disk. */
  committed(): void {
    for (const hash of this.#pendingHashes) this.#hashes.add(hash);
    this.forget();
  }

  /** The transaction failed: nothing of the batch was seen. */
  forget(): void {
    this.#pending = [];
    this.#pendingHashes = new Set();
  }
}
