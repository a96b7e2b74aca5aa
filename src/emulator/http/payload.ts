// The items of an ingestion request. Tolerant in what it reads: every official SDK has its own shape.
import { isUtf8 } from "node:buffer";
import { BODY_MAX_BYTES, type Call, unpack } from "./call.ts";

export interface Payload {
  /** Items in the order of the request. `undefined` stands for one that is not JSON. */
  readonly items: readonly unknown[];
  /** The same items as JSON text, where the sender put each on a line of its own. */
  readonly lines?: readonly string[];
  /** Fields of the form beside `data`: `verbose`, `ip`, `strict`. */
  readonly form: URLSearchParams;
  readonly bytes: number;
  /** Some text in it was not UTF-8 and now holds replacement characters. */
  readonly isDamaged: boolean;
}

const NO_FORM = new URLSearchParams();

function fromData(data: string): unknown {
  const text = data.trim();
  if (text.startsWith("[") || text.startsWith("{")) return JSON.parse(text);
  // node sends `+` unescaped, which a form turns into a space; ruby's pixel uses the url-safe alphabet.
  const base64 = text.replaceAll(" ", "+").replaceAll("-", "+").replaceAll("_", "/");
  return JSON.parse(Buffer.from(base64, "base64").toString("utf8"));
}

function asItems(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : [value];
}

function parseOrNothing(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    // One broken line is one failed record, not a failed request.
    return undefined;
  }
}

/**
 * Reads the items of a request in any of the shapes: form with escaped or unescaped base64 or plain JSON, JSON, lines of JSON,
 * text of a beacon, query of a pixel, each compressed or not.
 *
 * @returns `unreadable` when there are none, `too-large` beyond `maxBytes` unpacked.
 */
export function readPayload(call: Call, maxBytes = BODY_MAX_BYTES): Payload | "unreadable" | "too-large" {
  const body = unpack(call, maxBytes);
  if (body === "too-large") return body;
  if (body === "broken") return "unreadable";
  const common = { bytes: body.length, form: NO_FORM, isDamaged: !isUtf8(body) };
  const text = body.toString("utf8");
  const type = call.request.headers["content-type"] ?? "";
  if (type.includes("ndjson")) {
    const lines = text.split("\n").filter((line) => line.length > 1 || line.trim() !== "");
    return { ...common, lines, items: lines.map(parseOrNothing) };
  }
  try {
    const fromQuery = call.query.get("data");
    if (body.length === 0)
      return fromQuery === null ? "unreadable" : { ...common, items: asItems(fromData(fromQuery)) };
    if (type.includes("json") || /^\s*[[{]/.test(text))
      return { ...common, items: asItems(JSON.parse(text)) };
    const form = new URLSearchParams(text);
    const data = form.get("data") ?? fromQuery;
    return data === null ? "unreadable" : { ...common, items: asItems(fromData(data)), form };
  } catch {
    // Not JSON, not base64: the caller answers as Mixpanel does.
    return "unreadable";
  }
}
