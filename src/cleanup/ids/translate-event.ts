// One exported event of an old id, as it is imported under the new one. Pure and deterministic: the same event gives the same insert id.
import { derivedInsertId, type ExportedEvent, sentProperties } from "../events/exported-event.ts";
import { foldedId } from "./id-shape.ts";

type Properties = Readonly<Record<string, unknown>>;

const LINK_EVENTS: ReadonlySet<string> = new Set(["$identify", "$create_alias", "$merge"]);

/** The new id of the person under whose old one an event stands. */
export function newIdOf(properties: Properties, newIds: ReadonlyMap<string, string>): string | undefined {
  for (const name of ["distinct_id", "$user_id"]) {
    const id = properties[name];
    const found = typeof id === "string" ? newIds.get(foldedId(id)) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Undefined for an event that is nobody's of the mapping, or that only joins ids. */
export function translateEvent(
  exported: ExportedEvent,
  newIds: ReadonlyMap<string, string>,
): object | undefined {
  const { event, properties } = exported;
  const newId = LINK_EVENTS.has(event) ? undefined : newIdOf(properties, newIds);
  if (newId === undefined) return undefined;
  const { distinct_id: oldId, $insert_id: oldInsertId, time } = properties;
  return {
    event,
    // The device stays named beside the user: the user decides whose event it is. `ip: 0`: the place was found when it first came.
    properties: {
      ...sentProperties(exported),
      distinct_id: newId,
      $user_id: newId,
      $insert_id: derivedInsertId(["reimport_ids", event, oldId, oldInsertId, time, newId]),
      ip: 0,
    },
  };
}
