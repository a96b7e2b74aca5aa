// From an inventory to the steps that a careful person would take. What undo brings back is proposed as it is; what it cannot bring back, or what
// somebody has to decide, is proposed with `enabled: false`. Pure.
import type { Step } from "../change-set/change-set.ts";
import type { Draft, ProposedChangeSet, ToPropose } from "./proposal.ts";
import { proposeNames } from "./propose-names.ts";
import { proposePeople } from "./propose-people.ts";
import { proposeProperties } from "./propose-properties.ts";

const ID_MAX_CHARACTERS = 80;

function idOf({ slug, group }: Draft): string {
  const plain = `${group ?? ""} ${slug}`.normalize("NFKD").replaceAll(/\p{M}/gu, "");
  const words = plain.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-");
  return words.replaceAll(/^-+|-+$/g, "").slice(0, ID_MAX_CHARACTERS) || "step";
}

/** Ids by what a step is about, so that the same finding has the same id in the next proposal. */
function withIds(drafts: readonly Draft[]): readonly Step[] {
  const taken = new Map<string, number>();
  return drafts.map((draft) => {
    const id = idOf(draft);
    const before = taken.get(id) ?? 0;
    taken.set(id, before + 1);
    const { slug: _, ...step } = draft;
    return { ...step, id: before === 0 ? id : `${id}.${before + 1}` };
  });
}

/** Proposes a change set. */
export function proposeChangeSet(wanted: ToPropose): ProposedChangeSet {
  const { inventory, lock, name, madeAt } = wanted;
  const [people, properties, names] = [
    proposePeople(wanted),
    proposeProperties(wanted),
    proposeNames(wanted),
  ];
  return {
    changeSet: {
      name,
      destination: inventory.destination,
      plan: lock.hash,
      madeAt,
      // Names and types before profiles are joined, so that what is merged is right already.
      steps: withIds([...properties.steps, ...people.steps, ...names.steps]),
    },
    notes: [...inventory.notes, ...properties.notes, ...people.notes, ...names.notes].map((note) =>
      /[.!?]$/.test(note) ? note : `${note}.`,
    ),
    idsFiles: people.idsFiles,
  };
}
