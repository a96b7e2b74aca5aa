// The table of changes, second half: profile properties, and the plan as a whole. Data alone.
import type { KindEntry } from "./kind-entry.ts";

/** Changes of profile properties. */
export const PEOPLE_KINDS = {
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

/** Changes of sources, identity and whole-plan settings; reuse of ids and names. */
export const PLAN_KINDS = {
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
  "translate-added": { title: "Old ids are translated" },
  "translate-removed": {
    title: "Old ids are no longer translated",
    rollout: ["breaks", "What releases send under such ids waits in quarantine"],
    fix: "Keep it under `translate` while such releases are in use.",
  },
  "translate-changed": {
    title: "Old ids are found in another place, or look different",
    rollout: ["warns", "What no longer looks like them waits in quarantine; those already known stay known"],
  },
  "translate-shortened": {
    title: "Old ids are translated until an earlier day",
    rollout: ["warns", "Releases that are in use after it are refused sooner"],
  },
  "translate-extended": { title: "Old ids are translated until a later day" },
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
