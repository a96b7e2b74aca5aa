// What events of some days came to: names, counts, senders, types of properties. Small, without values, and can be written down and added up.
import {
  isPersonalName,
  KIND,
  KINDS,
  makeTrafficProfile,
  sourceOfLibrary,
  type TrafficEvent,
  type TrafficProfile,
} from "../../infer/index.ts";
import { datetimeFromText, releaseOf } from "../../plan/index.ts";
import type { SeenSender, TypeCounts } from "./inventory.ts";

/** Senders of one event that are told apart. */
const SENDERS_MAX = 20;
const RELEASE_MAX_CHARACTERS = 40;
const DAY_MS = 86_400_000;
const NAMES = Object.entries(KIND);
/** Stands after {@link KIND}: texts that are no dates, where the plan says that there is one. */
export const NO_DATE = NAMES.length;

/** Kinds of values of a property, in all, by {@link KIND}; texts that look personal, in the order of `PERSONAL`; how many were looked at; by source. */
export interface PropertySum {
  readonly kinds: number[];
  readonly personal: number[];
  looked: number;
  readonly sources: Map<string, number>;
}

export interface EventSum {
  count: number;
  /** Days since 1970; undefined: no event had a time. */
  firstDay: number | undefined;
  lastDay: number | undefined;
  /** By `source release`; of planned names by source alone. */
  readonly senders: Map<string, number>;
  readonly properties: Map<string, PropertySum>;
}

/** Events in all and by name. `lost`: beyond what is remembered, and names that are no names. */
export interface TrafficSum {
  events: number;
  lost: number;
  readonly byName: Map<string, EventSum>;
}

export function emptySum(): TrafficSum {
  return { events: 0, lost: 0, byName: new Map() };
}

function addTo(counts: Map<string, number>, key: string, count: number): void {
  if (counts.has(key) || counts.size < SENDERS_MAX) counts.set(key, (counts.get(key) ?? 0) + count);
}

function addList(into: number[], from: readonly number[]): void {
  for (const [index, count] of from.entries()) into[index] = (into[index] ?? 0) + count;
}

/** Stands for a name that is itself somebody's data. */
export const HIDDEN_NAME = "(a name that looks personal)";

/** Shape of a name as it may be shown: one that looks like somebody's address is not. */
export function shownName(name: string): string {
  return isPersonalName(name) ? HIDDEN_NAME : name;
}

/** What the plan has of events, as far as counting needs it. */
export interface PlannedEvents {
  /** Names whose releases nobody asks for. */
  readonly names: ReadonlySet<string>;
  /** Properties with a date, by name of the event. */
  readonly dates: ReadonlyMap<string, readonly string[]>;
}

/** Tells whether a value is a text that the gateway could not read as a date. */
export function isNoDate(value: unknown): boolean {
  return typeof value === "string" && datetimeFromText(value) === undefined;
}

/** Sums events up as they come. */
export class TrafficCounter {
  readonly #profile: TrafficProfile = makeTrafficProfile({
    forbiddenIds: [],
    caps: { values: 0, valuesPerProperty: 0 },
  });
  /** By event, library and release. */
  readonly #senders = new Map<string, Map<string, Map<string, number>>>();
  readonly #noDates = new Map<string, Map<string, number>>();
  readonly #planned: PlannedEvents;

  constructor(planned: PlannedEvents) {
    this.#planned = planned;
  }

  get events(): number {
    return this.#profile.count;
  }

  add(event: TrafficEvent): void {
    this.#profile.add(event);
    if (!this.#planned.names.has(event.event)) this.#noteSender(event);
    const dates = this.#planned.dates.get(event.event);
    if (dates !== undefined) this.#noteDates(event, dates);
  }

  #noteDates({ event, properties }: TrafficEvent, dates: readonly string[]): void {
    for (const name of dates) {
      if (!isNoDate(properties[name])) continue;
      const counts = this.#noDates.get(event) ?? new Map<string, number>();
      this.#noDates.set(event, counts.set(name, (counts.get(name) ?? 0) + 1));
    }
  }

  /** Counted by library and release as they stand there: joining texts for every event is what would cost. */
  #noteSender({ event, properties, source }: TrafficEvent): void {
    if (typeof event !== "string") return;
    let libraries = this.#senders.get(event);
    if (libraries === undefined) {
      if (this.#senders.size >= this.#profile.caps.events) return;
      libraries = new Map();
      this.#senders.set(event, libraries);
    }
    const { mp_lib: named, $lib_version: version } = properties;
    const library = source?.id ?? (typeof named === "string" ? named : "");
    let releases = libraries.get(library);
    if (releases === undefined) {
      if (libraries.size >= SENDERS_MAX) return;
      releases = new Map();
      libraries.set(library, releases);
    }
    const release = releaseOf(properties) || (typeof version === "string" ? version : "");
    addTo(releases, release, 1);
  }

  #sendersOf(event: string): Map<string, number> | undefined {
    const libraries = this.#senders.get(event);
    if (libraries === undefined) return undefined;
    const senders = new Map<string, number>();
    const own = new Set(this.#profile.sources.map(({ source }) => source.id));
    for (const [library, releases] of libraries)
      for (const [release, count] of releases) {
        const id = own.has(library) ? library : sourceOfLibrary(library).id;
        addTo(senders, `${id} ${release.slice(0, RELEASE_MAX_CHARACTERS)}`, count);
      }
    return senders;
  }

  sum(): TrafficSum {
    const profile = this.#profile;
    const byName = new Map<string, EventSum>();
    const sourceIds = profile.sources.map(({ source }) => source.id);
    for (const [name, event] of profile.events) {
      const bySource = event.bySource.map((count, at) => [`${sourceIds[at] ?? ""} `, count] as const);
      byName.set(name, {
        count: event.count,
        firstDay: Number.isFinite(event.firstDay) ? event.firstDay : undefined,
        lastDay: Number.isFinite(event.lastDay) ? event.lastDay : undefined,
        senders: this.#sendersOf(name) ?? new Map(bySource.filter(([, count]) => count > 0)),
        properties: new Map(
          [...event.properties, ...event.watched].map(([property, seen]) => [
            property,
            withoutDates(propertySum(seen, sourceIds), this.#noDates.get(name)?.get(property)),
          ]),
        ),
      });
    }
    const lost = profile.overflow + profile.propertyOverflow + profile.malformed;
    return { events: profile.count, lost, byName };
  }
}

