// The plain JSON receiver: `POST /v1/events` and `POST /v1/people` with an array of items, the source's token as Bearer or
// Basic user name, and one result per item. See docs/guide/json-api.md.
import type { RawRecord } from "../../raw-record.ts";
import type {
  Answer,
  DecodeResult,
  HttpAnswer,
  ItemRefusal,
  ReceivedItem,
  Receiver,
} from "../../receiver.ts";
import { readCredential } from "../basic-credential.ts";
import { inflate } from "../inflate.ts";
import { isWithinLimits } from "../json-limits.ts";
import { readEvent } from "./read-event.ts";
import { readPerson } from "./read-person.ts";

const EVENTS_PATH = "/v1/events";
const PEOPLE_PATH = "/v1/people";
const EVENTS = "events";
const PEOPLE = "people";
const BODY_MAX_BYTES = 10 * 2 ** 20;
const UNPACKED_MAX_BYTES = 32 * 2 ** 20;
const ITEMS_MAX = 2000;

function decode(record: RawRecord): DecodeResult {
  const { contentEncoding, route, credential } = record.header;
  const unpacked = inflate(record.body, contentEncoding, UNPACKED_MAX_BYTES);
  if (unpacked.kind !== "body") return unpacked;
  if (!isWithinLimits(unpacked.body)) return { kind: "too-deep" };
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(unpacked.body));
  } catch {
    return { kind: "undecodable", reason: "body is not JSON in UTF-8" };
  }
  if (!Array.isArray(value))
    return {
      kind: "undecodable",
      reason: `body is not an array of ${route === PEOPLE ? "marks and sets" : "events"}`,
    };
  if (value.length > ITEMS_MAX)
    return { kind: "undecodable", reason: `body has more than ${ITEMS_MAX} items` };
  const read = route === PEOPLE ? readPerson : readEvent;
  return { kind: "items", items: value.map((item: unknown) => read(item, credential)) };
}

function json(status: number, body: object, headers: Readonly<Record<string, string>> = {}): HttpAnswer {
  return { status, headers: { "content-type": "application/json", ...headers }, body: JSON.stringify(body) };
}

function resultOf(item: ReceivedItem, index: number, refusal: ItemRefusal | undefined): object {
  if (item.kind === "malformed") return { index, status: "malformed", error: item.reason, field: item.field };
  if (refusal !== undefined) return { index, status: "refused", error: refusal.reason, field: refusal.field };
  return { index, status: "accepted" };
}

function answer(outcome: Answer): HttpAnswer {
  switch (outcome.kind) {
    case "accepted":
      return json(200, {
        results: outcome.items.map((item, index) => resultOf(item, index, outcome.refused?.get(index))),
      });
    case "findings":
      return json(422, { error: "the plan does not allow this", findings: outcome.messages });
    case "malformed":
      return json(400, { error: outcome.reason });
    case "unknown-token":
      return json(401, { error: "unknown token" }, { "www-authenticate": "Bearer" });
    case "forbidden":
      return json(403, { error: "this route takes tokens of sources with trust server only" });
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
    route: (method, path) => {
      if (method !== "POST") return undefined;
      if (path.endsWith(EVENTS_PATH)) return EVENTS;
      return path.endsWith(PEOPLE_PATH) ? PEOPLE : undefined;
    },
    trustNeeded: (route) => (route === PEOPLE ? "server" : undefined),
    credential: readCredential,
    decode,
    answer,
  };
}
