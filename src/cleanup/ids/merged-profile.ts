// What one person's profile becomes when several ids had one. Pure.
import { canonicalJson, type JsonValue } from "../../core/index.ts";
import type { IdConflict } from "../change-set/change-set.ts";

export type ProfileProperties = Readonly<Record<string, JsonValue>>;

/** One person in the backup: every id, and every profile as it was. */
export interface PersonRecord {
  readonly new: string;
  readonly olds: readonly string[];
  /** By id, of those that have one. */
  readonly profiles: Readonly<Record<string, ProfileProperties>>;
}

/** How several profiles become one. */
export interface MergeRule {
  readonly onConflict: IdConflict;
  /** Properties that the people sync writes: those of old ids are stale, and never carried over. */
  readonly stateOwned: ReadonlySet<string>;
}

export type MergedProfile =
  /** No old id has a profile. */
  | { readonly kind: "none" }
  /** The rule says that a person with two profiles is left alone. */
  | { readonly kind: "left" }
  | {
      readonly kind: "merged";
      /** All of it. */
      readonly whole: ProfileProperties;
      /** Of it, what the profile of the new id lacks or has otherwise. */
      readonly set: ProfileProperties;
      /** Old ids that have a profile. */
      readonly olds: readonly string[];
    };

/** Computed from the person's events wherever they are; writing it would only pretend. */
const COMPUTED: ReadonlySet<string> = new Set(["$mp_first_event_time", "$distinct_id"]);

export function sameValue(a: JsonValue | undefined, b: JsonValue | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return canonicalJson(a) === canonicalJson(b);
}

function ownProperties(properties: ProfileProperties): readonly (readonly [string, JsonValue])[] {
  return Object.entries(properties).filter(([name]) => !COMPUTED.has(name));
}

/** Puts the profiles of one person together; of several old ids the first in the mapping wins. */
export function mergeProfiles(person: PersonRecord, { onConflict, stateOwned }: MergeRule): MergedProfile {
  const { profiles } = person;
  const olds = person.olds.filter((id) => Object.hasOwn(profiles, id));
  const mine = Object.hasOwn(profiles, person.new) ? (profiles[person.new] ?? {}) : undefined;
  if (olds.length === 0) return { kind: "none" };
  if (mine !== undefined && onConflict === "skip") return { kind: "left" };
  const whole = new Map<string, JsonValue>();
  const take = (properties: ProfileProperties): void => {
    for (const [name, value] of ownProperties(properties)) if (!whole.has(name)) whole.set(name, value);
  };
  if (onConflict === "keep_new") take(mine ?? {});
  for (const id of olds) {
    const theirs = Object.entries(profiles[id] ?? {}).filter(([name]) => !stateOwned.has(name));
    take(Object.fromEntries(theirs));
  }
  take(mine ?? {});
  const present = new Map(Object.entries(mine ?? {}));
  const set = [...whole].filter(([name, value]) => !sameValue(present.get(name), value));
  return { kind: "merged", whole: Object.fromEntries(whole), set: Object.fromEntries(set), olds };
}

/** All that is known of a person, wherever it is kept; undefined for one without any profile. */
export function wholeProfile(person: PersonRecord, rule: MergeRule): ProfileProperties | undefined {
  const merged = mergeProfiles(person, rule);
  if (merged.kind === "merged") return merged.whole;
  const mine = person.profiles[person.new];
  return mine === undefined ? undefined : Object.fromEntries(ownProperties(mine));
}
