// From the body of a Mixpanel request to the JSON text in it: form, beacon, raw JSON, NDJSON or query; base64 in every spelling
// that real SDKs produce (percent-encoded, not encoded, url-safe, unpadded).
// Source: Mixpanel's SDKs as read in September 2026; node sends base64 whose `+` arrives as a space.

/** Form fields beside `data` mean the same as query parameters (python and ruby send `verbose` that way). */
export interface Payload {
  /** JSON text as bytes; empty when there is none. */
  readonly json: Buffer;
  readonly fields: URLSearchParams;
  /** One JSON document a line. */
  readonly lines: boolean;
}

const EMPTY = Buffer.alloc(0);
const NO_FIELDS = new URLSearchParams();
const OPEN_BRACE = 0x7b;
const OPEN_BRACKET = 0x5b;

function firstByte(bytes: Uint8Array): number {
  for (const byte of bytes) if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d) return byte;
  return 0;
}

function isJson(bytes: Uint8Array): boolean {
  const byte = firstByte(bytes);
  return byte === OPEN_BRACE || byte === OPEN_BRACKET;
}

/** Decodes `data`: JSON as it is, otherwise base64. Node's decoder takes url-safe and unpadded base64; spaces were `+`. */
function decodeData(data: string): Buffer {
  const text = data.trim();
  if (text.startsWith("[") || text.startsWith("{")) return Buffer.from(text);
  return Buffer.from(text.includes(" ") ? text.replaceAll(" ", "+") : text, "base64");
}

const DATA_PREFIX = Buffer.from("data=");
const AMPERSAND = 0x26;

/**
 * The common body, `data=<base64>` and nothing else, without the general form parser.
 * Percent escapes of base64's own three special characters are the only ones that occur in it.
 */
function decodeSimpleForm(body: Buffer): Buffer | undefined {
  if (!body.subarray(0, DATA_PREFIX.length).equals(DATA_PREFIX) || body.indexOf(AMPERSAND) >= 0)
    return undefined;
  let text = body.toString("latin1", DATA_PREFIX.length);
  if (text.includes("%")) {
    text = text.replaceAll("%2B", "+").replaceAll("%2F", "/").replaceAll("%3D", "=");
    if (text.includes("%")) return undefined;
  }
  if (text.startsWith("[") || text.startsWith("{")) return undefined;
  return Buffer.from(text, "base64");
}

/** Finds the JSON in a request. `query` is the query string without `?`. */
export function readPayload(body: Buffer, contentType: string, query: string): Payload {
  const type = contentType.toLowerCase();
  if (body.length === 0) {
    const fields = new URLSearchParams(query);
    const data = fields.get("data");
    return { json: data === null ? EMPTY : decodeData(data), fields, lines: false };
  }
  if (type.includes("ndjson")) return { json: body, fields: NO_FIELDS, lines: true };
  if (type.includes("json") || isJson(body)) return { json: body, fields: NO_FIELDS, lines: false };
  const simple = decodeSimpleForm(body);
  if (simple) return { json: simple, fields: NO_FIELDS, lines: false };
  const fields = new URLSearchParams(body.toString("utf8"));
  const data = fields.get("data");
  return { json: data === null ? EMPTY : decodeData(data), fields, lines: false };
}
