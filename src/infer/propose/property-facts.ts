// What is known of one property over all its spellings and events, put together from their profiles.
import { VALUE_MIN_USERS } from "../profile/caps.ts";
import { KINDS, type PropertyProfile } from "../profile/property-profile.ts";

/** Values with how often they were seen, and whether enough users share them to be named. */
export type FactValues = ReadonlyMap<string, { readonly count: number; readonly isShared: boolean }>;

export interface PropertyFacts {
  /** By kind. */
  readonly kinds: readonly number[];
  /** By source index, then by kind. */
  readonly bySource: readonly (readonly number[])[];
  readonly total: number;
  readonly textMask: number;
  readonly itemKinds: number;
  readonly min: number;
  readonly max: number;
  readonly texts: number;
  readonly textsLong: number;
  readonly looked: number;
  readonly personal: readonly number[];
  /** Undefined: too many, or not to be named. */
  readonly values: FactValues | undefined;
}

function mergeValues(profiles: readonly PropertyProfile[]): FactValues | undefined {
  const merged = new Map<string, { count: number; isShared: boolean; users: Set<string> }>();
  for (const { values } of profiles) {
    if (values === undefined) return undefined;
    for (const [value, seen] of values) {
      const into = merged.get(value) ?? { count: 0, isShared: false, users: new Set<string>() };
      into.count += seen.count;
      for (const user of seen.users ?? []) into.users.add(user);
      into.isShared ||= seen.users === undefined || into.users.size >= VALUE_MIN_USERS;
      merged.set(value, into);
    }
  }
  return merged;
}

const sum = (numbers: Iterable<number>): number => [...numbers].reduce((total, number) => total + number, 0);

/** Adds profiles up. */
export function factsOf(profiles: readonly PropertyProfile[], sources: number): PropertyFacts {
  const bySource = Array.from({ length: sources }, (_, source) =>
    Array.from({ length: KINDS }, (_, kind) =>
      sum(profiles.map(({ counts }) => counts[source * KINDS + kind] ?? 0)),
    ),
  );
  const kinds = Array.from({ length: KINDS }, (_, kind) => sum(bySource.map((row) => row[kind] ?? 0)));
  return {
    kinds,
    bySource,
    total: sum(kinds),
    textMask: profiles.reduce((mask, one) => mask | one.textMask, 0),
    itemKinds: profiles.reduce((mask, one) => mask | one.itemKinds, 0),
    min: Math.min(...profiles.map((one) => one.min)),
    max: Math.max(...profiles.map((one) => one.max)),
    texts: sum(profiles.map((one) => one.texts)),
    textsLong: sum(profiles.map((one) => one.textsLong)),
    looked: sum(profiles.map((one) => one.looked)),
    personal: (profiles[0]?.personal ?? []).map((_, index) =>
      sum(profiles.map(({ personal }) => personal[index] ?? 0)),
    ),
    values: mergeValues(profiles),
  };
}
