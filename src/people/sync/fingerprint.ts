// Keyed hashes of values: what the destination has acknowledged is remembered without being kept.
// The user's id goes in, so that equal values of two users do not look alike.
import { createHmac } from "node:crypto";
import { canonicalJson, type JsonValue } from "../../core/index.ts";

/** 66 bits of an HMAC-SHA-256, as text. */
export type Print = string;

const PRINT_CHARACTERS = 11;

export type Fingerprint = (userId: string, name: string, value: JsonValue) => Print;

/** Makes the function for a secret key. */
export function makeFingerprint(key: string): Fingerprint {
  return (userId, name, value) =>
    createHmac("sha256", key)
      .update(`${userId}\u0000${name}\u0000${canonicalJson(value)}`)
      .digest("base64url")
      .slice(0, PRINT_CHARACTERS);
}

/** Hash of an id that must not come back, for a list that holds no ids. */
export function hashId(key: string, userId: string): string {
  return createHmac("sha256", key).update(`id\u0000${userId}`).digest("base64url");
}
