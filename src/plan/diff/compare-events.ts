// Events of two plans, matched by id; properties matched by wire name, or by the old name that the new one has.
import type { Lock, LockEvent, LockProperty } from "../lock.ts";
import type { Change, ChangeKind } from "./change-table.ts";
import { compareDataClass, compareOldNames, compareTexts } from "./compare-care.ts";
import { comparePolicy } from "./compare-policies.ts";
import { compareTypes } from "./compare-types.ts";

interface Sides {
  readonly base: Lock;
  readonly head: Lock;
}
type Pair<T> = readonly [before: T, after: T];

const PRESENCE_KINDS: Readonly<Record<string, ChangeKind | undefined>> = {
  "optional required": "property-now-required",
  "required optional": "property-now-optional",
  "omitted required": "required-property-added",
  "omitted optional": "property-added",
  "required omitted": "property-removed",
  "optional omitted": "property-removed",
};

function presenceFor(property: LockProperty, source: string): string {
  return property.sources?.[source] ?? property.presence;
}

/** Presence by source: one change a kind, with the sources it is about. */
function comparePresence(
  [before, after]: Pair<LockProperty>,
  sources: readonly string[],
  at: string,
): readonly Change[] {
  const bySource = new Map<ChangeKind, string[]>();
  for (const source of sources) {
    const kind = PRESENCE_KINDS[`${presenceFor(before, source)} ${presenceFor(after, source)}`];
    if (kind) bySource.set(kind, [...(bySource.get(kind) ?? []), source]);
  }
  return [...bySource].map(
    ([kind, its]): Change => ({
      kind,
      at,
      ...(its.length === sources.length ? {} : { sources: its }),
    }),
  );
}

function compareProperty(
  { base, head }: Sides,
  [before, after]: Pair<LockProperty>,
  place: Place,
): readonly Change[] {
  const { at, sources, names } = place;
  return [
    ...comparePresence([before, after], sources, at),
    ...compareTypes(before.type, after.type, at),
    ...compareDataClass([base, before.data], [head, after.data], at),
    ...compareOldNames({ was: before.was, name: names[0] }, { was: after.was, name: names[1] }, at),
    ...compareTexts(
      before.description === undefined ? {} : { description: before.description },
      after.description === undefined ? {} : { description: after.description },
      at,
    ),
  ];
}

interface Place {
  readonly at: string;
  /** Sources that sent and still send the event. */
  readonly sources: readonly string[];
  readonly names: readonly [string, string];
}

function compareProperties(sides: Sides, [before, after]: Pair<LockEvent>, at: string): readonly Change[] {
  const changes: Change[] = [];
  const sources = Object.keys(after.sources).filter((source) => Object.hasOwn(before.sources, source));
  const matched = new Set<string>();
  for (const [name, property] of Object.entries(after.properties)) {
    const place = `${at}.properties.${name}`;
    const same = before.properties[name];
    const oldName = property.was.find(
      (old) => Object.hasOwn(before.properties, old) && !Object.hasOwn(after.properties, old),
    );
    const old = same ?? (oldName === undefined ? undefined : before.properties[oldName]);
    if (old === undefined) {
      changes.push({
        kind: property.presence === "required" ? "required-property-added" : "property-added",
        at: place,
      });
      continue;
    }
    const formerly = same ? name : (oldName ?? name);
    matched.add(formerly);
    if (!same) changes.push({ kind: "property-renamed", at: place, detail: `\`${formerly}\` → \`${name}\`` });
    changes.push(...compareProperty(sides, [old, property], { at: place, sources, names: [formerly, name] }));
  }
  for (const name of Object.keys(before.properties))
    if (!matched.has(name)) changes.push({ kind: "property-removed", at: `${at}.properties.${name}` });
  return changes;
}

