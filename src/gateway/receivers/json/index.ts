// The plain JSON receiver: `POST /v1/events` with an array of `{ event, distinct_id, time, properties, insert_id? }`,
// the source's token as Bearer or Basic user name, and one result per item. See docs/guide/json-api.md.
import { isObject } from "../../../core/index.ts";
import type { RawRecord } from "../../raw-record.ts";
import type { Answer, DecodeResult, HttpAnswer, ReceivedItem, Receiver } from "../../receiver.ts";
import { readCredential } from "../basic-credential.ts";
import { inflate } from "../inflate.ts";
import { isWithinLimits } from "../json-limits.ts";

const PATH = "/v1/events";
const BODY_MAX_BYTES = 10 * 2 ** 20;
const UNPACKED_MAX_BYTES = 32 * 2 ** 20;
const ITEMS_MAX = 2000;

type Malformed = (field: string, reason: string) => ReceivedItem;

function readTime(time: unknown): unknown {
  return typeof time === "string" && !Number.isNaN(Date.parse(time)) ? Date.parse(time) : time;
}

function readItem(value: unknown, token: string): ReceivedItem {
  const malformed: Malformed = (field, reason) => ({ kind: "malformed", token, reason, field, value });
  if (!isObject(value)) return malformed("", "item is not an object");
  const { event, distinct_id: distinctId, time, insert_id: insertId, properties = {} } = value;
  if (typeof event !== "string" || event === "")
    return malformed("event", "event is missing or not a string");
  if (!isObject(properties)) return malformed("properties", "properties is not an object");
  if (distinctId !== undefined && typeof distinctId !== "string")
    return malformed("distinct_id", "distinct_id is not a string");
  const at = readTime(time);
  if (at !== undefined && typeof at !== "number")
    return malformed("time", "time is neither a number nor an ISO 8601 date");
  if (insertId !== undefined && typeof insertId !== "string")
    return malformed("insert_id", "insert_id is not a string");
  return {
    kind: "event",
    token,
    event,
    properties: {
      ...properties,
      ...(distinctId === undefined ? {} : { distinct_id: distinctId }),
      ...(at === undefined ? {} : { time: at }),
      ...(insertId === undefined ? {} : { $insert_id: insertId }),
    },
  };
}

function decode(record: RawRecord): DecodeResult {
  const unpacked = inflate(record.body, record.header.contentEncoding, UNPACKED_MAX_BYTES);
  if (unpacked.kind !== "body") return unpacked;
  if (!isWithinLimits(unpacked.body)) return { kind: "too-deep" };
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(unpacked.body));
  } catch {
    return { kind: "undecodable", reason: "body is not JSON in UTF-8" };
  }
  if (!Array.isArray(value)) return { kind: "undecodable", reason: "body is not an array of events" };
  if (value.length > ITEMS_MAX)
    return { kind: "undecodable", reason: `body has more than ${ITEMS_MAX} items` };
  return { kind: "items", items: value.map((item: unknown) => readItem(item, record.header.credential)) };
}

function json(status: number, body: object, headers: Readonly<Record<string, string>> = {}): HttpAnswer {
  return { status, headers: { "content-type": "application/json", ...headers }, body: JSON.stringify(body) };
}

function answer(outcome: Answer): HttpAnswer {
  switch (outcome.kind) {
    case "accepted":
      return json(200, {
        results: outcome.items.map((item, index) =>
          item.kind === "malformed"
            ? { index, status: "malformed", error: item.reason, field: item.field }
            : { index, status: "accepted" },
        ),
      });
    case "findings":
      return json(422, { error: "the plan does not allow this", findings: outcome.messages });
    case "malformed":
      return json(400, { error: outcome.reason });
    case "unknown-token":
      return json(401, { error: "unknown token" }, { "www-authenticate": "Bearer" });
    case "too-large":
      return json(413, { error: `body is larger than ${outcome.limitBytes} bytes` });
    case "overloaded":
      return json(503, { error: "overloaded" }, { "retry-after": String(outcome.retryAfterSeconds) });
  }
}

/** Makes the receiver. */
export function makeJsonReceiver(): Receiver {
  return {
    kind: "json",
    bodyMaxBytes: () => BODY_MAX_BYTES,
    route: (method, path) =>
      method === "POST" && (path === PATH || path.endsWith(PATH)) ? "events" : undefined,
    credential: readCredential,
    decode,
    answer,
  };
}
