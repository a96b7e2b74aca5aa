// What the gateway itself adds to an event that may go out: time, insert id, distinct ID, place.
import type { EpochMs } from "../../core/index.ts";
import type { ClientPlace } from "./client-place.ts";

export interface EventEnrichment {
  readonly at: EpochMs;
  readonly insertId: string;
  readonly place: ClientPlace;
}

const DEVICE_PREFIX = "$device:";

/** The ID an event is about where it names none: strict import asks for one. Mixpanel derives the same from user and device. */
function derivedDistinctId(properties: Readonly<Record<string, unknown>>): string {
  const { $user_id: user, $identified_id: identified, $device_id: device } = properties;
  if (typeof user === "string" && user !== "") return user;
  if (typeof identified === "string" && identified !== "") return identified;
  if (typeof device === "string" && device !== "") return `${DEVICE_PREFIX}${device}`;
  return "";
}

/**
 * Changes the properties into what goes out, in place: a copy of every event would cost more than judging it.
 * What is `undefined` is not written to JSON; deleting a member would make the object slow.
 */
export function enrichEvent(out: Record<string, unknown>, { at, insertId, place }: EventEnrichment): void {
  out["token"] = undefined;
  out["time"] = at;
  out["$insert_id"] = insertId;
  if (out["distinct_id"] === undefined || out["distinct_id"] === null)
    out["distinct_id"] = derivedDistinctId(out);
  // 0 says "do not look up": left out, the provider would look up the gateway's own address.
  out["ip"] = place.kind === "address" ? place.address : 0;
  if (place.kind === "place") {
    if (place.city !== undefined) out["$city"] = place.city;
    if (place.region !== undefined) out["$region"] = place.region;
    if (place.country !== undefined) out["mp_country_code"] = place.country;
  }
}
