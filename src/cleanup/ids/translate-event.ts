// One exported event of an old id, as it is imported under the new one. Pure and deterministic: the same event gives the same insert id.
import { createHash } from "node:crypto";
import { foldedId } from "./id-shape.ts";

type Properties = Readonly<Record<string, unknown>>;

/** Written by ingestion; it writes them again. Source (read 2026-11): Mixpanel "Property reference". */
const STAMPS: ReadonlySet<string> = new Set([
  "token",
  "mp_processing_time_ms",
  "$import",
  "$mp_api_endpoint",
  "$mp_api_timestamp_ms",
  "$mp_event_size",
  "$distinct_id_before_identity",
  "$identity_failure_reason",
  "$failure_reason",
  "$failure_description",
]);
const LINK_EVENTS: ReadonlySet<string> = new Set(["$identify", "$create_alias", "$merge"]);
const INSERT_ID_CHARACTERS = 36;

function newIdOf(properties: Properties, newIds: ReadonlyMap<string, string>): string | undefined {
  for (const name of ["distinct_id", "$user_id"]) {
    const id = properties[name];
    const found = typeof id === "string" ? newIds.get(foldedId(id)) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Undefined for an event that is nobody's of the mapping, or that only joins ids. */
export function translateEvent(
  { event, properties }: { readonly event: string; readonly properties: Properties },
  newIds: ReadonlyMap<string, string>,
): object | undefined {
  const newId = LINK_EVENTS.has(event) ? undefined : newIdOf(properties, newIds);
  if (newId === undefined) return undefined;
  const kept = Object.entries(properties).filter(([name]) => !STAMPS.has(name));
  const { distinct_id: oldId, $insert_id: oldInsertId, time } = properties;
  const insertId = createHash("sha256")
    .update(JSON.stringify(["reimport_ids", event, oldId, oldInsertId, time, newId]))
    .digest("hex")
    .slice(0, INSERT_ID_CHARACTERS);
  return {
    event,
    // The device stays named beside the user: the user decides whose event it is. `ip: 0`: the place was found when it first came.
    properties: {
      ...Object.fromEntries(kept),
      distinct_id: newId,
      $user_id: newId,
      $insert_id: insertId,
      ip: 0,
    },
  };
}
