// Looks at JSON text before it is parsed: depth and number of members. `JSON.parse` accepts a million levels, and what it
// makes of them breaks every later stage, so this must come first. One pass over the bytes, no allocation.

/** Levels of nesting accepted at the door. Mixpanel documents 3 below a property; SDKs send at most about 6. */
export const DEPTH_MAX = 64;
/** Members of objects in one request; 2,000 events with 100 properties each. */
export const MEMBERS_MAX = 500_000;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;

/** Tells whether JSON text is within {@link DEPTH_MAX} and {@link MEMBERS_MAX}. Says nothing about whether it is valid. */
export function isWithinLimits(bytes: Uint8Array): boolean {
  let depth = 0;
  let members = 0;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (byte === QUOTE) {
      at += 1;
      while (at < bytes.length && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1;
    } else if (byte === 0x7b || byte === 0x5b) {
      depth += 1;
      if (depth > DEPTH_MAX) return false;
    } else if (byte === 0x7d || byte === 0x5d) depth -= 1;
    else if (byte === COLON) {
      members += 1;
      if (members > MEMBERS_MAX) return false;
    }
  }
  return true;
}
