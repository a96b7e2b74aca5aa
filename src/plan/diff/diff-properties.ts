// Properties of one event, by wire name. A name that is gone and stands in `was` of another was renamed.
import { describeType } from "../export/describe-type.ts";
import type { LockEvent, LockProperty, Presence } from "../lock.ts";
import { addedTo, type ChangeList } from "./change-list.ts";
import { compareTypes } from "./compare-types.ts";
import { classKinds } from "./diff-data-classes.ts";
import { isSameMeaning } from "./same-meaning.ts";

interface EventPair {
  readonly id: string;
  readonly before: LockEvent;
  readonly after: LockEvent;
  /** Sources that send both. */
  readonly sources: readonly string[];
}

type Use = Presence | "omitted";

const REMOVED = {
  accept: "property-removed-accepted",
  strip: "property-removed-stripped",
  quarantine: "property-removed-quarantined",
} as const;

function useBy(property: LockProperty, source: string): Use {
  return property.sources?.[source] ?? property.presence;
}

function describe({ presence, type }: LockProperty): string {
  return `${presence} ${describeType(type)}`;
}

/** Who may leave it out, by source. */
function diffPresence(list: ChangeList, at: string, pair: Pick<EventPair, "sources"> & PropertyPair): void {
  const { before, after, sources } = pair;
  const kinds = new Map<
    "property-now-required" | "property-now-optional" | "property-omitted" | "property-added-optional",
    { before: Use; after: Use; sources: string[] }
  >();
  for (const source of sources) {
    const [was, is] = [useBy(before, source), useBy(after, source)];
    if (was === is) continue;
    const kind =
      is === "omitted"
        ? "property-omitted"
        : is === "required"
          ? "property-now-required"
          : was === "omitted"
            ? "property-added-optional"
            : "property-now-optional";
    const known = kinds.get(kind);
    if (known === undefined) kinds.set(kind, { before: was, after: is, sources: [source] });
    else known.sources.push(source);
  }
  for (const [kind, found] of kinds) list.add(kind, at, found);
}

interface PropertyPair {
  readonly before: LockProperty;
  readonly after: LockProperty;
}

function diffOne(list: ChangeList, at: string, pair: Pick<EventPair, "sources"> & PropertyPair): void {
  const { before, after, sources } = pair;
  diffPresence(list, at, pair);
  for (const kind of compareTypes(before.type, after.type))
    list.add(kind, at, { before: describeType(before.type), after: describeType(after.type), sources });
  for (const kind of classKinds(list.plans, before.data, after.data))
    list.add(kind, at, { before: before.data, after: after.data, sources });
  for (const name of addedTo(before.was, after.was))
    list.add("property-alias-added", at, { after: name, sources });
  for (const name of addedTo(after.was, before.was))
    list.add("property-alias-removed", at, { before: name, sources });
  if (before.description !== after.description) list.add("property-described", at, { sources });
}

/** A name that meant another property, by the old plan's own record of old names. */
function reusedFrom(pair: EventPair, name: string): string | undefined {
  const [owner] =
    Object.entries(pair.before.properties).find(([other, { was }]) => other !== name && was.includes(name)) ??
    [];
  return owner;
}

/** Old name → new name. */
function renames({ before, after }: EventPair): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const [name, { was }] of Object.entries(after.properties)) {
    if (before.properties[name] !== undefined) continue;
    const old = was.find(
      (one) => before.properties[one] !== undefined && after.properties[one] === undefined,
    );
    if (old !== undefined) found.set(old, name);
  }
  return found;
}

/** Compares the properties of an event that both plans have. */
export function diffProperties(list: ChangeList, pair: EventPair): void {
  const { id, before, after, sources } = pair;
  const at = (name: string): string => `events.${id}.properties.${name}`;
  const renamed = renames(pair);
  const targets = new Set(renamed.values());
  for (const [name, property] of Object.entries(before.properties)) {
    const same = after.properties[name];
    const to = renamed.get(name);
    if (same !== undefined) diffOne(list, at(name), { before: property, after: same, sources });
    else if (to === undefined)
      list.add(REMOVED[after.unknown_property], at(name), { before: describe(property), sources });
    else {
      const next = after.properties[to];
      list.add("property-renamed", at(to), { before: name, after: to, sources });
      if (next !== undefined)
        diffOne(list, at(to), {
          before: property,
          after: { ...next, was: next.was.filter((one) => one !== name) },
          sources,
        });
    }
  }
  for (const [name, property] of Object.entries(after.properties)) {
    if (before.properties[name] !== undefined || targets.has(name)) continue;
    const owner = reusedFrom(pair, name);
    if (owner !== undefined && !isSameMeaning(before.properties[owner], property))
      list.add("wire-name-reused", at(name), {
        before: `old name of ${owner}`,
        after: describe(property),
        sources,
      });
    const required = sources.filter((source) => useBy(property, source) === "required");
    const optional =
      before.unknown_property === "accept" ? "property-added-judged" : "property-added-optional";
    const kind = required.length > 0 ? "property-added-required" : optional;
    list.add(kind, at(name), {
      after: describe(property),
      sources: required.length > 0 ? required : sources,
    });
  }
}
