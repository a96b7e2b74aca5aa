// Builds request bodies from items that are already JSON text. Pure.
// Items are spliced as bytes, not parsed: at 30 000 events a second a parse and a print of each is what would bind delivery.
import { isObject } from "../../core/index.ts";

const QUOTE = 34;
const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
const SPACE = 32;
const BACKSLASH = 92;
const BRACE = 123;
const CLOSING_BRACE = 125;
const EVENT_HEAD = Buffer.from('{"event":"');
const PROPERTIES_HEAD = Buffer.from('","properties":{');
const OPEN = Buffer.from("[");
const CLOSE = Buffer.from("]");
const SEPARATOR = Buffer.from(",");

function view(item: Uint8Array): Buffer {
  return Buffer.from(item.buffer, item.byteOffset, item.length);
}

/** One item a line. A raw line end can only stand between JSON tokens, so it may become a space. */
export function buildLines(items: readonly Uint8Array[]): Buffer {
  let length = items.length;
  for (const item of items) length += item.length;
  const body = Buffer.allocUnsafe(length);
  let at = 0;
  for (const item of items) {
    body.set(item, at);
    if (item.includes(LINE_FEED) || item.includes(CARRIAGE_RETURN)) flattenLines(body, at, at + item.length);
    at += item.length;
    body[at] = LINE_FEED;
    at += 1;
  }
  return body;
}

function flattenLines(body: Buffer, start: number, end: number): void {
  for (let at = start; at < end; at++)
    if (body[at] === LINE_FEED || body[at] === CARRIAGE_RETURN) body[at] = SPACE;
}

/** Makes the function that adds the project token to an event's properties; the token given here always wins. */
export function makeEventTokenAdder(token: string): (item: Uint8Array) => readonly Uint8Array[] {
  const member = Buffer.from(`"token":${JSON.stringify(token)}`);
  return (item) => {
    const bytes = view(item);
    const at = startOfProperties(bytes);
    if (at === undefined || bytes.includes('"token"')) return [withEventToken(bytes, token)];
    const rest = bytes.subarray(at);
    return rest[0] === CLOSING_BRACE
      ? [bytes.subarray(0, at), member, rest]
      : [bytes.subarray(0, at), member, SEPARATOR, rest];
  };
}

/** Offset just behind the brace that opens `properties`, where the item has the layout that the judge writes. */
function startOfProperties(bytes: Buffer): number | undefined {
  if (bytes.compare(EVENT_HEAD, 0, EVENT_HEAD.length, 0, EVENT_HEAD.length) !== 0) return undefined;
  let end = bytes.indexOf(QUOTE, EVENT_HEAD.length);
  // A backslash in a name is rare: whether it escapes the quote is left to the parser.
  if (end < 0 || bytes[end - 1] === BACKSLASH) return undefined;
  const start = end;
  end = start + PROPERTIES_HEAD.length;
  if (end >= bytes.length) return undefined;
  return bytes.compare(PROPERTIES_HEAD, 0, PROPERTIES_HEAD.length, start, end) === 0 ? end : undefined;
}

function withEventToken(bytes: Buffer, token: string): Buffer {
  const event: unknown = JSON.parse(bytes.toString("utf8"));
  if (!isObject(event)) return bytes;
  const properties = isObject(event["properties"]) ? event["properties"] : {};
  return Buffer.from(JSON.stringify({ ...event, properties: { ...properties, token } }));
}

/** Makes the function that adds `$token` to a profile update; the token given here always wins. */
export function makeProfileTokenAdder(token: string): (item: Uint8Array) => readonly Uint8Array[] {
  const head = Buffer.from(`{"$token":${JSON.stringify(token)},`);
  return (item) => {
    const bytes = view(item);
    if (bytes[0] !== BRACE || bytes[1] !== QUOTE || bytes.includes('"$token"')) {
      const update: unknown = JSON.parse(bytes.toString("utf8"));
      return [isObject(update) ? Buffer.from(JSON.stringify({ ...update, $token: token })) : bytes];
    }
    return [head, bytes.subarray(1)];
  };
}

/** A JSON array of the items, each changed by `addToken`. */
export function buildArray(
  items: readonly Uint8Array[],
  addToken: (item: Uint8Array) => readonly Uint8Array[],
): Buffer {
  const pieces: Uint8Array[] = [OPEN];
  for (const [index, item] of items.entries()) {
    if (index > 0) pieces.push(SEPARATOR);
    pieces.push(...addToken(item));
  }
  pieces.push(CLOSE);
  return Buffer.concat(pieces);
}
