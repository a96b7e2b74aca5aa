// From a name as it was seen to the plan's entry, as the gateway finds it: exact, then old names, then names equal but for case, spaces, `_` and `-`.
import { foldName } from "../../plan/index.ts";

export interface NamedEntry {
  readonly name: string;
  readonly was: readonly string[];
}

export type NameMatch<T> =
  | { readonly kind: "exact"; readonly entry: T }
  | { readonly kind: "old"; readonly entry: T }
  | { readonly kind: "spelling"; readonly entry: T }
  | { readonly kind: "unplanned" };

/** Makes the look-up of one list of entries. A fold that two entries share matches neither. */
export function makeNameTable<T extends NamedEntry>(entries: readonly T[]): (name: string) => NameMatch<T> {
  const exact = new Map(entries.map((entry) => [entry.name, entry]));
  const old = new Map(entries.flatMap((entry) => entry.was.map((was) => [was, entry] as const)));
  const folded = new Map<string, T | undefined>();
  for (const entry of entries)
    for (const name of [entry.name, ...entry.was]) {
      const key = foldName(name);
      if (key !== "") folded.set(key, folded.has(key) && folded.get(key) !== entry ? undefined : entry);
    }
  return (name) => {
    const same = exact.get(name);
    if (same !== undefined) return { kind: "exact", entry: same };
    const was = old.get(name);
    if (was !== undefined) return { kind: "old", entry: was };
    const near = folded.get(foldName(name));
    return near === undefined ? { kind: "unplanned" } : { kind: "spelling", entry: near };
  };
}

/** Names that are equal but for their spelling, each with the most frequent of them; only groups of several. */
export function spellings(counts: ReadonlyMap<string, number>): ReadonlyMap<string, string> {
  const groups = new Map<string, string[]>();
  for (const name of counts.keys()) {
    const key = foldName(name);
    if (key !== "") groups.set(key, [...(groups.get(key) ?? []), name]);
  }
  const rarer = new Map<string, string>();
  for (const group of groups.values()) {
    const [most, ...others] = group.toSorted(
      (a, b) => (counts.get(b) ?? 0) - (counts.get(a) ?? 0) || (a < b ? -1 : 1),
    );
    if (most !== undefined) for (const other of others) rarer.set(other, most);
  }
  return rarer;
}
