// What was seen of one event name, as spelled: how often, when, from whom, with which properties.
import {
  isGatewayProperty,
  isPlanStamp,
  isSdkEventProperty,
  PLAN_DEFAULTS,
  isUnsafeKey,
  similarName,
} from "../../plan/index.ts";
import { NAME_MAX_CHARACTERS } from "./caps.ts";
import { PropertyProfile, type ValueBudget } from "./property-profile.ts";

/** What all events of a profile share. */
export interface ProfileBudget {
  readonly values: ValueBudget;
  /** How many more pairs of event and property may be remembered. */
  properties: number;
  readonly propertiesPerEvent: number;
  /** Property values of which nothing was remembered. */
  overflow: number;
}

/** The SDKs' own properties that may hold personal data all the same. */
const WATCHED: ReadonlySet<string> = new Set([
  "$current_url",
  "$referrer",
  "$initial_referrer",
  "$email",
  "$name",
  "$phone",
]);

/** How the loop treats a name: `undefined` is one that nothing is remembered about. */
type Slot = PropertyProfile | undefined;

export class EventProfile {
  readonly name: string;
  count = 0;
  firstDay = Number.POSITIVE_INFINITY;
  lastDay = Number.NEGATIVE_INFINITY;
  /** Events by day since 1970; bounded by the days that an export spans. */
  readonly days = new Map<number, number>();
  readonly bySource: number[] = [];
  readonly properties = new Map<string, PropertyProfile>();
  /** SDK properties that may hold personal data. */
  readonly watched = new Map<string, PropertyProfile>();
  readonly #slots = new Map<string, Slot>();
  /** First spelling of each name, by the form in which spellings are equal. */
  readonly #spellings = new Map<string, PropertyProfile>();
  readonly #budget: ProfileBudget;
  #day = Number.NaN;
  #dayCount = 0;

  constructor(name: string, budget: ProfileBudget) {
    this.name = name;
    this.#budget = budget;
  }

  /** Counts one event. `day` is NaN for an event without a time. */
  add(
    properties: Readonly<Record<string, unknown>>,
    { source, user, day }: { readonly source: number; readonly user: string; readonly day: number },
  ): void {
    this.count += 1;
    this.bySource[source] = (this.bySource[source] ?? 0) + 1;
    if (day !== this.#day) this.#newDay(day);
    this.#dayCount += 1;
    for (const name in properties) {
      const known = this.#slots.get(name);
      const slot = known === undefined && !this.#slots.has(name) ? this.#newSlot(name, properties) : known;
      if (slot === undefined) continue;
      slot.add(properties[name], source, user);
      if (slot.day !== day) slot.seenOn(day);
      if (slot.overlap !== undefined) this.#noteOverlap(slot.overlap);
    }
  }

  /** Counts by day, complete. */
  daily(): ReadonlyMap<number, number> {
    this.#newDay(this.#day);
    return this.days;
  }

  #newDay(day: number): void {
    if (this.#dayCount > 0) this.days.set(this.#day, (this.days.get(this.#day) ?? 0) + this.#dayCount);
    this.#day = day;
    this.#dayCount = 0;
    if (day < this.firstDay) this.firstDay = day;
    if (day > this.lastDay) this.lastDay = day;
  }

  #noteOverlap(overlap: { events: number; lastEvent: number }): void {
    if (overlap.lastEvent === this.count) overlap.events += 1;
    else overlap.lastEvent = this.count;
  }

  #newSlot(name: string, properties: Readonly<Record<string, unknown>>): Slot {
    const budget = this.#budget;
    // No plan can name these, and the gateway takes care of them.
    if (name === "" || isGatewayProperty(name) || isUnsafeKey(name)) return this.#ignore(name);
    // Generated clients name their plan there, which no plan has as a property.
    if (name === PLAN_DEFAULTS.plan_property && isPlanStamp(properties[name])) return this.#ignore(name);
    if (isSdkEventProperty(name)) {
      if (!WATCHED.has(name)) return this.#ignore(name);
      const watched = new PropertyProfile(name, { left: 0, perProperty: 0 });
      this.watched.set(name, watched);
      this.#slots.set(name, watched);
      return watched;
    }
    const isFull = this.properties.size >= budget.propertiesPerEvent || budget.properties <= 0;
    if (isFull || name.length > NAME_MAX_CHARACTERS) {
      budget.overflow += 1;
      return undefined;
    }
    budget.properties -= 1;
    const profile = new PropertyProfile(name, budget.values);
    this.properties.set(name, profile);
    this.#slots.set(name, profile);
    this.#joinSpellings(profile, properties);
    return profile;
  }

  /** SDK names come from outside too: what is ignored must not pile up. */
  #ignore(name: string): undefined {
    if (this.#slots.size < 4 * this.#budget.propertiesPerEvent && name.length <= NAME_MAX_CHARACTERS)
      this.#slots.set(name, undefined);
    return undefined;
  }

  #joinSpellings(profile: PropertyProfile, properties: Readonly<Record<string, unknown>>): void {
    const form = similarName(profile.name) || profile.name;
    const first = this.#spellings.get(form);
    if (first === undefined) {
      this.#spellings.set(form, profile);
      return;
    }
    first.overlap ??= { events: 0, lastEvent: 0 };
    profile.overlap = first.overlap;
    // The first spelling of this very event may have been counted before anyone knew of a second.
    if (Object.hasOwn(properties, first.name)) first.overlap.lastEvent = this.count;
  }
}
