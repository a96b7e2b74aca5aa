// The table: every kind of change, and what it does on each axis. Data alone; detection knows the kinds, gates know the grades.
// A kind's id is public: configuration, SARIF and comments name it, and `docs/guide/changing-the-plan.md` explains it.
import type { Axis, AxisGrade, Grade } from "./plan-diff.ts";

type Entry = readonly [Exclude<Grade, "none">, string];

interface KindEntry extends Partial<Readonly<Record<Axis, Entry>>> {
  /** What happened, without a full stop. */
  readonly title: string;
  /** What to do about it. */
  readonly fix?: string;
  /** Error whatever the gates say: history would mean two things under one name. */
  readonly always?: true;
  /** Only words for people changed: a patch. */
  readonly words?: true;
}

/** Said of an axis on which a kind changes nothing. */
export const NOTHING_CHANGES: Readonly<Record<Axis, string>> = {
  code: "Callers go on compiling",
  data: "What is stored keeps its meaning",
  rollout: "Releases already shipped are judged as before",
  provider: "The provider needs no step",
};

const EVENT_KINDS = {
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

const PROPERTY_KINDS = {
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

const PEOPLE_KINDS = {
  "people-added": { title: "A profile property is added" },
  "people-removed": {
    title: "A profile property is removed",
    code: ["breaks", "Its setter is gone"],
    data: ["breaks", "Cohorts that use it go stale"],
    rollout: ["breaks", "What shipped releases write is removed"],
    provider: ["warns", "Values stay on profiles until they are unset"],
    fix: "Unset it on every profile once nothing reads it.",
  },
  "people-id-changed": {
    title: "A profile property has another id, and the same name on the wire",
    code: ["breaks", "The setter has another name"],
    fix: "Keep the id: it is for code alone, and nobody else sees it.",
  },
  "people-renamed": {
    title: "A profile property is renamed",
    code: ["deprecates", "Calls written by hand use an old name; regenerate the clients"],
    data: ["breaks", "Cohorts by the old name go stale"],
    provider: [
      "breaks",
      "Mixpanel cannot merge profile properties: write the new name to every profile, unset the old",
    ],
    fix: "Backfill the new name, change what reads the old one, then unset the old.",
  },
  "people-renamed-without-was": {
    title: "A profile property is renamed, and the old name is not in `was`",
    code: ["deprecates", "Calls written by hand use an old name; regenerate the clients"],
    data: ["breaks", "Cohorts by the old name go stale"],
    rollout: ["breaks", "What shipped releases write under the old name is removed"],
    provider: [
      "breaks",
      "Mixpanel cannot merge profile properties: write the new name to every profile, unset the old",
    ],
    fix: "Add the old name to `was`; `plumbline rename profile` does it in one act.",
  },
  "people-alias-added": { title: "An old name of a profile property is accepted" },
  "people-alias-removed": {
    title: "An old name of a profile property is no longer accepted",
    rollout: ["breaks", "Releases that still write the old name are no longer rewritten"],
    fix: "Keep it in `was` while such releases are in use.",
  },
  "people-source-added": { title: "Another source may write a profile property" },
  "people-source-dropped": {
    title: "A source may no longer write a profile property",
    code: ["breaks", "The setter is gone from the client of that source"],
    rollout: ["breaks", "What its shipped releases write is removed"],
  },
  "owner-client-to-server": {
    title: "A profile property passes from clients to servers",
    code: ["breaks", "The setter is gone from the clients"],
    rollout: ["breaks", "What shipped clients write is removed"],
  },
  "owner-server-to-client": {
    title: "A profile property passes from servers to clients",
    code: ["breaks", "The setter is gone from the servers"],
    data: ["warns", "Trust falls: users can change what their client writes"],
  },
  "owner-to-state": {
    title: "A profile property becomes a copy of the database",
    code: ["breaks", "The setter is gone everywhere"],
    rollout: ["breaks", "What shipped releases write is removed"],
    provider: ["warns", "Backfill it once, so that old values are those of the database"],
  },
  "owner-from-state": {
    title: "A profile property is no longer a copy of the database",
    data: ["warns", "Nothing corrects it any more: it is right only where it is written"],
  },
  "operation-set-to-set-once": {
    title: "A profile property is set once, and no longer overwritten",
    code: ["breaks", "The setter that overwrites is gone"],
    data: ["warns", "It means the first value from now on, and the last one before"],
    rollout: ["breaks", "Later writes of shipped releases are ignored"],
  },
  "operation-added": { title: "Another operator may write a profile property" },
  "operation-removed": {
    title: "An operator may no longer write a profile property",
    code: ["breaks", "The setter with that operator is gone"],
    rollout: ["breaks", "What shipped releases write with it is removed"],
  },
} as const satisfies Record<string, KindEntry>;

const PLAN_KINDS = {
  "source-added": { title: "A source is added" },
  "source-removed": {
    title: "A source is removed",
    code: ["breaks", "Its client is no longer generated"],
    data: ["breaks", "What it sent ends"],
    rollout: ["breaks", "What its shipped releases send is refused"],
  },
  "source-trust-raised": {
    title: "A source is trusted as a server",
    data: ["needs-approval", "It may write what belongs to servers: be sure that its users cannot"],
  },
  "source-trust-lowered": {
    title: "A source is trusted only as a client",
    code: ["breaks", "Setters of what belongs to servers are gone from its client"],
    rollout: ["breaks", "What its shipped releases write of that is removed"],
  },
  "user-id-narrowed": {
    title: "User ids have another form, or a narrower one",
    code: ["breaks", "Callers may pass an id that no longer fits"],
    data: ["breaks", "One person's history may stand under two ids"],
    rollout: ["breaks", "Events with ids of the old form wait in quarantine"],
    provider: ["breaks", "Profiles under old ids cannot be renamed"],
  },
  "user-id-widened": {
    title: "User ids may have any form",
    data: ["warns", "Ids arrive that may change or join strangers"],
  },
  "identity-missing-stricter": {
    title: "Events without any id are no longer accepted",
    rollout: ["breaks", "Events of shipped releases without an id wait in quarantine"],
  },
  "identity-missing-looser": {
    title: "Events without any id are accepted",
    data: ["warns", "Events arrive that belong to nobody"],
  },
  "reset-added": {
    title: "A client forgets the user after another event",
    data: ["warns", "What follows that event belongs to a new anonymous user"],
  },
  "reset-removed": {
    title: "A client no longer forgets the user after an event",
    data: ["warns", "What follows that event belongs to the user before"],
  },
  "plan-property-changed": {
    title: "Clients name their plan in another property",
    rollout: ["warns", "Shipped releases name it in the old one, and are judged by the present plan"],
  },
  "id-reused": {
    title: "An id has another meaning",
    always: true,
    code: ["breaks", "The same function sends something else"],
    data: ["breaks", "Two meanings follow each other"],
    rollout: ["breaks", "Shipped releases mean the old one"],
    fix: "Give the new meaning an id of its own.",
  },
  "wire-name-reused": {
    title: "A name on the wire that meant something else",
    always: true,
    data: ["breaks", "History under this name has the other meaning"],
    rollout: ["breaks", "Shipped releases still send it with the old meaning"],
    provider: ["breaks", "It keeps both under one name for ever"],
    fix: "Choose a name that was never used.",
  },
} as const satisfies Record<string, KindEntry>;

const TABLE = { ...EVENT_KINDS, ...PROPERTY_KINDS, ...PEOPLE_KINDS, ...PLAN_KINDS };

/** Kind of a change; its id in configuration, comments and findings. */
export type ChangeKind = keyof typeof TABLE;

/** Every kind of change with its row of the table. */
export const CHANGE_KINDS: Readonly<Record<ChangeKind, KindEntry>> = TABLE;

function gradeOf(kind: ChangeKind, axis: Axis): AxisGrade {
  const [grade, why] = CHANGE_KINDS[kind][axis] ?? (["none", NOTHING_CHANGES[axis]] as const);
  return { grade, why };
}

/** What a kind of change does on each axis. */
export function axesOf(kind: ChangeKind): Readonly<Record<Axis, AxisGrade>> {
  return {
    code: gradeOf(kind, "code"),
    data: gradeOf(kind, "data"),
    rollout: gradeOf(kind, "rollout"),
    provider: gradeOf(kind, "provider"),
  };
}
