// Steps on profile properties: names that become one, types that become the plan's, and what nobody writes any more. What the people sync writes is
// left to it; only old spellings of it go, for the sync does not know them.
import type { LockProfileProperty, ValueType } from "../../plan/index.ts";
import type { RetypeTarget } from "../change-set/change-set.ts";
import type { InventoryItem } from "../inventory/inventory.ts";
import { makeNameTable } from "../inventory/name-table.ts";
import { HIDDEN_NAME } from "../inventory/traffic-tally.ts";
import {
  type Draft,
  type Drafts,
  expectAny,
  ofGroup,
  plannedProperties,
  profilesWith,
  some,
  type ToPropose,
} from "./proposal.ts";

/** More unplanned properties than this go in one step: each step reads the profiles that it is about, and reading is what takes long. */
const UNSET_APART_MAX = 12;

/** An item about a property of profiles. */
interface Found<B extends InventoryItem["bucket"]> {
  readonly item: Extract<InventoryItem, { readonly bucket: B }>;
  readonly property: string;
  readonly group: string | undefined;
}

function foundIn<B extends InventoryItem["bucket"]>(
  { inventory }: ToPropose,
  buckets: readonly B[],
): readonly Found<B>[] {
  return inventory.items.flatMap((item): Found<B>[] => {
    if (!buckets.includes(item.bucket as B) || item.of.kind !== "profile_property") return [];
    const { property, group } = item.of;
    if (property === HIDDEN_NAME) return [];
    return [{ item: item as Found<B>["item"], property, group }];
  });
}

function groupBy<T>(all: readonly T[], key: (one: T) => string): readonly (readonly T[])[] {
  const groups = new Map<string, T[]>();
  for (const one of all) groups.set(key(one), [...(groups.get(key(one)) ?? []), one]);
  return [...groups.values()];
}

const seenText = (lastSeen: string | undefined): string =>
  lastSeen === undefined ? "" : `, last seen ${lastSeen}`;

type Spelled = Found<"old_name" | "spelling">;

/** Newest first, then the most frequent: the first that has a value wins. */
function best(a: Spelled, b: Spelled): number {
  return (
    (b.item.lastSeen ?? "").localeCompare(a.item.lastSeen ?? "") ||
    b.item.count - a.item.count ||
    a.property.localeCompare(b.property)
  );
}

function becomeOne(to: string, spelled: readonly Spelled[], planned: LockProfileProperty): Draft {
  const sorted = spelled.toSorted(best);
  const from = sorted.map(({ property }) => property);
  const group = sorted[0]?.group;
  const counts = sorted.map(({ item }) => item.count);
  const told = sorted.map(
    ({ property, item }) => `\`${property}\` on ${some(item.count, "profile")}${seenText(item.lastSeen)}`,
  );
  const expect = expectAny(counts);
  const common = { ...ofGroup(group), ...(expect === undefined ? {} : { expect }) };
  const [first = ""] = from;
  if (planned.owner === "state" && group === undefined)
    return {
      slug: `unset ${first}`,
      because: `Old spelling of \`${to}\`, which the people sync writes: ${told.join("; ")}`,
      operation: { do: "unset", properties: from },
      ...common,
    };
  const isRename = sorted.length === 1 && sorted[0]?.item.bucket === "old_name";
  return {
    slug: `${isRename ? "rename" : "merge"} ${to}`,
    because: `${isRename ? "The plan's old name" : "Other spellings"} of \`${to}\`: ${told.join("; ")}`,
    operation: isRename
      ? { do: "rename", from: first, to, onBoth: "keep" }
      : { do: "merge_spellings", from, to },
    ...common,
  };
}

function spellings(wanted: ToPropose): readonly Draft[] {
  const found = foundIn(wanted, ["old_name", "spelling"]).filter(
    ({ item }) => item.bucket === "old_name" || item.isPlanned,
  );
  return groupBy(found, ({ item, group }) => JSON.stringify([group ?? null, item.to])).flatMap((spelled) => {
    const [{ item, group } = { item: undefined, group: undefined }] = spelled;
    const planned = plannedProperties(wanted.lock, group).find(({ name }) => name === item?.to);
    return planned ? [becomeOne(planned.name, spelled, planned)] : [];
  });
}

const RETYPED: Readonly<Record<ValueType["type"], RetypeTarget | undefined>> = {
  boolean: "boolean",
  integer: "integer",
  number: "number",
  string: "string",
  datetime: "datetime",
  list: "list",
  object: undefined,
};

