// Events against the plan: what was exported, what the gateway received, what the provider names and its dictionary has. Pure.
import {
  isBuiltInEvent,
  isSdkEventProperty,
  type Lock,
  type LockEvent,
  type LockProperty,
} from "../../plan/index.ts";
import type { InventoryEvent, InventoryItem, Subject } from "./inventory.ts";
import { makeNameTable, type NameMatch, spellings } from "./name-table.ts";
import {
  addSum,
  dayText,
  emptySum,
  type EventSum,
  type PropertySum,
  sendersOf,
  shownName,
  sumFromText,
  sumToText,
  type TrafficSum,
} from "./traffic-tally.ts";
import { valueItems } from "./value-items.ts";

/** What the provider's dictionary has of an event. */
export interface DictionaryEvent {
  readonly name: string;
  readonly hidden: boolean;
  readonly dropped: boolean;
  readonly description: string | undefined;
}

export interface SeenEvents {
  readonly exported: TrafficSum;
  readonly gateway: TrafficSum;
  /** The provider's own list of names. */
  readonly named: ReadonlySet<string>;
  readonly dictionary: ReadonlyMap<string, DictionaryEvent>;
}

export interface JudgedEvents {
  readonly events: readonly InventoryEvent[];
  readonly items: readonly InventoryItem[];
}

interface SeenEvent {
  readonly facts: InventoryEvent;
  /** Export and gateway together. */
  readonly sum: EventSum | undefined;
  readonly isSettled: boolean;
}

function look(
  name: string,
  { exported, gateway, named, dictionary }: SeenEvents,
  both: TrafficSum,
): SeenEvent {
  const sum = both.byName.get(name);
  const entry = dictionary.get(name);
  const atProvider = exported.byName.get(name)?.count ?? 0;
  const isNamed = named.has(name);
  const facts: InventoryEvent = {
    name: shownName(name),
    exported: atProvider,
    gateway: gateway.byName.get(name)?.count ?? 0,
    isNamed,
    firstSeen: dayText(sum?.firstDay),
    lastSeen: dayText(sum?.lastDay),
    ...(entry === undefined
      ? {}
      : { dictionary: { hidden: entry.hidden, dropped: entry.dropped, description: entry.description } }),
  };
  const isOffered = entry !== undefined ? !entry.hidden && !entry.dropped : atProvider > 0 || isNamed;
  return { facts, sum, isSettled: !isOffered };
}

interface Seen {
  readonly of: Subject;
  readonly count: number;
  readonly lastSeen: string | undefined;
  readonly senders: ReturnType<typeof sendersOf>;
  readonly isSettled: boolean;
}

/** The item of a name that the plan does not have as it is spelled. */
function strayItem(
  match: Exclude<NameMatch<{ readonly name: string }>, { readonly kind: "exact" }>,
  seen: Seen,
): InventoryItem {
  switch (match.kind) {
    case "old":
      return { bucket: "old_name", ...seen, to: match.entry.name };
    case "spelling":
      return { bucket: "spelling", ...seen, to: match.entry.name, isPlanned: true };
    case "unplanned":
      return { bucket: "seen_unplanned", ...seen };
  }
}

type PlannedProperty = LockProperty & { readonly name: string };

function propertiesOf(event: LockEvent): readonly PlannedProperty[] {
  return Object.entries(event.properties).map(([name, property]) => ({ ...property, name }));
}

function seenProperty(of: Subject, sum: PropertySum, event: SeenEvent): Seen {
  return {
    of,
    count: sum.kinds.reduce((total, count) => total + count, 0),
    lastSeen: event.facts.lastSeen,
    senders: sendersOf(sum.sources),
    isSettled: event.isSettled,
  };
}

/** Properties of an event that the plan has, under whatever name it came. */
function propertyItems(name: string, event: SeenEvent, planned: LockEvent): readonly InventoryItem[] {
  const table = makeNameTable(propertiesOf(planned));
  return [...(event.sum?.properties ?? [])].flatMap(([property, sum]) => {
    const of: Subject = { kind: "event_property", event: shownName(name), property: shownName(property) };
    const match = table(property);
    if (match.kind === "unplanned" && isSdkEventProperty(property))
      return valueItems(of, sum, undefined).filter(({ bucket }) => bucket === "personal_data");
    const seen = seenProperty(of, sum, event);
    const own: InventoryItem =
      match.kind === "exact" ? { bucket: "planned_and_seen", of, count: seen.count } : strayItem(match, seen);
    return [own, ...valueItems(of, sum, match.kind === "unplanned" ? undefined : match.entry)];
  });
}

