// The keyed hash of data classes with `gateway: hash`. Everything that writes such values uses this one, or two spellings of one value would meet.
import { createHmac } from "node:crypto";

const HASH_CHARACTERS = 32;

/** Makes the hash of a configured key. */
export function keyedHash(key: string): (text: string) => string {
  return (text) => createHmac("sha256", key).update(text).digest("hex").slice(0, HASH_CHARACTERS);
}
