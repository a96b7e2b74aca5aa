// One item of `POST /v1/events`: `{ event, distinct_id, time, properties, insert_id? }`.
import { isObject } from "../../../core/index.ts";
import type { ReceivedItem } from "../../receiver.ts";

function readTime(time: unknown): unknown {
  return typeof time === "string" && !Number.isNaN(Date.parse(time)) ? Date.parse(time) : time;
}

/** Reads an event, or says which member is wrong. */
export function readEvent(value: unknown, token: string): ReceivedItem {
  const malformed = (field: string, reason: string): ReceivedItem => ({
    kind: "malformed",
    token,
    reason,
    field,
    value,
  });
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