function compareDeprecation([before, after]: Pair<LockEvent>, at: string): readonly Change[] {
  const [was, is] = [before.deprecated, after.deprecated];
  if (was === undefined && is === undefined) return [];
  if (is === undefined) return [{ kind: "event-no-longer-deprecated", at }];
  const changes: Change[] = [];
  if (was === undefined)
    changes.push({
      kind: "event-deprecated",
      at,
      ...(is.to === undefined ? {} : { detail: `Use \`${is.to}\`` }),
    });
  if (is.gateway === "drop" && was?.gateway !== "drop") changes.push({ kind: "deprecated-now-dropped", at });
  return changes;
}

function compareSources([before, after]: Pair<LockEvent>, at: string): readonly Change[] {
  const gone = Object.keys(before.sources).filter((source) => !Object.hasOwn(after.sources, source));
  const added = Object.keys(after.sources).filter((source) => !Object.hasOwn(before.sources, source));
  return [
    ...(gone.length === 0 ? [] : [{ kind: "source-dropped", at, sources: gone } as const]),
    ...(added.length === 0 ? [] : [{ kind: "source-gained", at, sources: added } as const]),
  ];
}

/** The same id, but nothing else in common. */
function isOtherMeaning([before, after]: Pair<LockEvent>): boolean {
  if (before.name === after.name || after.was.includes(before.name)) return false;
  const shared = Object.keys(before.properties).some((name) => Object.hasOwn(after.properties, name));
  const hadProperties = Object.keys(before.properties).length > 0;
  return hadProperties && !shared && before.description !== after.description;
}

function compareEvent(sides: Sides, pair: Pair<LockEvent>, id: string): readonly Change[] {
  const [before, after] = pair;
  const at = `events.${id}`;
  if (isOtherMeaning(pair))
    return [{ kind: "id-reused", at, detail: `\`${before.name}\` → \`${after.name}\`` }];
  const renamed: readonly Change[] =
    before.name === after.name
      ? []
      : [
          {
            kind: after.was.includes(before.name) ? "event-renamed" : "event-renamed-without-was",
            at,
            detail: `\`${before.name}\` → \`${after.name}\``,
          },
        ];
  return [
    ...renamed,
    ...compareDeprecation(pair, at),
    ...compareSources(pair, at),
    ...compareOldNames(before, after, at),
    ...comparePolicy(before, after, at),
    ...compareTexts(before, after, at),
    ...compareProperties(sides, pair, at),
  ];
}

function removal(head: Lock, event: LockEvent, id: string): readonly Change[] {
  const at = `events.${id}`;
  const heir = Object.entries(head.events).find(([, its]) => its.was.includes(event.name));
  if (heir) return [{ kind: "event-replaced", at, detail: `\`${heir[0]}\` accepts \`${event.name}\`` }];
  const reuser = Object.entries(head.events).find(([, its]) => its.name === event.name);
  return reuser
    ? [{ kind: "name-reused", at: `events.${reuser[0]}`, detail: `\`${event.name}\` was \`${id}\`` }]
    : [{ kind: "event-removed", at }];
}

/** A name that moved from one event that lives on to another. */
function stolenNames({ base, head }: Sides): readonly Change[] {
  return Object.entries(head.events).flatMap(([id, event]): readonly Change[] => {
    const before = Object.entries(base.events).find(([, its]) => its.name === event.name);
    if (!before || before[0] === id || !Object.hasOwn(head.events, before[0])) return [];
    return [{ kind: "name-reused", at: `events.${id}`, detail: `\`${event.name}\` was \`${before[0]}\`` }];
  });
}

/** Every difference between the events of two plans. */
export function compareEvents(sides: Sides): readonly Change[] {
  const { base, head } = sides;
  const changes: Change[] = [];
  for (const [id, event] of Object.entries(head.events)) {
    const before = base.events[id];
    if (before) changes.push(...compareEvent(sides, [before, event], id));
    else if (!Object.values(base.events).some(({ name }) => name === event.name))
      changes.push({ kind: "event-added", at: `events.${id}` });
  }
  for (const [id, event] of Object.entries(base.events))
    if (!Object.hasOwn(head.events, id)) changes.push(...removal(head, event, id));
  return [...changes, ...stolenNames(sides)];
}
