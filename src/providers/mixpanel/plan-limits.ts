// What Mixpanel cuts, refuses or keeps for itself, as data for `check`.
// Sources (read 2026-11): Mixpanel "Import Events", "Data types", "Reserved properties", "User profile limits", "Default properties".
import type { PlanLimits } from "../../core/index.ts";

/** Limits of Mixpanel on names and shapes. */
export const MIXPANEL_PLAN_LIMITS: PlanLimits = {
  provider: "mixpanel",
  eventNameMaxBytes: 255,
  propertyNameMaxBytes: 255,
  // "fewer than 255", of which the SDKs take some thirty.
  propertiesPerEventMax: 220,
  propertiesPerProfileMax: 2000,
  nestingMax: 3,
  listItemsMax: 254,
  objectKeysMax: 254,
  stringMaxBytes: 255,
  reservedEventNames: [],
  reservedPropertyNames: ["token", "ip", "time", "distinct_id", "bucket", "alias"],
  writableProfileNames: ["$name", "$first_name", "$last_name", "$email", "$phone", "$avatar", "$created"],
  reservedPrefixes: ["$", "mp_"],
  forbiddenIds: [
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
  ],
};
