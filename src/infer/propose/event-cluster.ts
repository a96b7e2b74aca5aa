// Event names that differ only in casing, spaces or punctuation, taken together; and names that were made from values, set apart.
import { similarName } from "../../plan/index.ts";
import type { EventProfile } from "../profile/event-profile.ts";
import { isPersonalName } from "../profile/personal-text.ts";
import type { PropertyProfile } from "../profile/property-profile.ts";
import type { Spelling } from "./name-style.ts";

/** From this many names that differ only in digits on, the digits are data. */
const FROM_VALUES_MIN_NAMES = 20;

export interface EventCluster {
  /** The form in which the spellings are equal. */
  readonly key: string;
  readonly profiles: readonly EventProfile[];
  readonly count: number;
  readonly firstDay: number;
  readonly lastDay: number;
  /** Events by source index. */
  readonly bySource: readonly number[];
  /** By key of the property: its profiles in any spelling of property or event. */
  readonly properties: ReadonlyMap<string, readonly PropertyProfile[]>;
  /** Properties whose names are data: they get no entry. */
  readonly fromValues: number;
}

export interface Clusters {
  readonly events: readonly EventCluster[];
  /** Form of names that were made from values, with how many names and events. */
  readonly fromValues: readonly { readonly form: string; readonly names: number; readonly count: number }[];
}

/** A name with what looks like data taken out. */
function template(name: string): string {
  return name.replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/gi, "#").replaceAll(/\d+/g, "#");
}

/** Splits names into those a plan can hold, and templates of those that are data. */
function withoutValues<T extends { readonly name: string }>(
  items: Iterable<T>,
): { readonly kept: readonly T[]; readonly groups: ReadonlyMap<string, readonly T[]> } {
  const byTemplate = new Map<string, T[]>();
  const personal: T[] = [];
  for (const item of items) {
    if (isPersonalName(item.name)) personal.push(item);
    else {
      const form = template(item.name);
      const group = byTemplate.get(form);
      if (group === undefined) byTemplate.set(form, [item]);
      else group.push(item);
    }
  }
  const groups = new Map([...byTemplate].filter(([, group]) => group.length >= FROM_VALUES_MIN_NAMES));
  const kept = [...byTemplate].flatMap(([form, group]) => (groups.has(form) ? [] : group));
  if (personal.length > 0) groups.set("(personal data)", personal);
  return { kept, groups };
}

const keyOf = (name: string): string => similarName(name) || name;

function groupByKey<T extends { readonly name: string }>(items: Iterable<T>): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item.name);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}

function clusterOf(key: string, profiles: readonly EventProfile[], sources: number): EventCluster {
  const { kept, groups } = withoutValues(profiles.flatMap(({ properties }) => [...properties.values()]));
  for (const profile of profiles) profile.daily();
  return {
    key,
    profiles,
    count: profiles.reduce((total, { count }) => total + count, 0),
    firstDay: Math.min(...profiles.map(({ firstDay }) => firstDay)),
    lastDay: Math.max(...profiles.map(({ lastDay }) => lastDay)),
    bySource: Array.from({ length: sources }, (_, source) =>
      profiles.reduce((total, { bySource }) => total + (bySource[source] ?? 0), 0),
    ),
    properties: groupByKey(kept),
    fromValues: [...groups.values()].reduce((total, group) => total + group.length, 0),
  };
}

/** Puts spellings together. */
export function clusterEvents(profiles: Iterable<EventProfile>, sources: number): Clusters {
  const { kept, groups } = withoutValues(profiles);
  return {
    events: [...groupByKey(kept)]
      .map(([key, group]) => clusterOf(key, group, sources))
      .sort((a, b) => (a.key < b.key ? -1 : 1)),
    fromValues: [...groups].map(([form, group]) => ({
      form,
      names: group.length,
      count: group.reduce((total, { count }) => total + count, 0),
    })),
  };
}

/** Times that a property was seen, in any kind of value. */
export function timesSeen({ counts }: PropertyProfile): number {
  return counts.reduce((total, count) => total + count, 0);
}

/** The spellings of profiles, each with its count. */
export function spellingsOf<T extends { readonly name: string }>(
  profiles: readonly T[],
  countOf: (profile: T) => number,
): readonly Spelling[] {
  const counts = new Map<string, number>();
  for (const profile of profiles)
    counts.set(profile.name, (counts.get(profile.name) ?? 0) + countOf(profile));
  return [...counts].map(([name, count]) => ({ name, count }));
}
