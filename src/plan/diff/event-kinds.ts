// The table of changes, first half: events and their properties. Data alone.
import type { KindEntry } from "./kind-entry.ts";

/** Changes of events. */
export const EVENT_KINDS = {
  "event-added": { title: "An event is added" },
  "event-added-judged": {
    title: "An event is added that may arrive already, as an unknown one",
    rollout: ["warns", "Unknown events were accepted; what does not fit the plan no longer is"],
  },
  "event-removed": {
    title: "An event is removed",
    code: ["breaks", "Its function is gone from the generated clients"],
    data: ["breaks", "What reads it finds no new events"],
    rollout: ["breaks", "What shipped releases send becomes an unknown event"],
    provider: ["warns", "Its past and its Lexicon entry stay until they are cleaned up"],
    fix: "Deprecate it first, with a date; remove it when the releases that send it are gone.",
  },
  "event-removed-accepted": {
    title: "An event is removed, and unknown events are accepted",
    code: ["breaks", "Its function is gone from the generated clients"],
    data: ["warns", "Shipped releases go on writing it, and nobody describes it any more"],
    provider: ["warns", "Its past and its Lexicon entry stay until they are cleaned up"],
  },
  "event-merged": {
    title: "An event is removed, and its name lives on in `was` of another",
    code: ["breaks", "Its function is gone from the generated clients"],
    data: ["breaks", "New events arrive under the other name; the old name gets none"],
    provider: ["warns", "Merge the two events in Lexicon, so that queries see one"],
  },
  "event-merged-unfit": {
    title: "An event is removed, and its name lives on in `was` of one that it does not fit",
    code: ["breaks", "Its function is gone from the generated clients"],
    data: ["breaks", "New events arrive under the other name; the old name gets none"],
    rollout: [
      "breaks",
      "What shipped releases send is judged by the other event's rules, and some of it is refused",
    ],
    provider: ["warns", "Merge the two events in Lexicon, so that queries see one"],
    fix: "Let the other event take what this one sends: the same sources, optional properties, types as wide.",
  },
  "event-id-changed": {
    title: "An event has another id, and the same name on the wire",
    code: ["breaks", "The function of the generated clients has another name"],
    fix: "Keep the id: it is for code alone, and nobody else sees it.",
  },
  "event-renamed": {
    title: "An event is renamed, id kept",
    code: ["deprecates", "Generated clients keep the function; calls written by hand use an old name"],
    data: ["breaks", "Queries by the old name find no new events until the two are merged"],
    provider: ["warns", "Merge the two events in Lexicon"],
  },
  "event-renamed-without-was": {
    title: "An event is renamed, and the old name is not in `was`",
    code: ["deprecates", "Generated clients keep the function; calls written by hand use an old name"],
    data: ["breaks", "Queries by the old name find no new events"],
    rollout: ["breaks", "The name that shipped releases send becomes an unknown event"],
    provider: ["warns", "Merge the two events in Lexicon"],
    fix: "Add the old name to `was`; `plumbline rename event` does it in one act.",
  },
  "event-alias-added": { title: "An old name of an event is accepted" },
  "event-alias-removed": {
    title: "An old name of an event is no longer accepted",
    rollout: ["breaks", "Releases that still send the old name are no longer rewritten"],
    fix: "Keep it in `was` while such releases are in use.",
  },
  "event-deprecated": {
    title: "An event is deprecated",
    code: ["deprecates", "Callers see the deprecation and what to send instead"],
  },
  "event-deprecated-rewritten": {
    title: "An event is deprecated, and rewritten to another",
    code: ["deprecates", "Callers see the deprecation and what to send instead"],
    data: ["breaks", "Everything arrives under the other name; the old name gets nothing"],
    provider: ["warns", "Merge the two events in Lexicon, so that queries see one"],
  },
  "event-deprecated-rewritten-unfit": {
    title: "An event is deprecated, and rewritten to one that it does not fit",
    code: ["deprecates", "Callers see the deprecation and what to send instead"],
    data: ["breaks", "Everything arrives under the other name; the old name gets nothing"],
    rollout: [
      "breaks",
      "What shipped releases send is judged by the other event's rules, and some of it is refused",
    ],
    provider: ["warns", "Merge the two events in Lexicon, so that queries see one"],
    fix: "Let the other event take what this one sends: the same sources, optional properties, types as wide.",
  },
  "event-rewrite-ended": {
    title: "An event is no longer rewritten to another",
    data: ["warns", "It arrives under its own name again"],
    rollout: ["breaks", "What shipped releases send is judged by its own rules again"],
  },
  "event-deprecated-dropped": {
    title: "An event is deprecated, and dropped at the gateway",
    code: ["deprecates", "Callers see the deprecation"],
    data: ["breaks", "What reads it finds no new events"],
    rollout: ["breaks", "What shipped releases send is dropped"],
  },
  "event-deprecation-lifted": { title: "An event is no longer deprecated" },
  "event-source-added": { title: "Another source sends an event" },
  "event-source-dropped": {
    title: "A source no longer sends an event",
    code: ["breaks", "The function is gone from the client of that source"],
    data: ["warns", "Numbers fall by what that source sent"],
    rollout: ["breaks", "What its shipped releases send is refused"],
  },
  "event-policy-stricter": {
    title: "The gateway is stricter with an event",
    rollout: ["breaks", "What passed before is stripped, or waits in quarantine"],
  },
  "event-policy-looser": {
    title: "The gateway is looser with an event",
    data: ["warns", "Values arrive that the plan does not describe"],
  },
  "unknown-event-stricter": {
    title: "Unknown events are treated more strictly",
    rollout: ["breaks", "Events outside the plan no longer arrive"],
  },
  "unknown-event-looser": {
    title: "Unknown events are treated more loosely",
    data: ["warns", "Events arrive that nobody described"],
  },
  "event-described": { title: "Words about an event changed", words: true },
} as const satisfies Record<string, KindEntry>;

