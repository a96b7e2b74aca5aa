// The id by which a repetition of an event is recognised. Deterministic: the same event gives the same id on every attempt.
import { hash } from "node:crypto";
import type { Position } from "../../core/index.ts";

/** What strict import takes. Source (read 2026-11): Mixpanel "Import Events". */
const WELL_FORMED = /^[A-Za-z0-9-]{1,36}$/;
const MAX_CHARACTERS = 36;

/** What makes one received event this one and no other. */
export interface EventOccurrence {
  /** Position in `raw`, and index of the item there. */
  readonly position: Position;
  readonly index: number;
  readonly event: string;
  /** As received. */
  readonly properties: Readonly<Record<string, unknown>>;
  /** `$mp_metadata.$mp_event_id`, where the SDK sends one. */
  readonly clientEventId: string | undefined;
  /** The client said when it happened. */
  readonly hasTime: boolean;
  /** How often the same content came before in the same request. */
  readonly repetition: number;
}

export interface InsertId {
  readonly id: string;
  /**
   * `sent`: the client's own; `respelled`: it has characters or a length that import refuses; `client-event`: from the SDK's event id;
   * `content`: hash of what was sent; `position`: nothing tells a repetition from a second event, so each counts as its own.
   */
  readonly kind: "sent" | "respelled" | "client-event" | "content" | "position";
}

function shortHash(text: string): string {
  return hash("sha256", text).slice(0, MAX_CHARACTERS);
}

function clean(id: string, kind: "sent" | "client-event"): InsertId {
  if (WELL_FORMED.test(id)) return { id, kind };
  return { id: shortHash(id), kind: kind === "sent" ? "respelled" : kind };
}

/** The text that is hashed where the client names no id; also tells equal content within one request. */
export function contentOf(event: string, properties: Readonly<Record<string, unknown>>): string {
  return `${event}\n${JSON.stringify(properties)}`;
}

/** Finds or makes the insert id of one event. */
export function insertId(occurrence: EventOccurrence): InsertId {
  const { properties, clientEventId, event } = occurrence;
  const sent = properties["$insert_id"];
  if (typeof sent === "string" && sent !== "") return clean(sent, "sent");
  if (typeof sent === "number") return clean(String(sent), "sent");
  const inside = properties["$mp_metadata"];
  const nested =
    typeof inside === "object" && inside !== null && "$mp_event_id" in inside
      ? inside.$mp_event_id
      : undefined;
  const own = clientEventId ?? (typeof nested === "string" && nested !== "" ? nested : undefined);
  if (own !== undefined) return clean(own, "client-event");
  const content = contentOf(event, properties);
  if (occurrence.hasTime) return { id: shortHash(`${content}\n${occurrence.repetition}`), kind: "content" };
  return { id: shortHash(`${content}\n@${occurrence.position}.${occurrence.index}`), kind: "position" };
}
