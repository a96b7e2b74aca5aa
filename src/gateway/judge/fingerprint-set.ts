// A set of 64-bit fingerprints in two flat arrays: eight bytes an entry where a `Set` of texts needs a hundred.
// Two different events share a fingerprint once in ten million million at a million entries; the loss of one is accepted.

/** 64 bits as two unsigned 32-bit halves. `(0, 0)` marks an empty slot and is never a fingerprint. */
export interface Fingerprint {
  readonly high: number;
  readonly low: number;
}

const INITIAL_SLOTS = 2 ** 12;
const LOAD_MAX = 0.5;

export class FingerprintSet {
  #high = new Uint32Array(INITIAL_SLOTS);
  #low = new Uint32Array(INITIAL_SLOTS);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  has({ high, low }: Fingerprint): boolean {
    return this.#isAt(this.#slot(high, low));
  }

  /** Adds one; false when it was there. */
  add({ high, low }: Fingerprint): boolean {
    const slot = this.#slot(high, low);
    if (this.#isAt(slot)) return false;
    this.#high[slot] = high;
    this.#low[slot] = low;
    this.#size += 1;
    if (this.#size > this.#low.length * LOAD_MAX) this.#grow();
    return true;
  }

  #isAt(slot: number): boolean {
    return this.#high[slot] !== 0 || this.#low[slot] !== 0;
  }

  /** The slot that holds the fingerprint, or the empty one where it belongs. */
  #slot(high: number, low: number): number {
    const mask = this.#low.length - 1;
    let slot = low & mask;
    while (this.#isAt(slot) && (this.#low[slot] !== low || this.#high[slot] !== high))
      slot = (slot + 1) & mask;
    return slot;
  }

  #grow(): void {
    const high = this.#high;
    const low = this.#low;
    this.#high = new Uint32Array(high.length * 2);
    this.#low = new Uint32Array(low.length * 2);
    for (let index = 0; index < low.length; index++) {
      const one = { high: high[index] ?? 0, low: low[index] ?? 0 };
      if (one.high === 0 && one.low === 0) continue;
      const slot = this.#slot(one.high, one.low);
      this.#high[slot] = one.high;
      this.#low[slot] = one.low;
    }
  }
}
