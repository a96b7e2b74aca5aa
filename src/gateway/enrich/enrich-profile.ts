// The update object of one profile operator as it goes out. A server never moves the user's place nor "last seen".
// Source (read 2026-11): Mixpanel "User profiles" and "Geolocation": `$ip: "0"` and `$ignore_time: true`.
import { isObject } from "../../core/index.ts";
import type { ProfileOperation } from "../../plan/index.ts";
import type { ClientPlace } from "./client-place.ts";

export interface ProfileUpdate {
  readonly groupKey: string | undefined;
  readonly id: string;
  readonly operation: ProfileOperation;
  /** As judged. */
  readonly value: unknown;
  readonly modifiers: Readonly<Record<string, unknown>>;
  readonly trust: "client" | "server";
  readonly place: ClientPlace;
}

/** Modifiers that go through; everything else beside the operator is the SDK's bookkeeping. */
const MODIFIERS = ["$time", "$ignore_alias", "$device_id", "$user_id", "$had_persisted_distinct_id"] as const;
const POSITION_MODIFIERS = ["$latitude", "$longitude"] as const;

function withPlace(update: ProfileUpdate): unknown {
  const { place, operation, value } = update;
  if (place.kind !== "place" || operation !== "$set" || !isObject(value)) return value;
  return {
    ...value,
    ...(place.city === undefined ? {} : { $city: place.city }),
    ...(place.region === undefined ? {} : { $region: place.region }),
    ...(place.country === undefined ? {} : { $country_code: place.country }),
  };
}

/** Builds the update object, without its token. */
export function enrichProfile(update: ProfileUpdate): Record<string, unknown> {
  const { groupKey, id, modifiers, place, trust } = update;
  const out: Record<string, unknown> =
    groupKey === undefined ? { $distinct_id: id } : { $group_key: groupKey, $group_id: id };
  out[update.operation] = withPlace(update);
  out["$ip"] = place.kind === "address" ? place.address : "0";
  if (trust === "server" || modifiers["$ignore_time"] === true) out["$ignore_time"] = true;
  for (const name of MODIFIERS) if (modifiers[name] !== undefined) out[name] = modifiers[name];
  // A position is as personal as an address: it goes only where an address would.
  if (place.kind !== "none")
    for (const name of POSITION_MODIFIERS) if (modifiers[name] !== undefined) out[name] = modifiers[name];
  return out;
}
