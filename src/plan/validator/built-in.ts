// Mixpanel's own events and SDK properties: they pass without being in the plan. Data only.
// Sources (read 2026-11): mixpanel-browser 2.83.0; Mixpanel docs "Reserved properties", "Autocapture", "Default properties";
// Swift 6.5 and Android 8.9 SDKs for `$ae_*`, `$ios_*`, `$android_*`.

/** How the ids of an event are meant: most events carry a user, identity events link two ids. */
export type IdentityKind = "event" | "identify" | "alias" | "merge";

/** Identity events. A plan cannot redefine them: dropping one breaks the user's history. */
export const IDENTITY_EVENTS: ReadonlyMap<string, IdentityKind> = new Map([
  ["$identify", "identify"],
  ["$create_alias", "alias"],
  ["$merge", "merge"],
]);

const BUILT_IN_EVENTS: ReadonlySet<string> = new Set([
  "$identify",
  "$create_alias",
  "$merge",
  "$opt_in",
  "$experiment_started",
  "$session_start",
  "$session_end",
]);
const BUILT_IN_EVENT_PREFIXES = ["$mp_", "$ae_"] as const;

/** Tells whether Mixpanel's SDKs send this event on their own. */
export function isBuiltInEvent(name: string): boolean {
  return BUILT_IN_EVENTS.has(name) || BUILT_IN_EVENT_PREFIXES.some((prefix) => name.startsWith(prefix));
}

/** Properties of built-in events whose names have no reserved prefix. */
const BUILT_IN_EVENT_PROPERTIES: ReadonlySet<string> = new Set([
  "Experiment name",
  "Variant name",
  "Variant fetch start time",
  "Variant fetch complete time",
  "Variant fetch latency (ms)",
  "Variant fetch traceparent",
]);

/** SDK properties of any event, exact. */
export const SDK_EVENT_PROPERTIES: readonly string[] = [
  "token",
  "time",
  "distinct_id",
  "ip",
  "alias",
  "current_page_title",
  "current_domain",
  "dclid",
  "fbclid",
  "gclid",
  "ko_click_id",
  "li_fat_id",
  "msclkid",
  "sccid",
  "ttclid",
  "twclid",
  "wbraid",
];
/** SDK properties of any event, by the beginning of the name. */
export const SDK_EVENT_PROPERTY_PREFIXES: readonly string[] = ["$", "mp_", "utm_", "current_url_"];

const SDK_EVENT_PROPERTY_SET: ReadonlySet<string> = new Set(SDK_EVENT_PROPERTIES);

/** Tells whether an SDK or Mixpanel itself puts this property on events. */
export function isSdkEventProperty(name: string): boolean {
  return (
    SDK_EVENT_PROPERTY_PREFIXES.some((prefix) => name.startsWith(prefix)) || SDK_EVENT_PROPERTY_SET.has(name)
  );
}

/** Tells whether an SDK puts this property on its own events. */
export function isBuiltInEventProperty(name: string): boolean {
  return isSdkEventProperty(name) || BUILT_IN_EVENT_PROPERTIES.has(name);
}

const SDK_PROFILE_PROPERTY_SET: ReadonlySet<string> = new Set([
  "$os",
  "$browser",
  "$browser_version",
  "$initial_referrer",
  "$initial_referring_domain",
  "$transactions",
  "$swift_lib_version",
  "mp_lib",
]);
const SDK_PROFILE_PROPERTY_PREFIXES = ["initial_utm_", "$android_", "$ios_"] as const;

/**
 * Tells whether an SDK writes this profile property on its own. `$name`, `$email`, `$phone` and their like are not among them:
 * they are personal data and pass only when the plan has them.
 */
export function isSdkProfileProperty(name: string): boolean {
  return (
    SDK_PROFILE_PROPERTY_SET.has(name) ||
    SDK_PROFILE_PROPERTY_PREFIXES.some((prefix) => name.startsWith(prefix))
  );
}

const GATEWAY_PROPERTIES: ReadonlySet<string> = new Set([
  "distinct_id",
  "$user_id",
  "$device_id",
  "$identified_id",
  "$anon_distinct_id",
  "$anon_id",
  "$distinct_ids",
  "alias",
  "token",
  "time",
  "$time",
  "ip",
  "$insert_id",
]);

/**
 * Tells whether the gateway itself reads this event property. A plan cannot give it a type, and no other spelling becomes it:
 * an id renamed into place would pass by the identity rules, and a `time` turned into text would be no time for Mixpanel.
 */
export function isGatewayProperty(name: string): boolean {
  return GATEWAY_PROPERTIES.has(name);
}

/** Names that reach an object's prototype when a program assigns by them. */
export function isUnsafeKey(name: string): boolean {
  return name === "__proto__" || name === "constructor" || name === "prototype";
}
