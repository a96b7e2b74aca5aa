// One line of traffic, whoever wrote it, as an event in Mixpanel's names. Mixpanel's own shape passes as it is: it is the hot path.
import { isObject } from "../../core/index.ts";
import type { TrafficEvent } from "../profile/traffic-profile.ts";

type Values = Readonly<Record<string, unknown>>;

const asObject = (value: unknown): Values => (isObject(value) ? value : {});
const asText = (value: unknown): string => (typeof value === "string" ? value : "");

/** Seconds since 1970 from a date as text; a number stays. */
function seconds(time: unknown): unknown {
  if (typeof time !== "string") return time;
  // Amplitude writes `2026-11-23 10:00:00.000000`, in UTC.
  const ms = Date.parse(/^\d{4}-\d{2}-\d{2} /.test(time) ? `${time.replace(" ", "T").slice(0, 23)}Z` : time);
  return Number.isNaN(ms) ? undefined : ms / 1000;
}

function made(event: string, properties: Values, more: Values): TrafficEvent {
  const known = Object.entries(more).filter(
    ([, value]) => value !== undefined && value !== null && value !== "",
  );
  return { event, properties: { ...properties, ...Object.fromEntries(known) } };
}

/** Segment and RudderStack: `type`, `event`, `properties`, `userId`, `anonymousId`, `timestamp`, `context.library.name`. */
function fromSegment(value: Values): TrafficEvent | undefined {
  const type = asText(value["type"]);
  const name =
    type === "page" || type === "screen"
      ? asText(value["name"]) || (type === "page" ? "Loaded a Page" : "Loaded a Screen")
      : asText(value["event"]);
  if (type !== "" && type !== "track" && type !== "page" && type !== "screen") return undefined;
  const library = asObject(asObject(value["context"])["library"]);
  return made(name, asObject(value["properties"]), {
    distinct_id: value["userId"] ?? value["anonymousId"],
    $device_id: value["anonymousId"],
    time: seconds(value["timestamp"] ?? value["sentAt"]),
    mp_lib: library["name"],
  });
}

/** Amplitude's export: `event_type`, `event_properties`, `user_id`, `device_id`, `event_time`, `library`. */
function fromAmplitude(value: Values): TrafficEvent {
  return made(asText(value["event_type"]), asObject(value["event_properties"]), {
    distinct_id: value["user_id"] ?? value["device_id"],
    $device_id: value["device_id"],
    time: seconds(value["event_time"] ?? value["time"]),
    mp_lib: asText(value["platform"]).toLowerCase(),
  });
}

/** Anything with a name: `event` or `name`, `properties`, `distinct_id` or `user_id`, `timestamp` or `time`. */
function fromPlain(value: Values): TrafficEvent | undefined {
  const name = value["event"] ?? value["name"];
  if (typeof name !== "string") return undefined;
  const { event: _event, name: _name, properties, timestamp, distinct_id, user_id, ...rest } = value;
  const own = isObject(properties) ? properties : rest;
  return made(name, own, {
    distinct_id: distinct_id ?? user_id ?? own["distinct_id"],
    time: seconds(timestamp ?? value["time"] ?? own["time"]),
  });
}

/** The event on a line; undefined for what is no event. */
export function readTrafficEvent(value: unknown): TrafficEvent | undefined {
  if (!isObject(value)) return undefined;
  const { event, properties } = value;
  if (isObject(properties) && typeof event === "string") {
    if (value["userId"] !== undefined || value["anonymousId"] !== undefined || value["type"] !== undefined)
      return fromSegment(value);
    const isMixpanel = value["distinct_id"] === undefined && value["timestamp"] === undefined;
    return isMixpanel ? { event, properties } : fromPlain(value);
  }
  if (typeof value["event_type"] === "string") return fromAmplitude(value);
  if (value["userId"] !== undefined || value["anonymousId"] !== undefined) return fromSegment(value);
  return fromPlain(value);
}
