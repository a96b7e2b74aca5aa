// What ingestion refuses. Source (read 2026-11): Mixpanel "Import Events", "Track Events", "Data types".
import { isObject } from "../../core/index.ts";
import type { Project } from "../project.ts";

/** Why one record is refused, as `/import` reports it. */
export interface CheckFailure {
  readonly field: string;
  readonly message: string;
}

/** What does not change within one request. */
export interface CheckRules {
  readonly nowMs: number;
  readonly rejectsFuture: boolean;
  readonly anyCase: boolean;
  /** Ids may come as `$device_id` and `$user_id`. */
  readonly isSimplified: boolean;
  readonly isDamaged: boolean;
  readonly oldestTrackMs: number;
}

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
/** No forbidden id is longer. */
const FORBIDDEN_MAX = 36;
const INSERT_ID = /^[A-Za-z0-9-]{1,36}$/;
const LONE_SURROGATE = /\p{Surrogate}/u;
/** Smaller numbers are seconds: as milliseconds they would lie before 1973-03. */
const MILLISECONDS_FROM = 1e11;
const EARLIEST_MS = Date.UTC(1971, 0, 1);
const HOUR_MS = 3_600_000;
const TRACK_MAX_AGE_MS = 5 * 86_400_000;
const WIDTH_MAX = 255;
const DEPTH_MAX = 3;
const LEVEL_MAX = 50;
const EVENT_MAX_CHARACTERS = 1_000_000;
const TOKEN = /^[\w-]{1,64}$/;

/** Reads the switches once a request. */
export function checkRules(project: Project, isDamaged: boolean): CheckRules {
  const nowMs = project.clock.now();
  const { switches } = project;
  return {
    nowMs,
    rejectsFuture: switches.text("strict_future_time") === "reject",
    anyCase: switches.text("forbidden_ids") === "any-case",
    isSimplified: switches.text("identity") === "simplified",
    isDamaged,
    oldestTrackMs:
      switches.text("old_track_events") === "reject" ? nowMs - TRACK_MAX_AGE_MS : Number.NEGATIVE_INFINITY,
  };
}

/** `time` in ms, from seconds or milliseconds; `undefined` for what is no time. */
function timeMsOf(time: unknown): number | undefined {
  const value = typeof time === "string" && /^\d+(\.\d+)?$/.test(time) ? Number(time) : time;
  if (typeof value !== "number" || !Number.isFinite(value)) return undefined;
  return Math.round(value < MILLISECONDS_FROM ? value * 1000 : value);
}

/** The time that an event is stored with: an absent or future one becomes now. */
export function storedTimeMs(time: unknown, nowMs: number): number {
  const at = timeMsOf(time);
  return at === undefined || at > nowMs + HOUR_MS ? nowMs : at;
}

function isForbidden(id: string, rules: CheckRules): boolean {
  return id.length <= FORBIDDEN_MAX && FORBIDDEN_IDS.has(rules.anyCase ? id.toLowerCase() : id);
}

function checkTime(time: unknown, rules: CheckRules): CheckFailure | undefined {
  const field = "properties.time";
  const at = typeof time === "number" ? timeMsOf(time) : undefined;
  if (at === undefined || at < EARLIEST_MS)
    return { field, message: "'properties.time' is invalid: must be specified as seconds since epoch" };
  if (at > rules.nowMs + HOUR_MS && rules.rejectsFuture)
    return { field, message: "'properties.time' is invalid: must not be more than an hour in the future" };
  return undefined;
}

function checkInsertId(insertId: unknown, rules: CheckRules): CheckFailure | undefined {
  const field = "$insert_id";
  if (insertId === undefined || insertId === "")
    return { field, message: "'$insert_id' must not be missing or blank" };
  if (typeof insertId !== "string") return { field, message: "'$insert_id' is invalid: must be a string" };
  if (insertId.length > FORBIDDEN_MAX)
    return { field, message: "'$insert_id' is invalid: must be 36 bytes or less" };
  if (isForbidden(insertId, rules))
    return { field, message: "'$insert_id' is invalid: not an allowed value" };
  return INSERT_ID.test(insertId)
    ? undefined
    : { field, message: "'$insert_id' is invalid: must only contain alphanumeric or hyphen '-' characters" };
}

