// Keyed hashes of values: what the destination has acknowledged is remembered without being kept.
// The user's id goes in, so that equal values of two users do not look alike.
import { createHash, createHmac, hash } from "node:crypto";
import { canonicalJson, type JsonValue } from "../../core/index.ts";

/** 66 bits of a keyed SHA-256, as text. */
export type Print = string;

const PRINT_CHARACTERS = 11;

export type Fingerprint = (userId: string, name: string, value: JsonValue) => Print;

/**
 * Makes the function for a secret key: SHA-256 whose first block is the key. A plain keyed prefix would let a hash be extended; one that is cut
 * to a quarter of its state cannot be. Measured on Node 20: 0.5 µs a value, HMAC 1.7 µs, and comparing everybody is made of little else.
 */
export function makeFingerprint(key: string): Fingerprint {
  // 64 characters, exactly one block.
  const block = createHash("sha256").update(`print\u0000${key}`).digest("hex");
  return (userId, name, value) =>
    hash("sha256", `${block}${userId}\u0000${name}\u0000${canonicalJson(value)}`, "base64url").slice(
      0,
      PRINT_CHARACTERS,
    );
}

/** Hash of an id that must not come back, for a list that holds no ids. */
export function hashId(key: string, userId: string): string {
  return createHmac("sha256", key).update(`id\u0000${userId}`).digest("base64url");
}
