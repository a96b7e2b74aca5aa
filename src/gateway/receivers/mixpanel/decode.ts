// The whole way from a raw record to items, for every shape the Mixpanel SDKs send. Pure: the judge repeats it later.
import type { DecodeResult, ReceivedItem } from "../../receiver.ts";
import type { RawRecord } from "../../raw-record.ts";
import { inflate } from "../inflate.ts";
import { isWithinLimits } from "../json-limits.ts";
import { readEvent, readProfile } from "./items.ts";
import { readPayload } from "./payload.ts";
import { applyStrictImport } from "./strict-import.ts";

/** Items in one request (Mixpanel documents 2,000). */
export const ITEMS_MAX = 2000;
/** Bytes of a body once it is unpacked. */
export const UNPACKED_MAX_BYTES = 32 * 2 ** 20;

export type MixpanelRoute = "track" | "engage" | "groups" | "import";

const strictUtf8 = new TextDecoder("utf-8", { fatal: true });

/** Text of bytes, or `undefined` when they are not UTF-8. `TextDecoder` drops a byte order mark, as it should. */
function utf8(bytes: Uint8Array): string | undefined {
  try {
    return strictUtf8.decode(bytes);
  } catch {
    // Bad UTF-8 is an answer, not a failure: the caller reports it.
    return undefined;
  }
}

function parse(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    // Bad JSON is an answer too.
    return undefined;
  }
}

function parseLines(text: string): unknown[] | undefined {
  const values: unknown[] = [];
  for (const line of text.split("\n")) {
    if (line.trim() === "") continue;
    const parsed = parse(line);
    if (!parsed) return undefined;
    values.push(parsed.value);
  }
  return values;
}

function readItem(value: unknown, route: MixpanelRoute, credential: string): ReceivedItem {
  if (route === "engage") return readProfile(value, "user");
  if (route === "groups") return readProfile(value, "group");
  return readEvent(value, credential);
}

/** Decodes a request to one of the four data routes. */
export function decodeMixpanel(
  record: RawRecord,
  options: { readonly wasAdmitted: boolean } = { wasAdmitted: false },
): DecodeResult {
  const { header } = record;
  const unpacked = inflate(record.body, header.contentEncoding, UNPACKED_MAX_BYTES);
  if (unpacked.kind !== "body") return unpacked;
  const body = Buffer.from(unpacked.body.buffer, unpacked.body.byteOffset, unpacked.body.byteLength);
  const payload = readPayload(body, header.contentType, header.query);
  if (payload.json.length === 0) return { kind: "undecodable", reason: "data, missing or empty" };
  if (!options.wasAdmitted && !isWithinLimits(payload.json)) return { kind: "too-deep" };
  const text = utf8(payload.json);
  if (text === undefined) return { kind: "undecodable", reason: "data, not UTF-8" };
  let values: readonly unknown[] | undefined;
  if (payload.lines) values = parseLines(text);
  else {
    const parsed = parse(text);
    if (parsed) values = Array.isArray(parsed.value) ? parsed.value : [parsed.value];
  }
  if (!values) return { kind: "undecodable", reason: "data, not JSON" };
  if (values.length > ITEMS_MAX) return { kind: "undecodable", reason: `data, more than ${ITEMS_MAX} items` };
  const route = header.route as MixpanelRoute;
  const items = values.map((value) => readItem(value, route, header.credential));
  if (route !== "import" || new URLSearchParams(header.query).get("strict") !== "1")
    return { kind: "items", items };
  return { kind: "items", items: items.map((item) => applyStrictImport(item, header.receivedAt)) };
}