function types(wanted: ToPropose): Drafts {
  const notes: string[] = [];
  const wrong = foundIn(wanted, ["mixed_types"]).flatMap(({ item, property, group }) => {
    const match = makeNameTable(plannedProperties(wanted.lock, group))(property);
    return match.kind === "unplanned" ? [] : [{ item, group, planned: match.entry }];
  });
  const byProperty = groupBy(wrong, ({ planned, group }) => JSON.stringify([group ?? null, planned.name]));
  const steps = byProperty.flatMap((all): Draft[] => {
    const [first] = all;
    if (!first) return [];
    const { planned, group } = first;
    const { name, type } = planned;
    const values = some(
      all.reduce((sum, { item }) => sum + item.count, 0),
      "value",
    );
    const to = RETYPED[type.type];
    if (planned.owner === "state" && group === undefined)
      notes.push(
        `\`${name}\`: ${values} not of type ${type.type}. The people sync writes it: \`plumbline people reconcile\` repairs it.`,
      );
    else if (to === undefined)
      notes.push(`\`${name}\`: ${values} not of type ${type.type}, to which nothing can be turned.`);
    else {
      const count = profilesWith(wanted.inventory.profiles, name, group);
      return [
        {
          slug: `retype ${name}`,
          because: `The plan says ${type.type}; ${values} of \`${name}\` are of another type. What cannot be turned without loss stays`,
          operation: { do: "retype", property: name, to, onMisfit: "keep" },
          ...ofGroup(group),
          ...(count === 0 ? {} : { expect: { count } }),
        },
      ];
    }
    return [];
  });
  return { steps, notes };
}

type Unwritten = Found<"without_writer">;

function unsetStep(unwritten: readonly Unwritten[]): Draft {
  const properties = unwritten.map(({ property }) => property);
  const told = unwritten.map(
    ({ property, item }) => `\`${property}\` on ${some(item.count, "profile")}${seenText(item.lastSeen)}`,
  );
  const [first] = unwritten;
  const expect = expectAny(unwritten.map(({ item }) => item.count));
  return {
    slug: unwritten.length === 1 ? `unset ${first?.property ?? ""}` : "unset unplanned",
    because: `Not in the plan, so nobody may write it: ${told.join("; ")}`,
    operation: { do: "unset", properties },
    ...ofGroup(first?.group),
    ...(expect === undefined ? {} : { expect }),
  };
}

/** `$name`, `$email` and their like: what the provider shows people by is gone from its pages at once. */
const isShown = ({ property }: Unwritten): boolean => property.startsWith("$");

function shownStep(one: Unwritten): Draft {
  const { because, ...step } = unsetStep([one]);
  return {
    ...step,
    because: `${because}. The provider shows people by it. Decide first: take it into the plan, or this`,
    enabled: false,
  };
}

function unwritten(wanted: ToPropose): readonly Draft[] {
  const found = foundIn(wanted, ["without_writer"]).toSorted((a, b) => a.property.localeCompare(b.property));
  return groupBy(found, ({ group }) => group ?? "").flatMap((all) => {
    const others = all.filter((one) => !isShown(one));
    return [
      ...all.filter(isShown).map(shownStep),
      ...(others.length > UNSET_APART_MAX ? [unsetStep(others)] : others.map((one) => unsetStep([one]))),
    ];
  });
}

function personal(wanted: ToPropose): Drafts {
  const notes: string[] = [];
  const steps = foundIn(wanted, ["personal_data"]).flatMap(({ item, property, group }): Draft[] => {
    const match = makeNameTable(plannedProperties(wanted.lock, group))(property);
    // Unplanned ones go with all that nobody writes.
    if (match.kind === "unplanned") return [];
    const { name, owner } = match.entry;
    const told = `${item.found.join(", ")} in ${some(item.count, "value")} of ${some(item.looked, "value")} looked at`;
    if (owner === "state" && group === undefined) {
      notes.push(
        `\`${name}\`: ${told}, class \`${item.data ?? "none"}\`. The people sync writes it: give it its class in the plan, or take it out.`,
      );
      return [];
    }
    const where = item.found.includes("email") ? wanted.containsFilter?.(name, "@") : undefined;
    return [
      {
        slug: `personal ${name}`,
        because: `${told}, although the plan's class is \`${item.data ?? "none"}\`. Decide first: another class in the plan, or this`,
        enabled: false,
        operation: { do: "unset", properties: [name] },
        of: where === undefined ? { kind: "property", property: name } : { kind: "where", where },
        ...ofGroup(group),
      },
    ];
  });
  return { steps, notes };
}

/** Steps on profile properties, in the order in which they have to happen. */
export function proposeProperties(wanted: ToPropose): Drafts {
  const [typed, private_] = [types(wanted), personal(wanted)];
  const hidden = wanted.inventory.items.some(
    ({ of }) => of.kind === "profile_property" && of.property === HIDDEN_NAME,
  );
  return {
    steps: [...spellings(wanted), ...typed.steps, ...private_.steps, ...unwritten(wanted)],
    notes: [
      ...typed.notes,
      ...private_.notes,
      ...(hidden
        ? [
            "Some profile properties have names that look like somebody's data. They are not written here: remove them by hand.",
          ]
        : []),
    ],
  };
}
