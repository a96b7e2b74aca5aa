// Which profiles are one person's, who of them stays, and what the others give to the one that stays. Pure: computed from the backup, the same each time.
import type { JsonValue } from "../../core/index.ts";
import type { ProfileOperation, SurvivorRule } from "../change-set/change-set.ts";
import { type ProfileRecord, type Properties, valueOf } from "./profile-record.ts";

export type Deduplicate = Extract<ProfileOperation, { readonly do: "deduplicate" }>;

/** Profiles with the same value of the property. */
export interface DuplicateGroup {
  readonly survivor: ProfileRecord;
  /** Properties that the survivor lacks, from the others. */
  readonly merged: Properties;
  readonly others: readonly ProfileRecord[];
}

/** More than so many with one value: it is a placeholder, not a person. */
export const GROUP_MAX = 20;

/** What the provider computes for each profile itself. Source (read 2026-11): Mixpanel "Default properties". */
const COMPUTED: ReadonlySet<string> = new Set([
  "$distinct_id",
  "$last_seen",
  "$city",
  "$region",
  "$country_code",
  "$timezone",
  "$geo_source",
  "$mp_first_event_time",
]);

/** Tells whether the provider computes this property of profiles itself. */
export function isComputed(name: string): boolean {
  return COMPUTED.has(name);
}

/** What a profile is grouped by; `undefined`: nothing that could tell a person. */
export function groupKey({ by, isCaseSensitive }: Deduplicate, had: Properties): string | undefined {
  const value = valueOf(had, by);
  const text = typeof value === "number" ? String(value) : typeof value === "string" ? value.trim() : "";
  if (text === "") return undefined;
  return isCaseSensitive ? text : text.toLowerCase();
}

function textOf(had: Properties, name: string): string {
  const value = valueOf(had, name);
  return typeof value === "string" ? value : "";
}

type Compare = (a: ProfileRecord, b: ProfileRecord) => number;

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

const newestSeen: Compare = (a, b) => order(textOf(b.had, "$last_seen"), textOf(a.had, "$last_seen"));
/** Without a date comes last. */
const oldestCreated: Compare = (a, b) =>
  order(textOf(a.had, "$created") || "\uffff", textOf(b.had, "$created") || "\uffff");
const mostProperties: Compare = (a, b) => Object.keys(b.had).length - Object.keys(a.had).length;

function rankBy(rule: SurvivorRule, isUserId: (id: string) => boolean): Compare {
  const rules: Readonly<Record<SurvivorRule, Compare>> = {
    user_id_format: (a, b) => Number(isUserId(b.id)) - Number(isUserId(a.id)),
    newest_seen: newestSeen,
    oldest_created: oldestCreated,
    most_properties: mostProperties,
  };
  const first = rules[rule];
  return (a, b) => first(a, b) || newestSeen(a, b) || order(a.id, b.id);
}

function mergedFrom(survivor: ProfileRecord, others: readonly ProfileRecord[]): Properties {
  const merged = new Map<string, JsonValue>();
  for (const { had } of others)
    for (const [name, value] of Object.entries(had))
      if (!COMPUTED.has(name) && !merged.has(name) && valueOf(survivor.had, name) === undefined)
        merged.set(name, value);
  return Object.fromEntries(merged);
}

/** Why a group is left alone. */
export type LeftAlone =
  | "more than a person's worth of profiles share the value"
  | "several of them have the id of a user";

/** Plans one group; at least two profiles. */
export function planGroup(
  operation: Deduplicate,
  profiles: readonly ProfileRecord[],
  isUserId: (id: string) => boolean,
): DuplicateGroup | LeftAlone {
  if (profiles.length > GROUP_MAX) return "more than a person's worth of profiles share the value";
  // Two ids of users are two accounts, whatever they have in common.
  if (profiles.filter(({ id }) => isUserId(id)).length > 1) return "several of them have the id of a user";
  const ranked = profiles.toSorted(rankBy(operation.survivor, isUserId));
  const [survivor, ...others] = ranked;
  if (!survivor) throw new TypeError("a group without profiles");
  return { survivor, others, merged: operation.merge ? mergedFrom(survivor, others) : {} };
}
