// What an inventory tells of one trouble.
import { type Inventory, type InventoryItem, isTidy } from "../../../src/cleanup/index.ts";

export type Bucket = InventoryItem["bucket"];
type Subject = InventoryItem["of"];
type IsAbout = (of: Subject) => boolean;

/** Items of these buckets that are not settled. */
export function items(
  { items: all }: Inventory,
  buckets: readonly Bucket[],
  isAbout: IsAbout = () => true,
): readonly InventoryItem[] {
  return all.filter((item) => buckets.includes(item.bucket) && isAbout(item.of) && !isTidy(item));
}

/** Their counts together. */
export function whole(all: readonly InventoryItem[]): number {
  return all.reduce((sum, item) => sum + ("count" in item ? item.count : 0), 0);
}

export const event: IsAbout = ({ kind }) => kind === "event";

/** Of whatever event; without names, all of them. */
export function eventProperties(...names: readonly string[]): IsAbout {
  return (of) => of.kind === "event_property" && (names.length === 0 || names.includes(of.property));
}

/** Of users, or of the groups of a key. */
export function profileProperty(name: string, group?: string): IsAbout {
  return (of) => of.kind === "profile_property" && of.property === name && of.group === group;
}
