// What is to happen to the ids of a project, as a change set, with everything that will not work said first. Pure.
import type { ChangeSet, IdConflict, Step } from "../change-set/change-set.ts";
import type { ProfileFacts } from "./compare-profiles.ts";
import { CLUSTER_IDS_MAX, type MappedPerson } from "./mapping.ts";

/** How the provider's project joins ids. */
export type IdMergeMode = "original" | "simplified";

export interface IdsToPlan {
  readonly name: string;
  readonly destination: string;
  readonly mode: IdMergeMode;
  /** Hash of the plan. */
  readonly plan: string;
  readonly madeAt: string;
  readonly people: readonly MappedPerson[];
  /** Path of the mapping that apply reads, from the change set. */
  readonly mapping: string;
  readonly onConflict: IdConflict;
  /** Undefined: profiles were not looked at. */
  readonly facts: ProfileFacts | undefined;
  /** Days whose events are imported again. */
  readonly reimport: { readonly from: string; readonly to: string } | undefined;
}

export interface PlannedIds {
  readonly changeSet: ChangeSet;
  /** What a person has to know before it is applied, a sentence each. */
  readonly notes: readonly string[];
}

const RULES: Readonly<Record<IdConflict, string>> = {
  keep_new: "the values of the new id stay, and what it lacks is taken from the old one",
  keep_old: "the values of the old id replace those of the new one",
  skip: "they are left alone",
};

function some(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString("en-US")} ${count === 1 ? one : many}`;
}

function factNotes({ facts, onConflict, people }: IdsToPlan): string[] {
  const several = people.filter(({ olds }) => olds.length > 1).length;
  const notes = [
    `The mapping has ${some(people.length, "person", "people")}, ${several.toLocaleString("en-US")} of them with several old ids.`,
  ];
  if (facts === undefined) return [...notes, "Profiles were not looked at: how many have two is not known."];
  notes.push(
    `Of ${some(facts.profiles, "profile")}, ${some(facts.old, "person has", "people have")} one under an old id, ${some(facts.new, "person has", "people have")} one under the new id.`,
  );
  if (facts.both > 0)
    notes.push(
      `${some(facts.both, "person has", "people have")} both: ${RULES[onConflict]} (\`onConflict\`).`,
    );
  if (facts.unmapped > 0)
    notes.push(
      `${some(facts.unmapped, "profile has", "profiles have")} an id that the plan refuses and that the mapping does not know: nothing happens to them.`,
    );
  return notes;
}

function originalNotes({ people, reimport }: IdsToPlan): string[] {
  const tooMany = people.filter(({ olds }) => olds.length + 1 > CLUSTER_IDS_MAX).length;
  const notes = [
    "Original id merge: old and new id are joined by `$merge`. It cannot be undone: joined ids are never parted.",
    "Past and later events of both ids are one person's. Reports may need up to 24 hours.",
    "The provider chooses which id of a person it shows; it may go on showing the old one. Address people by the new id: every id of a person works.",
    `A person can have ${CLUSTER_IDS_MAX} ids, devices included. Which ids a person has cannot be read: one who is full is found by reading back, and reported.`,
    "Profiles of the old and the new id are taken away, and the whole one is written after the ids are joined: for a moment a person has none. A profile under an id of the person that the mapping does not name is not read and may come to be hidden.",
  ];
  if (tooMany > 0)
    notes.push(
      `${some(tooMany, "person has", "people have")} more than ${CLUSTER_IDS_MAX} ids in the mapping and will not be joined.`,
    );
  if (reimport !== undefined)
    notes.push("Events are not imported again: joined ids make past events the person's as they are.");
  return notes;
}

function simplifiedNotes({ reimport }: IdsToPlan): string[] {
  return [
    "Simplified id merge: a user id cannot change and two users cannot be joined. The profile is copied to the new id, read back, and the old one deleted; undo brings it back.",
    "Until an app sends the new id, it makes a new profile under the old one: translate old ids in the gateway first (docs/guide/identity.md).",
    "A device that was seen with an old id belongs to it for ever: what it sends before the next sign-in goes to the old id, until the app resets its device id.",
    reimport === undefined
      ? "Events stay under the old ids: a person's history is in two halves. `--reimport-from` and `--reimport-to` import a window again."
      : "Events of the window are imported again under the new ids, with new insert ids. The old ones count beside them until they are deleted: by a privacy deletion of the old ids, which takes all their events, also those outside the window.",
  ];
}

function stepsOf(wanted: IdsToPlan): Step[] {
  const { mode, mapping, onConflict, people, reimport } = wanted;
  const expect = { count: people.length, withinPercent: 0 };
  if (mode === "original")
    return [
      {
        id: "merge-ids",
        operation: { do: "merge_ids", mapping, onConflict },
        expect,
        because:
          "Old ids can change or name a person; joined to the immutable id they are one person's, for ever",
      },
    ];
  const steps: Step[] = [
    {
      id: "move-profiles",
      operation: { do: "move_profiles", mapping, onConflict },
      expect,
      because: "Old ids can change or name a person; the profile goes to the immutable id",
    },
  ];
  if (reimport !== undefined)
    steps.push({
      id: "reimport-ids",
      operation: { do: "reimport_ids", mapping, ...reimport },
      because: "Events of the window stand under old ids, and a user id cannot change",
    });
  return steps;
}

/** Plans the repair of ids. */
export function planIds(wanted: IdsToPlan): PlannedIds {
  const { name, destination, plan, madeAt, mode } = wanted;
  return {
    changeSet: { name, destination, plan, madeAt, steps: stepsOf(wanted) },
    notes: [...factNotes(wanted), ...(mode === "original" ? originalNotes(wanted) : simplifiedNotes(wanted))],
  };
}
