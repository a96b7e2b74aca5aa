// From parsed JSON to items: events, and profile updates with their operators. Wrong shapes become malformed items, never errors.
import { isObject } from "../../../core/index.ts";
import { PROFILE_OPERATIONS, type ProfileOperation } from "../../../plan/index.ts";
import type { ReceivedItem } from "../../receiver.ts";

const OPERATIONS: ReadonlySet<string> = new Set(PROFILE_OPERATIONS);

function isOperation(name: string): name is ProfileOperation {
  return OPERATIONS.has(name);
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function malformed(value: unknown, reason: string, token = ""): ReceivedItem {
  return { kind: "malformed", token, reason, value };
}

/** An event object; `credential` stands in where the event names no token (import). */
export function readEvent(value: unknown, credential: string): ReceivedItem {
  if (!isObject(value)) return malformed(value, "event, not an object", credential);
  const { event, properties: given = {} } = value;
  if (!isObject(given)) return malformed(value, "properties, not an object", credential);
  const token = text(given["token"]) || credential;
  if (typeof event !== "string" || event === "") return malformed(value, "event, missing", token);
  if (token === "") return malformed(value, "token, missing or empty");
  const metadata = value["$mp_metadata"];
  const clientEventId = isObject(metadata) ? text(metadata["$mp_event_id"]) : "";
  return {
    kind: "event",
    token,
    event,
    properties: given,
    ...(clientEventId === "" ? {} : { clientEventId }),
  };
}

/** A user profile update (`/engage`) or group profile update (`/groups`). */
export function readProfile(value: unknown, target: "user" | "group"): ReceivedItem {
  if (!isObject(value)) return malformed(value, "update, not an object");
  const token = text(value["$token"]);
  if (token === "") return malformed(value, "$token, missing or empty");
  const isGroup = target === "group";
  const id = value[isGroup ? "$group_id" : "$distinct_id"];
  const groupKey = text(value["$group_key"]);
  if (isGroup && groupKey === "") return malformed(value, "$group_key, missing or empty", token);
  if ((typeof id !== "string" && typeof id !== "number") || id === "")
    return malformed(
      value,
      isGroup ? "$group_id, missing or empty" : "$distinct_id, missing or empty",
      token,
    );
  const operations: { operation: ProfileOperation; value: unknown }[] = [];
  const modifiers: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(value)) {
    if (isOperation(name)) operations.push({ operation: name, value: member });
    else if (name.startsWith("$") && !IDENTIFIERS.has(name)) modifiers[name] = member;
  }
  if (operations.length === 0) return malformed(value, "operator, missing", token);
  return {
    kind: "profile",
    token,
    groupKey: isGroup ? groupKey : undefined,
    id: String(id),
    operations,
    modifiers,
  };
}

const IDENTIFIERS: ReadonlySet<string> = new Set(["$token", "$distinct_id", "$group_key", "$group_id"]);
