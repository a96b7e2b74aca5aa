// Where the next look at the marks of a lane begins. Marks that are done leave dead rows at the head of the queue until they are vacuumed, and one
// long transaction of the application forbids that for all its time: without a lower bound each look reads all of them again.
// Invariant: a mark that is due is seen by the next look, or by the next one from the beginning, which comes at least once a second or two.
import type { Claim } from "./marks.ts";

/** Marks of transactions that were open at the last look may be this much older than what it saw. */
const OVERLAP_MS = 250;
const WHOLE_EVERY_MS = 1000;
/** A look from the beginning may take this share of the time at most. */
const WHOLE_SHARE = 0.1;

/** One look: marks that became due at `fromMs` or later, of the database's clock; 0: from the beginning. */
export interface Look {
  readonly fromMs: number;
  readonly startedAt: number;
}

export interface Seen {
  readonly claims: readonly Claim[];
  /** Claims that could not be taken up now. */
  readonly leftOut: readonly Claim[];
  /** There may be more than was asked for. */
  readonly isCut: boolean;
}

export class DueFrom {
  /** Everything older was seen, but for what `#again` names. */
  #seenMs = 0;
  /** The oldest that has to be looked at again: its batch has ended, it was left out, or the look was cut there. */
  #again = Number.POSITIVE_INFINITY;
  /** On this process's monotonic clock. */
  #wholeAt = 0;

  next(): Look {
    const startedAt = performance.now();
    const fromMs =
      startedAt >= this.#wholeAt ? 0 : Math.max(0, Math.min(this.#seenMs, this.#again) - OVERLAP_MS);
    this.#again = Number.POSITIVE_INFINITY;
    return { fromMs, startedAt };
  }

  /** What a look has found, oldest first. */
  saw({ fromMs, startedAt }: Look, { claims, leftOut, isCut }: Seen): void {
    const now = performance.now();
    if (fromMs === 0) this.#wholeAt = now + Math.max(WHOLE_EVERY_MS, (now - startedAt) / WHOLE_SHARE);
    let newest = 0;
    for (const { dueAtMs } of claims) newest = Math.max(newest, dueAtMs);
    for (const { dueAtMs } of leftOut) newest = Math.max(newest, dueAtMs);
    this.#seenMs = Math.max(this.#seenMs, newest);
    if (isCut) this.#again = Math.min(this.#again, newest);
    this.ended(leftOut);
  }

  /** The look failed: nothing is known of what it would have found. */
  failed(): void {
    this.#wholeAt = 0;
  }

  /** Marks of these users can be taken up again, where they were marked meanwhile. */
  ended(claims: readonly Claim[]): void {
    for (const { dueAtMs } of claims) this.#again = Math.min(this.#again, dueAtMs);
  }
}
