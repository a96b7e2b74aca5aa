// What strict import checks, and what every ingested event gets. Source (read 2026-11): Mixpanel "Import Events", "Track Events".
import { isObject } from "../../core/index.ts";
import type { Project } from "../project.ts";

/** Source (read 2026-11): Mixpanel "Import Events", the list of ids that are refused. */
const FORBIDDEN_IDS: ReadonlySet<string> = new Set([
  "00000000-0000-0000-0000-000000000000",
  "anon",
  "anonymous",
  "nil",
  "none",
  "null",
  "n/a",
  "na",
  "undefined",
  "unknown",
  "<nil>",
  "0",
  "-1",
  "true",
  "false",
  "[]",
  "{}",
]);
const INSERT_ID = /^[A-Za-z0-9-]{1,36}$/;
const MILLISECONDS_FROM = 1e11;
const EARLIEST_MS = Date.UTC(1971, 0, 1);
const HOUR_MS = 3_600_000;
const TRACK_MAX_AGE_MS = 5 * 86_400_000;
const PROPERTIES_MAX = 255;
const NESTING_MAX = 3;
const EVENT_MAX_CHARACTERS = 1_000_000;

export interface CheckFailure {
  readonly field: string;
  readonly message: string;
}

export type EventProperties = Record<string, unknown>;

/** Seconds or milliseconds as milliseconds; `undefined` for anything else. */
export function timeMs(time: unknown): number | undefined {
  const value = typeof time === "string" && /^\d+(\.\d+)?$/.test(time) ? Number(time) : time;
  if (typeof value !== "number" || !Number.isFinite(value)) return undefined;
  return Math.round(value < MILLISECONDS_FROM ? value * 1000 : value);
}

function depthOf(value: unknown): number {
  if (Array.isArray(value)) return Math.max(0, ...value.map(depthOf));
  if (!isObject(value)) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

function isForbidden(id: string, project: Project): boolean {
  return FORBIDDEN_IDS.has(project.switches.text("forbidden_ids") === "any-case" ? id.toLowerCase() : id);
}

function checkTime(time: unknown, project: Project): CheckFailure | undefined {
  const field = "properties.time";
  const at = timeMs(time);
  if (at === undefined)
    return { field, message: "'properties.time' is invalid: must be specified as seconds since epoch" };
  if (at < EARLIEST_MS)
    return { field, message: "'properties.time' is invalid: must be later than 1971-01-01" };
  if (at > project.clock.now() + HOUR_MS && project.switches.text("strict_future_time") === "reject")
    return { field, message: "'properties.time' is invalid: must not be more than an hour in the future" };
  return undefined;
}

function checkIds(properties: EventProperties, project: Project): CheckFailure | undefined {
  const insertId = properties["$insert_id"];
  if (insertId === undefined) return { field: "$insert_id", message: "'$insert_id' must not be missing" };
  if (typeof insertId !== "string" || !INSERT_ID.test(insertId) || isForbidden(insertId, project))
    return {
      field: "$insert_id",
      message: "'$insert_id' is invalid: must only contain alphanumeric or hyphen '-' characters",
    };
  const distinctId = properties["distinct_id"];
  const simplified =
    project.switches.text("identity") === "simplified" &&
    (properties["$device_id"] !== undefined || properties["$user_id"] !== undefined);
  if (distinctId === undefined && !simplified)
    return { field: "properties.distinct_id", message: "'properties.distinct_id' must not be missing" };
  if (distinctId !== undefined && typeof distinctId !== "string")
    return {
      field: "properties.distinct_id",
      message: "'properties.distinct_id' is invalid: must be a string",
    };
  if (typeof distinctId === "string" && isForbidden(distinctId, project))
    return {
      field: "properties.distinct_id",
      message: "'properties.distinct_id' is invalid: not an allowed value",
    };
  return undefined;
}

function checkShape(properties: EventProperties): CheckFailure | undefined {
  let count = 0;
  for (const [name, value] of Object.entries(properties)) {
    count += 1;
    if (typeof value !== "object" || value === null) continue;
    const field = `properties.${name}`;
    if (Array.isArray(value) && value.length >= PROPERTIES_MAX)
      return { field, message: `${field} is invalid: lists have fewer than 255 items` };
    if (!Array.isArray(value) && Object.keys(value).length >= PROPERTIES_MAX)
      return { field, message: `${field} is invalid: objects have fewer than 255 keys` };
    if (depthOf(value) > NESTING_MAX) return { field, message: `${field} is invalid: nested too deeply` };
  }
  return count >= PROPERTIES_MAX
    ? { field: "properties", message: "'properties' is invalid: fewer than 255 are allowed" }
    : undefined;
}

/** Checks one event as strict import does. */
export function checkStrict(value: unknown, project: Project): CheckFailure | undefined {
  if (!isObject(value)) return { field: "event", message: "the record is not an object" };
  const { event, properties } = value;
  if (typeof event !== "string" || event.trim() === "")
    return { field: "event", message: "'event' must not be missing or blank" };
  if (!isObject(properties)) return { field: "properties", message: "'properties' must be an object" };
  return checkTime(properties["time"], project) ?? checkIds(properties, project) ?? checkShape(properties);
}

/** Why `/track` refuses an event; `undefined` when it takes it. */
export function checkTrack(value: unknown, project: Project): string | undefined {
  if (!isObject(value)) return "data, not an object";
  const { event, properties } = value;
  if (typeof event !== "string" || event === "") return "event, missing";
  if (!isObject(properties)) return "properties, missing";
  const token = properties["token"];
  if (token === undefined || token === "") return "token, missing or empty";
  if (typeof token !== "string") return "token, invalid format";
  if (
    event === "$identify" &&
    properties["distinct_id"] === undefined &&
    properties["$identified_id"] === undefined
  )
    return "distinct_id, missing or empty";
  const at = timeMs(properties["time"]);
  if (at !== undefined && at < project.clock.now() - TRACK_MAX_AGE_MS) return "time, older than 5 days";
  return JSON.stringify(value).length > EVENT_MAX_CHARACTERS ? "event, larger than 1 MB" : undefined;
}
