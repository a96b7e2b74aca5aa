// Recognises an event that was judged before: SDKs repeat what they are not sure of (beacons, mobile retries).
// Two generations in memory, each also in the journal, written in the judge's own transaction: the window survives a crash, and a batch that
// was not committed leaves no trace. States of a generation: current (takes new fingerprints) → previous (still asked) → stale (deleted).
import type { EpochMs, Journal, JournalWrite } from "../../core/index.ts";
import { type Fingerprint, FingerprintSet } from "./fingerprint-set.ts";

/** Table that holds the fingerprints: key `<generation>:<sequence>`, value 8 bytes each. */
export const DEDUP_TABLE = "dedup";

export interface DedupSettings {
  /** Events that one generation remembers; the window is between one and two of them. */
  readonly generationEvents: number;
  /** Longest age of a generation. */
  readonly generationMs: number;
}

/** A million events or a day, whichever comes first: 32 MB of memory at most. */
export const DEDUP_SETTINGS: DedupSettings = { generationEvents: 1_000_000, generationMs: 86_400_000 };

const BYTES_EACH = 8;
const KEY_DIGITS = 10;
/** Stale entries deleted with one batch. */
const DELETE_MAX = 500;

const SEED_HIGH = 0xdeadbeef;
const SEED_LOW = 0x41c6ce57;
const PRIME_HIGH = 2_654_435_761;
const PRIME_LOW = 1_597_334_677;

/**
 * What makes an event the same event: name, distinct ID, client's time and insert id, all as received.
 * Two multiplicative hashes with a final mix: a fifth of the time of a cryptographic one, which nothing here needs: who could
 * make two events collide would only lose an event of their own.
 */
export function fingerprintOf(text: string): Fingerprint {
  let high = SEED_HIGH ^ text.length;
  let low = SEED_LOW ^ text.length;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    high = Math.imul(high ^ code, PRIME_HIGH);
    low = Math.imul(low ^ code, PRIME_LOW);
  }
  high = Math.imul(high ^ (high >>> 16), 2_246_822_507) ^ Math.imul(low ^ (low >>> 13), 3_266_489_909);
  low = Math.imul(low ^ (low >>> 16), 2_246_822_507) ^ Math.imul(high ^ (high >>> 13), 3_266_489_909);
  return high === 0 && low === 0 ? { high: 0, low: 1 } : { high: high >>> 0, low: low >>> 0 };
}

function keyOf(generation: number, sequence: number): string {
  return `${String(generation).padStart(KEY_DIGITS, "0")}:${String(sequence).padStart(KEY_DIGITS, "0")}`;
}

export class DedupWindow {
  readonly #journal: Journal;
  readonly #settings: DedupSettings;
  #generation = 1;
  #sequence = 0;
  #startedAt: EpochMs;
  #current = new FingerprintSet();
  #previous = new FingerprintSet();
  /** Of the batch that is being judged; becomes permanent when the batch is committed. */
  #pending = new FingerprintSet();
  #pendingList: Fingerprint[] = [];

  constructor(journal: Journal, settings: DedupSettings, now: EpochMs) {
    this.#journal = journal;
    this.#settings = settings;
    this.#startedAt = now;
    this.#load();
  }

  #load(): void {
    const table = this.#journal.table(DEDUP_TABLE);
    let loaded = 0;
    for (const { key, value } of table.entries()) {
      const generation = Number(key.slice(0, KEY_DIGITS));
      if (generation > loaded) {
        if (loaded > 0) this.#previous = this.#current;
        if (generation > loaded + 1) this.#previous = new FingerprintSet();
        this.#current = new FingerprintSet();
        loaded = generation;
        this.#generation = generation;
      }
      this.#sequence = Number(key.slice(KEY_DIGITS + 1));
      const bytes = Buffer.from(value);
      for (let at = 0; at + BYTES_EACH <= bytes.length; at += BYTES_EACH)
        this.#current.add({ high: bytes.readUInt32LE(at), low: bytes.readUInt32LE(at + 4) });
    }
  }

  /** True for an event that was seen; otherwise it is remembered once the batch is committed. */
  isRepeated(fingerprint: Fingerprint): boolean {
    if (this.#current.has(fingerprint) || this.#previous.has(fingerprint)) return true;
    if (!this.#pending.add(fingerprint)) return true;
    this.#pendingList.push(fingerprint);
    return false;
  }

  /** Adds what the batch brought to its transaction. */
  save(write: JournalWrite): void {
    if (this.#pendingList.length > 0) {
      const bytes = Buffer.allocUnsafe(this.#pendingList.length * BYTES_EACH);
      for (const [index, { high, low }] of this.#pendingList.entries()) {
        bytes.writeUInt32LE(high, index * BYTES_EACH);
        bytes.writeUInt32LE(low, index * BYTES_EACH + 4);
      }
      write.put(DEDUP_TABLE, keyOf(this.#generation, this.#sequence + 1), bytes);
    }
    const firstKept = keyOf(this.#generation - 1, 0);
    for (const { key } of this.#journal.table(DEDUP_TABLE).entries({ limit: DELETE_MAX })) {
      if (key >= firstKept) break;
      write.delete(DEDUP_TABLE, key);
    }
  }

  /** The transaction is on disk. */
  committed(now: EpochMs): void {
    for (const fingerprint of this.#pendingList) this.#current.add(fingerprint);
    this.#sequence += 1;
    this.forget();
    const { generationEvents, generationMs } = this.#settings;
    if (this.#current.size < generationEvents && now - this.#startedAt < generationMs) return;
    this.#previous = this.#current;
    this.#current = new FingerprintSet();
    this.#generation += 1;
    this.#startedAt = now;
  }

  /** The transaction failed, or never began: nothing of the batch was seen. */
  forget(): void {
    if (this.#pendingList.length === 0) return;
    this.#pending = new FingerprintSet();
    this.#pendingList = [];
  }
}