function propertySum(
  seen: { readonly counts: Uint32Array; readonly personal: readonly number[]; readonly looked: number },
  sourceIds: readonly string[],
): PropertySum {
  const kinds = NAMES.map(() => 0);
  const sources = new Map<string, number>();
  for (const [at, count] of seen.counts.entries()) {
    if (count === 0) continue;
    kinds[at % KINDS] = (kinds[at % KINDS] ?? 0) + count;
    addTo(sources, `${sourceIds[Math.floor(at / KINDS)] ?? ""} `, count);
  }
  return { kinds, personal: [...seen.personal], looked: seen.looked, sources };
}

/** Texts that are no dates are counted as such. */
function withoutDates(sum: PropertySum, count: number | undefined): PropertySum {
  if (count === undefined) return sum;
  const { kinds } = sum;
  kinds[KIND.text] = (kinds[KIND.text] ?? 0) - count;
  kinds[NO_DATE] = count;
  return sum;
}

function least(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.min(a, b);
}

function greatest(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.max(a, b);
}

/** Adds one sum to another. */
export function addSum(into: TrafficSum, from: TrafficSum): void {
  into.events += from.events;
  into.lost += from.lost;
  for (const [name, event] of from.byName) {
    const known = into.byName.get(name);
    if (known === undefined) {
      into.byName.set(name, event);
      continue;
    }
    known.count += event.count;
    known.firstDay = least(known.firstDay, event.firstDay);
    known.lastDay = greatest(known.lastDay, event.lastDay);
    for (const [sender, count] of event.senders) addTo(known.senders, sender, count);
    for (const [property, sum] of event.properties) {
      const before = known.properties.get(property);
      if (before === undefined) {
        known.properties.set(property, sum);
        continue;
      }
      addList(before.kinds, sum.kinds);
      addList(before.personal, sum.personal);
      before.looked += sum.looked;
      for (const [source, count] of sum.sources) addTo(before.sources, source, count);
    }
  }
}

/** Types by name, without those that were not seen. */
export function typeCounts(kinds: readonly number[]): TypeCounts {
  return Object.fromEntries(
    [...NAMES, ["no_date", NO_DATE] as const].flatMap(([name, at]) => {
      const count = kinds[at] ?? 0;
      return count === 0 ? [] : [[name === "text" ? "string" : name, count] as const];
    }),
  );
}

/** Senders as an inventory has them, most frequent first. */
export function sendersOf(counts: ReadonlyMap<string, number>): readonly SeenSender[] {
  return [...counts]
    .map(([key, count]) => {
      const end = key.indexOf(" ");
      return { source: key.slice(0, end), release: key.slice(end + 1), count };
    })
    .toSorted((a, b) => b.count - a.count || (a.release < b.release ? -1 : 1));
}

/** A day as `2026-11-25`. */
export function dayText(day: number | undefined): string | undefined {
  return day === undefined ? undefined : new Date(day * DAY_MS).toISOString().slice(0, 10);
}

/** As JSON; maps become lists of entries, so that no name can be a prototype's. */
export function sumToText(sum: TrafficSum): string {
  return JSON.stringify(sum, (_, value: unknown) => (value instanceof Map ? { entries: [...value] } : value));
}

/** Reads what {@link sumToText} wrote. */
export function sumFromText(text: string): TrafficSum {
  return JSON.parse(text, (_, value: unknown) =>
    typeof value === "object" && value !== null && "entries" in value && Array.isArray(value.entries)
      ? new Map(value.entries as [string, unknown][])
      : value,
  ) as TrafficSum;
}