/** Changes of properties, of events and of profiles. */
export const PROPERTY_KINDS = {
  "property-added-optional": { title: "An optional property is added" },
  "property-added-judged": {
    title: "An optional property is added that may arrive already, as an unknown one",
    rollout: ["warns", "Unknown properties were accepted; values that do not fit no longer are"],
  },
  "property-added-required": {
    title: "A required property is added",
    code: ["breaks", "Callers must say it"],
    rollout: ["breaks", "Shipped releases do not send it: their events miss a required property"],
    fix: "Add it as optional; require it when the releases without it are gone.",
  },
  "property-now-required": {
    title: "A property becomes required",
    code: ["breaks", "Callers that leave it out stop compiling"],
    rollout: ["breaks", "Events of shipped releases that leave it out wait in quarantine"],
    fix: "Require it when the releases that leave it out are gone.",
  },
  "property-now-optional": {
    title: "A property becomes optional",
    data: ["warns", "Queries meet events without it; columns get nulls"],
  },
  "property-removed-stripped": {
    title: "A property is removed, and the gateway strips it",
    code: ["breaks", "Callers that set it stop compiling"],
    data: ["breaks", "What reads it finds no new values"],
    rollout: ["breaks", "Shipped releases still send it, and it is lost without anyone noticing"],
  },
  "property-removed-quarantined": {
    title: "A property is removed, and its events wait",
    code: ["breaks", "Callers that set it stop compiling"],
    data: ["breaks", "What reads it finds no new values"],
    rollout: ["breaks", "Events of shipped releases that send it wait in quarantine"],
  },
  "property-removed-accepted": {
    title: "A property is removed, and unknown ones are accepted",
    code: ["breaks", "Callers that set it stop compiling"],
    data: ["warns", "Shipped releases go on writing it, and nobody describes it any more"],
  },
  "property-omitted": {
    title: "A source no longer sends a property",
    code: ["breaks", "Callers in that source that set it stop compiling"],
    data: ["warns", "Values from that source end"],
    rollout: ["breaks", "Its shipped releases still send it, and it is not let through"],
  },
  "property-renamed": {
    title: "A property is renamed",
    code: ["deprecates", "Calls written by hand use an old name; regenerate the clients"],
    data: ["breaks", "Queries by the old name find no new values until the two are merged"],
    provider: ["warns", "Merge the two properties in Lexicon"],
  },
  "property-alias-added": { title: "An old name of a property is accepted" },
  "property-alias-removed": {
    title: "An old name of a property is no longer accepted",
    rollout: ["breaks", "Releases that still send the old name are no longer rewritten"],
    fix: "Keep it in `was` while such releases are in use.",
  },
  "property-type-changed": {
    title: "A property has another type",
    code: ["breaks", "Callers pass a value of the old type"],
    data: ["breaks", "One name has values of two types from now on"],
    rollout: ["breaks", "Values of shipped releases that cannot be converted without loss are refused"],
    provider: ["warns", "It guesses one type for the column and hides what does not fit"],
    fix: "Give the new type a new property, and remove the old one later.",
  },
  "property-narrowed": {
    title: "A property takes fewer values",
    code: ["breaks", "Callers may pass a value that no longer fits"],
    data: ["breaks", "History holds values that the plan no longer allows"],
    rollout: ["breaks", "Values of shipped releases that no longer fit are refused"],
  },
  "property-widened": {
    title: "A property takes more values",
    data: ["warns", "Queries meet values they were not written for"],
  },
  "enum-value-added": {
    title: "A closed list has another value",
    data: ["warns", "Queries that list the values leave the new one out"],
  },
  "enum-value-added-open": { title: "An open list names another value" },
  "enum-value-removed": {
    title: "A value is removed from a closed list, or renamed",
    code: ["breaks", "Callers that pass it stop compiling"],
    data: ["breaks", "Queries by the value find nothing new"],
    rollout: ["breaks", "Shipped releases still send it, and it is refused"],
    fix: "Keep the value until the releases that send it are gone.",
  },
  "enum-value-removed-open": {
    title: "An open list no longer names a value",
    data: ["warns", "Shipped releases still send it, and nobody describes it any more"],
  },
  "enum-closed": {
    title: "An open list is closed",
    code: ["breaks", "Callers that pass another value stop compiling"],
    data: ["warns", "History holds values that are not in the list"],
    rollout: ["breaks", "Other values of shipped releases are refused"],
  },
  "enum-opened": {
    title: "A closed list is opened",
    data: ["warns", "Queries meet values that are not in the list"],
  },
  "data-class-forbidden": {
    title: "A stricter data class: clients may not send it",
    code: ["breaks", "Clients no longer have the property"],
    data: ["breaks", "Values from client sources end"],
    rollout: ["breaks", "What shipped clients send is stripped"],
  },
  "data-class-stricter": {
    title: "A stricter data class",
    data: ["warns", "Values from now on are dropped, hashed or cut: they no longer match those of before"],
    rollout: ["warns", "What shipped releases send arrives changed, or not at all"],
  },
  "data-class-looser": {
    title: "A looser data class",
    data: ["needs-approval", "Personal data may reach where it did not: whoever answers for privacy decides"],
  },
  "data-class-changed": {
    title: "Another data class with the same effect",
    data: ["warns", "Nothing changes today; rules for the new class will hold for it"],
  },
  "property-described": { title: "Words about a property changed", words: true },
} as const satisfies Record<string, KindEntry>;
