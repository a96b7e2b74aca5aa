// Profiles against the plan: properties, people with several profiles, profiles of nobody, ids that no user may have. Pure.
import { isSdkProfileProperty, type Lock, type LockProfileProperty } from "../../plan/index.ts";
import { ID_SHAPES } from "../ids/id-shape.ts";
import { isComputed } from "../profiles/duplicate-groups.ts";
import type { InventoryItem, InventoryProfiles, Subject } from "./inventory.ts";
import { makeNameTable, spellings } from "./name-table.ts";
import type { ProfilePropertySum, ProfileSum } from "./profile-tally.ts";
import { shownName, typeCounts } from "./traffic-tally.ts";
import { valueItems } from "./value-items.ts";
import type { WalkedProfiles } from "./walk-profiles.ts";

/** What the provider itself puts on a profile, or an SDK without being asked. */
function isProvided(name: string): boolean {
  return (
    isComputed(name) || isSdkProfileProperty(name) || name.startsWith("$ae_") || name.startsWith("$group_")
  );
}

/** What the plan has of users, or of the groups of a key. */
function plannedOf(lock: Lock, group: string | undefined): readonly LockProfileProperty[] {
  if (group === undefined) return Object.values(lock.people);
  return Object.hasOwn(lock.groups, group) ? Object.values(lock.groups[group] ?? {}) : [];
}

const dayOf = ({ lastSeen }: ProfilePropertySum): string | undefined =>
  lastSeen === "" ? undefined : lastSeen;

function subject(property: string, group: string | undefined): Subject {
  const shown = shownName(property);
  return { kind: "profile_property", property: shown, ...(group === undefined ? {} : { group }) };
}

function propertyItems(
  { group, sum }: WalkedProfiles,
  planned: readonly LockProfileProperty[],
): readonly InventoryItem[] {
  const table = makeNameTable(planned);
  const items: InventoryItem[] = [];
  const unplanned = new Map<string, number>();
  const seen = new Map(sum.properties);
  for (const [name, property] of seen) {
    const of = subject(name, group);
    const match = table(name);
    const told = { of, count: property.profiles, lastSeen: dayOf(property) };
    if (match.kind === "unplanned") {
      if (isProvided(name)) continue;
      unplanned.set(name, property.profiles);
      items.push({ bucket: "without_writer", ...told }, ...valueItems(of, property, undefined));
      continue;
    }
    const { entry } = match;
    if (match.kind === "exact") items.push({ bucket: "planned_and_seen", of, count: property.profiles });
    else if (match.kind === "old")
      items.push({ bucket: "old_name", ...told, to: entry.name, senders: [], isSettled: false });
    else
      items.push({
        bucket: "spelling",
        ...told,
        to: entry.name,
        isPlanned: true,
        senders: [],
        isSettled: false,
      });
    items.push(...valueItems(of, property, entry));
  }
  for (const [name, to] of spellings(unplanned))
    items.push({
      bucket: "spelling",
      of: subject(name, group),
      to: shownName(to),
      isPlanned: false,
      count: unplanned.get(name) ?? 0,
      lastSeen: undefined,
      senders: [],
      isSettled: false,
    });
  for (const { name, was } of planned)
    if (![name, ...was].some((one) => seen.has(one)))
      items.push({ bucket: "planned_never_seen", of: subject(name, group) });
  return items;
}

function peopleItems({ sum, idsFile }: WalkedProfiles, by: string): readonly InventoryItem[] {
  const of: Subject = { kind: "profiles" };
  const { duplicates, people, withoutUser, unfit } = sum;
  return [
    ...(duplicates > 0 ? [{ bucket: "duplicate_profiles", of, by, people, count: duplicates } as const] : []),
    ...(withoutUser > 0
      ? [{ bucket: "profiles_without_user", of, count: withoutUser, idsFile } as const]
      : []),
    ...ID_SHAPES.flatMap((shape) => {
      const count = unfit[shape] ?? 0;
      return count > 0 ? [{ bucket: "unfit_ids", of, shape, count } as const] : [];
    }),
  ];
}

function profilesOf(group: string | undefined, sum: ProfileSum): InventoryProfiles {
  const properties = sum.properties
    .map(([name, property]) => ({
      name: shownName(name),
      profiles: property.profiles,
      fillRate: sum.count === 0 ? 0 : property.profiles / sum.count,
      types: typeCounts(property.kinds),
      lastSeen: dayOf(property),
    }))
    .toSorted((a, b) => b.profiles - a.profiles || (a.name < b.name ? -1 : 1));
  const { count, shapes: idShapes, lastSeen } = sum;
  return { ...(group === undefined ? {} : { group }), count, properties, idShapes, lastSeen };
}

export interface JudgedProfiles {
  readonly profiles: readonly InventoryProfiles[];
  readonly items: readonly InventoryItem[];
}

/** Holds profiles against the plan. `by`: the property that tells a person. */
export function judgeProfiles(lock: Lock, walked: readonly WalkedProfiles[], by: string): JudgedProfiles {
  return {
    profiles: walked.map(({ group, sum }) => profilesOf(group, sum)),
    items: walked.flatMap((one) => [
      ...propertyItems(one, plannedOf(lock, one.group)),
      ...(one.group === undefined ? peopleItems(one, by) : []),
    ]),
  };
}