function checkDistinctId(
  properties: Readonly<Record<string, unknown>>,
  rules: CheckRules,
): CheckFailure | undefined {
  const field = "properties.distinct_id";
  const distinctId = properties["distinct_id"];
  if (distinctId === undefined) {
    const hasOther = properties["$device_id"] !== undefined || properties["$user_id"] !== undefined;
    if (rules.isSimplified && hasOther) return undefined;
    return { field, message: "'properties.distinct_id' must not be missing" };
  }
  if (typeof distinctId !== "string")
    return { field, message: "'properties.distinct_id' is invalid: must be a string" };
  return isForbidden(distinctId, rules)
    ? { field, message: "'properties.distinct_id' is invalid: not an allowed value" }
    : undefined;
}

/** What is wrong with a list or object; `depth` counts the levels of objects above it, `level` those of lists too. */
function checkNested(value: object, depth: number, level = 0): string | undefined {
  // Lists in lists have no documented limit; without one a hostile body would exhaust the stack.
  if (level > LEVEL_MAX) return "must not be nested so deeply";
  const items: unknown[] = Array.isArray(value) ? value : Object.values(value);
  if (items.length >= WIDTH_MAX)
    return Array.isArray(value)
      ? "lists must have fewer than 255 items"
      : "objects must have fewer than 255 keys";
  const below = Array.isArray(value) ? depth : depth + 1;
  if (below > DEPTH_MAX) return "objects must not be nested more than 3 levels deep";
  for (const item of items) {
    if (typeof item !== "object" || item === null) continue;
    const wrong = checkNested(item, below, level + 1);
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}

function checkValues(
  properties: Readonly<Record<string, unknown>>,
  isDamaged: boolean,
): CheckFailure | undefined {
  let count = 0;
  for (const name in properties) {
    count += 1;
    const value = properties[name];
    const wrong =
      typeof value === "string"
        ? LONE_SURROGATE.test(value) || (isDamaged && value.includes("\uFFFD"))
          ? "string should be valid utf8"
          : undefined
        : typeof value === "object" && value !== null
          ? checkNested(value, 0)
          : undefined;
    if (wrong !== undefined)
      return { field: `properties.${name}`, message: `properties.${name} is invalid: ${wrong}` };
  }
  return count >= WIDTH_MAX
    ? { field: "properties", message: "'properties' is invalid: must have fewer than 255 keys" }
    : undefined;
}

/** Checks one event as strict import does; `characters` is the length of its JSON where that is known. */
export function checkStrict(value: unknown, rules: CheckRules, characters: number): CheckFailure | undefined {
  if (!isObject(value)) return { field: "", message: "record is not a JSON object" };
  const { event, properties } = value;
  if (typeof event !== "string" || event.trim() === "")
    return { field: "event", message: "'event' must not be missing or blank" };
  if (!isObject(properties)) return { field: "properties", message: "'properties' must be an object" };
  if (characters >= EVENT_MAX_CHARACTERS)
    return { field: "event", message: "'event' is invalid: must be smaller than 1 MB" };
  return (
    checkTime(properties["time"], rules) ??
    checkDistinctId(properties, rules) ??
    checkInsertId(properties["$insert_id"], rules) ??
    checkValues(properties, rules.isDamaged)
  );
}

/** Why `/track` and loose import refuse an event; `undefined` when they take it. `/import` knows the project without a token. */
export function checkLoose(value: unknown, rules: CheckRules, route: "track" | "import"): string | undefined {
  if (!isObject(value)) return "data, not an object";
  const { event, properties } = value;
  if (typeof event !== "string" || event.trim() === "") return "event, missing";
  if (!isObject(properties)) return "properties, missing";
  if (route === "track") {
    const token = properties["token"];
    if (token === undefined || token === "" || token === null) return "token, missing or empty";
    if (typeof token !== "string" || !TOKEN.test(token)) return "token, invalid format";
    const at = timeMsOf(properties["time"]);
    if (at !== undefined && at < rules.oldestTrackMs) return "time, older than 5 days";
  }
  if (event === "$identify" && !properties["distinct_id"] && !properties["$identified_id"])
    return "distinct_id, missing or empty";
  const wrong = checkValues(properties, false);
  return wrong ? `${wrong.field}, invalid` : undefined;
}
