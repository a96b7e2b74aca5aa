// Remembers, for each of many keys, the last place where it was seen: 24 bytes a slot instead of a map of strings.
// Keys are kept as 128-bit hashes; among a hundred million keys a collision is less likely than a disk error.

const WORDS = 4;
const START_SLOTS = 1 << 12;
const LOAD_MAX = 0.6;

export class LastSeen {
  #slots = START_SLOTS;
  #keys = new Uint32Array(START_SLOTS * WORDS);
  /** 0 is an empty slot. */
  #places = new Float64Array(START_SLOTS);
  #used = 0;
  readonly #hash = new Uint32Array(WORDS);

  /** How many different keys there are. */
  get size(): number {
    return this.#used;
  }

  /** Notes that `key` was seen at `place`, a number above 0. */
  see(key: string, place: number): void {
    if (this.#used >= this.#slots * LOAD_MAX) this.#grow();
    hash128(key, this.#hash);
    const slot = this.#find(this.#hash);
    if (this.#places[slot] === 0) {
      this.#used += 1;
      this.#keys.set(this.#hash, slot * WORDS);
    }
    this.#places[slot] = place;
  }

  /** The last place of every key, in no order. */
  *places(): Generator<number> {
    for (const place of this.#places) if (place !== 0) yield place;
  }

  /** Where `key` was last seen; 0 for never. */
  place(key: string): number {
    hash128(key, this.#hash);
    return this.#places[this.#find(this.#hash)] ?? 0;
  }

  #find(hash: Uint32Array): number {
    const [a = 0, b = 0, c = 0, d = 0] = hash;
    const keys = this.#keys;
    let slot = a & (this.#slots - 1);
    while (this.#places[slot] !== 0) {
      const at = slot * WORDS;
      if (keys[at] === a && keys[at + 1] === b && keys[at + 2] === c && keys[at + 3] === d) return slot;
      slot = (slot + 1) & (this.#slots - 1);
    }
    return slot;
  }

  #grow(): void {
    const keys = this.#keys;
    const places = this.#places;
    this.#slots *= 2;
    this.#keys = new Uint32Array(this.#slots * WORDS);
    this.#places = new Float64Array(this.#slots);
    for (const [slot, place] of places.entries()) {
      if (place === 0) continue;
      const key = keys.subarray(slot * WORDS, slot * WORDS + WORDS);
      const to = this.#find(key);
      this.#keys.set(key, to * WORDS);
      this.#places[to] = place;
    }
  }
}

/** Four lanes of multiply and shift over the characters; not for secrets. */
function hash128(text: string, into: Uint32Array): void {
  let a = 1_779_033_703;
  let b = 3_144_134_277;
  let c = 1_013_904_242;
  let d = 2_773_480_762;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    a = b ^ Math.imul(a ^ code, 597_399_067);
    b = c ^ Math.imul(b ^ code, 2_869_860_233);
    c = d ^ Math.imul(c ^ code, 951_274_213);
    d = a ^ Math.imul(d ^ code, 2_716_044_179);
  }
  a = Math.imul(c ^ (a >>> 18), 597_399_067);
  b = Math.imul(d ^ (b >>> 22), 2_869_860_233);
  c = Math.imul(a ^ (c >>> 17), 951_274_213);
  d = Math.imul(b ^ (d >>> 19), 2_716_044_179);
  into[0] = a ^ b ^ c ^ d;
  into[1] = b ^ a;
  into[2] = c ^ a;
  into[3] = d ^ a;
}
