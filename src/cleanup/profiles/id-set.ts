// A set of ids in 16 bytes each, to keep a million of them flat: two independent 32-bit hashes stand for an id. Two ids of a million that are taken for
// one: less than one run in ten million, and then the second is left as it is, and counted.

const SLOTS_FIRST = 1 << 12;
/** Fuller than this the table is doubled. */
const FULL = 0.6;

export class IdSet {
  #seed: number;
  #slots: Uint32Array;
  #size = 0;

  /** `random`: from 0 to 1, so that nobody can prepare ids that meet. */
  constructor(random: () => number) {
    this.#seed = Math.floor(random() * 0x7fffffff) | 1;
    this.#slots = new Uint32Array(2 * SLOTS_FIRST);
  }

  get size(): number {
    return this.#size;
  }

  has(id: string): boolean {
    const [low, high] = this.#hash(id);
    return this.#slots[this.#find(low, high)] !== 0;
  }

  /** False when it was there. */
  add(id: string): boolean {
    const [low, high] = this.#hash(id);
    const at = this.#find(low, high);
    if (this.#slots[at] !== 0) return false;
    this.#slots[at] = low;
    this.#slots[at + 1] = high;
    this.#size += 1;
    if (this.#size > (this.#slots.length / 2) * FULL) this.#grow();
    return true;
  }

  /** The first half is never 0: that is an empty slot. */
  #hash(id: string): [low: number, high: number] {
    let [a, b] = [0x811c9dc5 ^ this.#seed, 0x9e3779b9 ^ this.#seed];
    for (let at = 0; at < id.length; at += 1) {
      const unit = id.charCodeAt(at);
      a = Math.imul(a ^ unit, 0x01000193);
      b = Math.imul(b ^ unit, 0x85ebca6b) ^ (b >>> 13);
    }
    a = Math.imul(a ^ (a >>> 16), 0x7feb352d);
    b = Math.imul(b ^ (b >>> 15), 0xc2b2ae35);
    return [(a ^ (a >>> 15)) >>> 0 || 1, (b ^ (b >>> 16)) >>> 0];
  }

  #find(low: number, high: number): number {
    const mask = this.#slots.length - 1;
    let at = (2 * low) & mask & ~1;
    while (this.#slots[at] !== 0 && !(this.#slots[at] === low && this.#slots[at + 1] === high))
      at = (at + 2) & mask;
    return at;
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Uint32Array(old.length * 2);
    for (let at = 0; at < old.length; at += 2) {
      const [low = 0, high = 0] = [old[at], old[at + 1]];
      if (low === 0) continue;
      const to = this.#find(low, high);
      this.#slots[to] = low;
      this.#slots[to + 1] = high;
    }
  }
}
