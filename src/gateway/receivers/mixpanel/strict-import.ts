// What `/import?strict=1` refuses, event by event. The rest of the request is kept.
// Source (read 2026-09): Mixpanel "Import Events", validation rules and `failed_records`.
import { isObject } from "../../../core/index.ts";
import type { ReceivedItem } from "../../receiver.ts";

const INSERT_ID = /^[A-Za-z0-9-]{1,36}$/;
const EARLIEST_MS = Date.UTC(1971, 0, 1);
const AHEAD_MAX_MS = 3_600_000;
/** Numbers below this are seconds: as milliseconds they would be before March 1973. */
const MILLISECONDS_FROM = 1e11;

interface Failure {
  readonly field: string;
  readonly message: string;
}

function checkTime(time: unknown, receivedAt: number): Failure | undefined {
  if (typeof time !== "number" || !Number.isFinite(time))
    return {
      field: "properties.time",
      message: "'properties.time' is invalid: must be specified as seconds since epoch",
    };
  const at = time < MILLISECONDS_FROM ? time * 1000 : time;
  if (at < EARLIEST_MS)
    return { field: "properties.time", message: "'properties.time' is invalid: before 1971-01-01" };
  if (at > receivedAt + AHEAD_MAX_MS)
    return { field: "properties.time", message: "'properties.time' is invalid: more than an hour ahead" };
  return undefined;
}

function checkEvent(properties: Readonly<Record<string, unknown>>, receivedAt: number): Failure | undefined {
  const time = checkTime(properties["time"], receivedAt);
  if (time) return time;
  const insertId = properties["$insert_id"];
  if (typeof insertId !== "string" || insertId === "")
    return { field: "$insert_id", message: "'$insert_id' must not be missing" };
  if (!INSERT_ID.test(insertId))
    return {
      field: "$insert_id",
      message: "'$insert_id' is invalid: must only contain alphanumeric or hyphen '-' characters",
    };
  if (
    properties["distinct_id"] === undefined &&
    properties["$device_id"] === undefined &&
    properties["$user_id"] === undefined
  )
    return { field: "properties.distinct_id", message: "'properties.distinct_id' must not be missing" };
  return undefined;
}

/** Turns an event that strict import refuses into a malformed item; anything else comes back as it is. */
export function applyStrictImport(item: ReceivedItem, receivedAt: number): ReceivedItem {
  if (item.kind !== "event") return item;
  const failure = checkEvent(item.properties, receivedAt);
  if (!failure) return item;
  const value = { event: item.event, properties: item.properties };
  return { kind: "malformed", token: item.token, reason: failure.message, field: failure.field, value };
}

export interface FailedRecord {
  readonly index: number;
  readonly insert_id: string;
  readonly field: string;
  readonly message: string;
}

/** The `failed_records` of an answer. */
export function failedRecords(items: readonly ReceivedItem[]): FailedRecord[] {
  const failed: FailedRecord[] = [];
  for (const [index, item] of items.entries()) {
    if (item.kind !== "malformed") continue;
    const properties = isObject(item.value) ? item.value["properties"] : undefined;
    const insertId = isObject(properties) ? properties["$insert_id"] : undefined;
    failed.push({
      index,
      insert_id: typeof insertId === "string" ? insertId : "",
      field: item.field ?? "event",
      message: item.reason,
    });
  }
  return failed;
}
