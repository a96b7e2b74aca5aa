// How SDKs of Mixpanel and its kin are called. Source (read 2026-11): the SDKs' own documentation.

/** What a tracker is called in code. */
const RECEIVER =
  /(?:mixpanel|analytics|amplitude|posthog|rudder\w*|segment|tracker|telemetry|(?<![A-Za-z0-9])mp(?![A-Za-z0-9]))/i;
const TRACK = new Set([
  "track",
  "trackEvent",
  "track_event",
  "capture",
  "logEvent",
  "log_event",
  "Track",
  "NewEvent",
  "Enqueue",
  "event",
  "trackWithGroups",
]);
const PROFILE = new Set([
  "set",
  "set_once",
  "setOnce",
  "increment",
  "append",
  "union",
  "remove",
  "unset",
  "people_set",
  "people_set_once",
  "people_increment",
  "people_append",
  "people_union",
  "people_unset",
  "PeopleSet",
  "PeopleSetOnce",
  "PeopleIncrement",
  "PeopleUnionProperty",
  "PeopleDeleteProperty",
]);
const PEOPLE = /people|getPeople|\bPeople/;

/** Methods that take what is watched before the event's name. */
export const NAME_SECOND: ReadonlySet<string> = new Set(["track_links", "track_forms"]);

/** Splits `a.b->c::d()` at its last step. */
export function splitCallee(callee: string): { readonly receiver: string; readonly method: string } {
  const clean = callee.replace(/\s+/g, "").replace(/[?!]+(?=\.)/g, "");
  const found = /^(.*?)(?:\.|->|::)?([A-Za-z_$][\w$]*)[?!]?$/s.exec(clean);
  return { receiver: found?.[1] ?? "", method: found?.[2] ?? "" };
}

/** Whether what is called has a name that trackers have. */
export function isTracker(callee: string): boolean {
  return RECEIVER.test(splitCallee(callee).receiver);
}

/** Which kind of SDK call a callee is; `undefined` for none. */
export function sdkCall(callee: string): "track" | "profile" | undefined {
  const { receiver, method } = splitCallee(callee);
  if (receiver === "" || !RECEIVER.test(receiver)) return undefined;
  if (PROFILE.has(method) && (PEOPLE.test(receiver) || /people/i.test(method))) return "profile";
  const isTrack = TRACK.has(method) || NAME_SECOND.has(method);
  return isTrack && !PEOPLE.test(receiver) ? "track" : undefined;
}
