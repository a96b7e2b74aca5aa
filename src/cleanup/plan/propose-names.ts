// Steps on events: names in the dictionary as the plan has them, and past events imported again as the plan wants them.
import type { LockEvent } from "../../plan/index.ts";
import type { DictionaryChange } from "../change-set/change-set.ts";
import type { InventoryEvent, InventoryItem } from "../inventory/inventory.ts";
import { HIDDEN_NAME } from "../inventory/traffic-tally.ts";
import { type Draft, type Drafts, some, type ToPropose } from "./proposal.ts";

/** Tags of what is hidden. People see why in the provider's own lists. */
const UNPLANNED_TAG = "not in the plan";
const OLD_NAME_TAG = "old name";

type Stray = Extract<InventoryItem, { readonly bucket: "seen_unplanned" | "old_name" | "spelling" }>;

function isStray(item: InventoryItem): item is Stray {
  return item.bucket === "seen_unplanned" || item.bucket === "old_name" || item.bucket === "spelling";
}

function hide(event: string, tag: string, known: ReadonlyMap<string, InventoryEvent>): DictionaryChange {
  // An entry may have tags of people's own, and setting tags replaces them.
  const isNew = known.get(event)?.dictionary === undefined;
  return { entity: "event", name: event, set: { hidden: true, ...(isNew ? { tags: [tag] } : {}) } };
}

/** Entries of the dictionary for one reason. */
interface Named {
  readonly why: string;
  readonly entries: readonly DictionaryChange[];
}

function strays(wanted: ToPropose, known: ReadonlyMap<string, InventoryEvent>): readonly Named[] {
  const found = wanted.inventory.items.flatMap((item) => {
    if (!isStray(item) || item.of.kind !== "event" || item.isSettled || item.of.event === HIDDEN_NAME)
      return [];
    return [{ item, event: item.of.event }];
  });
  const hidden = (all: typeof found, parts: { readonly tag: string; readonly why: string }): Named => ({
    why: `${some(all.length, "name")} with ${some(
      all.reduce((sum, { item }) => sum + item.count, 0),
      "event",
    )} in the days that were read: ${parts.why}`,
    entries: all.map(({ event }) => hide(event, parts.tag, known)),
  });
  return [
    // A rarer spelling of an unplanned name is an unplanned name as well.
    hidden(
      found.filter(({ item }) => item.bucket === "seen_unplanned"),
      { tag: UNPLANNED_TAG, why: "not in the plan, and offered to analysts. Hidden, not dropped" },
    ),
    hidden(
      found.filter(
        ({ item }) => item.bucket === "old_name" || (item.bucket === "spelling" && item.isPlanned),
      ),
      { tag: OLD_NAME_TAG, why: "the plan has them under another name, which the gateway writes. Hidden" },
    ),
  ];
}

/** What the plan says of an event, where the dictionary says otherwise. */
function meant(event: LockEvent, entry: InventoryEvent["dictionary"]): DictionaryChange["set"] | undefined {
  const { description, deprecated } = event;
  const isHidden = entry?.hidden === true && deprecated === undefined;
  const isOther = description !== undefined && entry?.description !== description;
  if (!isHidden && !isOther) return undefined;
  return { ...(isHidden ? { hidden: false } : {}), ...(isOther ? { description } : {}) };
}

interface Described extends Named {
  readonly notes: readonly string[];
}

function descriptions({ lock }: ToPropose, known: ReadonlyMap<string, InventoryEvent>): Described {
  const notes: string[] = [];
  const entries = Object.values(lock.events).flatMap((event): DictionaryChange[] => {
    const entry = known.get(event.name)?.dictionary;
    if (entry?.dropped === true)
      notes.push(
        `\`${event.name}\` is in the plan, and the provider drops it: let it in again there, or take it out of the plan.`,
      );
    const set = meant(event, entry);
    return set === undefined ? [] : [{ entity: "event", name: event.name, set }];
  });
  const shown = entries.filter(({ set }) => set.hidden === false).length;
  const why = `${some(entries.length, "planned event")} without the plan's description${shown === 0 ? "" : `, ${shown.toLocaleString("en-US")} of them hidden by hand`}`;
  return { why, entries, notes };
}

/** One step for all of them: a provider that takes five requests a minute would make each further one wait. */
function dictionary(all: readonly Named[]): readonly Draft[] {
  const parts = all.filter(({ entries }) => entries.length > 0);
  const entries = parts.flatMap((part) => part.entries);
  if (entries.length === 0) return [];
  return [
    {
      slug: "dictionary",
      because: parts.map(({ why }) => why).join(". "),
      operation: { do: "dictionary", entries },
      expect: { count: entries.length, withinPercent: 0 },
    },
  ];
}

/** The import again, by the plan, makes this finding go away. */
function isMended(item: InventoryItem, strips: ReadonlySet<string>): boolean {
  if (item.bucket === "spelling") return item.isPlanned;
  if (item.bucket === "mixed_types") return item.to !== undefined;
  if (item.bucket === "seen_unplanned") return item.of.kind === "event_property" && strips.has(item.of.event);
  return item.bucket === "old_name";
}

/** Events whose past does not look like the plan: under old names, or with properties or types that it does not have. */
function past(wanted: ToPropose): readonly Draft[] {
  const { inventory, lock, unofficial } = wanted;
  const strips = new Set(
    Object.values(lock.events).flatMap(({ name, unknown_property: policy }) =>
      policy === "strip" ? [name] : [],
    ),
  );
  const events = new Set<string>();
  for (const item of inventory.items)
    if (
      (item.of.kind === "event" || item.of.kind === "event_property") &&
      item.of.event !== HIDDEN_NAME &&
      isMended(item, strips)
    )
      events.add(item.of.event);
  const exported = new Map(inventory.events.map((event) => [event.name, event.exported]));
  const names = [...events].filter((name) => (exported.get(name) ?? 0) > 0).sort();
  if (names.length === 0) return [];
  const count = names.reduce((sum, name) => sum + (exported.get(name) ?? 0), 0);
  const { from, to, every } = inventory.looked;
  return [
    {
      slug: "reimport past events",
      because: `${some(count, "event")} under old names, or with properties or types that the plan does not have. An import cannot be taken back${
        unofficial
          ? "; the old ones are deleted between export and import"
          : ", and the old ones count beside the new until they are deleted: `unofficial: true` of the destination deletes them"
      }`,
      enabled: false,
      operation: {
        do: "reimport_events",
        from,
        to,
        events: names,
        old: unofficial ? "delete" : "keep",
      },
      ...(every === 1 ? { expect: { count } } : {}),
    },
  ];
}

function personalNotes({ inventory }: ToPropose): readonly string[] {
  return inventory.items.flatMap((item) => {
    if (item.bucket !== "personal_data" || item.of.kind !== "event_property") return [];
    const { event, property } = item.of;
    return [
      `\`${event}\`, \`${property}\`: ${item.found.join(", ")} in ${some(item.count, "value")}. Events cannot be edited: stop it in the plan, then delete the events or the people's data.`,
    ];
  });
}

/** Steps on events and their names. */
export function proposeNames(wanted: ToPropose): Drafts {
  const known = new Map(wanted.inventory.events.map((event) => [event.name, event]));
  const described = descriptions(wanted, known);
  return {
    steps: [...past(wanted), ...dictionary([...strays(wanted, known), described])],
    notes: [...described.notes, ...personalNotes(wanted)],
  };
}
