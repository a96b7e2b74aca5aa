// What a proposal is made from and of. Pure data.
import type { PlanLimits } from "../../core/index.ts";
import type { Lock, LockProfileProperty } from "../../plan/index.ts";
import type { ChangeSet, Expectation, Step } from "../change-set/change-set.ts";
import type { Inventory, InventoryProfiles } from "../inventory/inventory.ts";

export interface ToPropose {
  readonly inventory: Inventory;
  readonly lock: Lock;
  readonly limits: PlanLimits;
  /** Of the set. */
  readonly name: string;
  readonly madeAt: string;
  /** The destination lets what its provider does not document be used. */
  readonly unofficial: boolean;
  /** Where the set will find the ids of a file of the inventory, from the set's own folder. */
  readonly idsFile: (ofInventory: string) => string;
  /** The provider's filter for profiles that have a text within a property; absent: it has none. */
  readonly containsFilter?: (property: string, text: string) => string;
}

/** A step before it has its id. `slug`: what the id is made of. */
export type Draft = Omit<Step, "id"> & { readonly slug: string };

/** What one kind of finding leads to. `notes`: what no step can do, a sentence each. */
export interface Drafts {
  readonly steps: readonly Draft[];
  readonly notes: readonly string[];
}

export interface ProposedChangeSet {
  readonly changeSet: ChangeSet;
  readonly notes: readonly string[];
  /** Files of the inventory that steps need beside the set. */
  readonly idsFiles: readonly string[];
}

/** A group's key as a member, where there is one. */
export function ofGroup(group: string | undefined): { readonly group?: string } {
  return group === undefined ? {} : { group };
}

/** Profile properties that the plan has, by name: of users, or of the groups of a key. */
export function plannedProperties(
  { people, groups }: Lock,
  group: string | undefined,
): readonly LockProfileProperty[] {
  if (group === undefined) return Object.values(people);
  return Object.hasOwn(groups, group) ? Object.values(groups[group] ?? {}) : [];
}

/** How many profiles have a property, as the inventory counted. */
export function profilesWith(
  profiles: readonly InventoryProfiles[],
  property: string,
  group: string | undefined,
): number {
  const all = profiles.find((one) => one.group === group)?.properties ?? [];
  return all.find(({ name }) => name === property)?.profiles ?? 0;
}

/** As a person says it. */
export function some(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString("en-US")} ${count === 1 ? one : many}`;
}

const PERCENT = 100;
/** What may come and go between inventory and apply. */
const DRIFT_PERCENT = 5;

/** How many have one of several properties: at least as many as have the most frequent, at most all of them together. */
export function expectAny(counts: readonly number[]): Expectation | undefined {
  const most = Math.max(0, ...counts);
  const all = counts.reduce((sum, count) => sum + count, 0);
  if (most === 0) return undefined;
  if (counts.length === 1) return { count: most };
  const count = Math.round((most + all) / 2);
  const withinPercent = Math.min(PERCENT, Math.ceil(((all - count) / count) * PERCENT) + DRIFT_PERCENT);
  return { count, withinPercent };
}