/** Of an event that nobody planned only what it gives away matters. */
function personalItems(name: string, event: SeenEvent): readonly InventoryItem[] {
  return [...(event.sum?.properties ?? [])].flatMap(([property, sum]) => {
    const of: Subject = { kind: "event_property", event: shownName(name), property: shownName(property) };
    return valueItems(of, sum, undefined).filter(({ bucket }) => bucket === "personal_data");
  });
}

function neverSeen(
  lock: Lock,
  seen: ReadonlyMap<string, EventSum>,
  named: ReadonlySet<string>,
): readonly InventoryItem[] {
  return Object.values(lock.events).flatMap((event): readonly InventoryItem[] => {
    // That nobody sends it any more is what was wanted.
    if (event.deprecated !== undefined) return [];
    const names = [event.name, ...event.was];
    const sums = names.flatMap((name) => seen.get(name) ?? []);
    // Not in the days that were read, and the provider knows it: nothing can be said of its properties.
    if (sums.length === 0 && names.some((name) => named.has(name))) return [];
    if (sums.length === 0)
      return [{ bucket: "planned_never_seen", of: { kind: "event", event: event.name } }];
    return Object.entries(event.properties).flatMap(([property, { was }]): readonly InventoryItem[] =>
      [property, ...was].some((one) => sums.some(({ properties }) => properties.has(one)))
        ? []
        : [{ bucket: "planned_never_seen", of: { kind: "event_property", event: event.name, property } }],
    );
  });
}

/** Whom the gateway makes of a deprecated event. */
function successorOf(lock: Lock, { deprecated }: LockEvent): LockEvent | undefined {
  if (deprecated?.gateway !== "rewrite" || deprecated.to === undefined) return undefined;
  return lock.events[deprecated.to];
}

/** The plan's event by a name; one that the gateway rewrites is an old name of its successor. */
function eventTable(lock: Lock): (name: string) => NameMatch<LockEvent> {
  const table = makeNameTable(Object.values(lock.events));
  return (name) => {
    const match = table(name);
    const successor = match.kind === "unplanned" ? undefined : successorOf(lock, match.entry);
    return successor === undefined ? match : { kind: "old", entry: successor };
  };
}

function eventItems(name: string, event: SeenEvent, match: NameMatch<LockEvent>): readonly InventoryItem[] {
  const of: Subject = { kind: "event", event: shownName(name) };
  const { facts, sum, isSettled } = event;
  const isSeen = sum !== undefined || facts.isNamed;
  if (match.kind === "exact")
    return isSeen
      ? [
          { bucket: "planned_and_seen", of, count: facts.exported },
          ...propertyItems(name, event, match.entry),
        ]
      : [];
  const senders = sendersOf(sum?.senders ?? new Map());
  const seen: Seen = { of, count: facts.exported, lastSeen: facts.lastSeen, senders, isSettled };
  const own = strayItem(match, seen);
  return match.kind === "unplanned"
    ? [own, ...personalItems(name, event)]
    : [own, ...propertyItems(name, event, match.entry)];
}

/** Holds events against the plan. */
export function judgeEvents(lock: Lock, seen: SeenEvents): JudgedEvents {
  const both = emptySum();
  // Copies: adding up changes what it adds to.
  for (const sum of [seen.exported, seen.gateway]) addSum(both, sumFromText(sumToText(sum)));
  const names = new Set([...both.byName.keys(), ...seen.named, ...seen.dictionary.keys()]);
  const table = eventTable(lock);
  const all = [...names]
    .filter((name) => !isBuiltInEvent(name))
    .sort()
    .map((name) => ({ name, event: look(name, seen, both), match: table(name) }));
  const unplanned = new Map(
    all.flatMap(({ name, event, match }) =>
      match.kind === "unplanned" ? [[name, event.facts.exported] as const] : [],
    ),
  );
  const byName = new Map(all.map(({ name, event }) => [name, event]));
  const spelled = [...spellings(unplanned)].flatMap(([name, to]): readonly InventoryItem[] => {
    const event = byName.get(name);
    if (event === undefined) return [];
    const { facts, sum, isSettled } = event;
    const of: Subject = { kind: "event", event: facts.name };
    const senders = sendersOf(sum?.senders ?? new Map());
    const { exported: count, lastSeen } = facts;
    return [
      { bucket: "spelling", of, to: shownName(to), isPlanned: false, count, lastSeen, senders, isSettled },
    ];
  });
  return {
    events: all.map(({ event }) => event.facts),
    items: [
      ...all.flatMap(({ name, event, match }) => eventItems(name, event, match)),
      ...spelled,
      ...neverSeen(lock, both.byName, seen.named),
    ],
  };
}
