// Everything that is remembered of a stream of events, in bounded memory. Pure: events come in one by one, in any order, and nothing is
// kept of them but names, counts, days, masks and a few values that many users share.
import { eventTimeMs, isBuiltInEvent } from "../../plan/index.ts";
import { NAME_MAX_CHARACTERS, PROFILE_CAPS, type ProfileCaps } from "./caps.ts";
import { EventProfile, type ProfileBudget } from "./event-profile.ts";
import { IdProfile } from "./id-profile.ts";
import { sourceOfLibrary, type TrafficSource } from "./traffic-source.ts";
import { SourceProfile } from "./source-profile.ts";

/** One event as it was sent: Mixpanel's names for id (`distinct_id`), time (`time`) and library (`mp_lib`). */
export interface TrafficEvent {
  readonly event: string;
  readonly properties: Readonly<Record<string, unknown>>;
  /** Where who reads the events knows the source; else `mp_lib` says it. */
  readonly source?: TrafficSource;
}

export interface ProfileOptions {
  /** Ids that providers refuse, in lower case. */
  readonly forbiddenIds: readonly string[];
  readonly caps?: Partial<ProfileCaps>;
}

const DAY_MS = 86_400_000;

function dayOf(time: unknown): number {
  return Math.floor(eventTimeMs(time) / DAY_MS);
}

/** Who sent an event; an event of nobody is a user of its own. */
function userOf(id: unknown, turn: number): string {
  if (typeof id === "string") return id;
  return typeof id === "number" ? String(id) : `#${turn}`;
}

/** Makes an empty profile. */
export function makeTrafficProfile(options: ProfileOptions): TrafficProfile {
  return new TrafficProfile(options);
}

/** A stream of events, summed up. Made by {@link makeTrafficProfile}. */
export class TrafficProfile {
  /** Events in all, also those of which nothing more is remembered. */
  count = 0;
  /** Events whose name is no text or blank: the gateway quarantines them under any plan. */
  malformed = 0;
  /** The SDKs' own events, which no plan needs. */
  builtIn = 0;
  /** Events beyond the cap of distinct names. */
  overflow = 0;
  firstDay = Number.POSITIVE_INFINITY;
  lastDay = Number.NEGATIVE_INFINITY;
  readonly caps: ProfileCaps;
  readonly events = new Map<string, EventProfile>();
  readonly sources: SourceProfile[] = [];
  readonly ids: IdProfile;
  readonly #sourceIndex = new Map<string, number>();
  readonly #budget: ProfileBudget;

  constructor({ forbiddenIds, caps = {} }: ProfileOptions) {
    this.caps = { ...PROFILE_CAPS, ...caps };
    this.ids = new IdProfile(forbiddenIds);
    this.#budget = {
      values: { left: this.caps.values, perProperty: this.caps.valuesPerProperty },
      properties: this.caps.properties,
      propertiesPerEvent: this.caps.propertiesPerEvent,
      overflow: 0,
    };
  }

  /** Property values beyond the caps of distinct names. */
  get propertyOverflow(): number {
    return this.#budget.overflow;
  }

  /** Counts one event. Keeps no reference to it. */
  add({ event, properties, source }: TrafficEvent): void {
    this.count += 1;
    if (typeof event !== "string" || event.trim() === "") {
      this.malformed += 1;
      return;
    }
    this.ids.add(properties);
    const library = properties["mp_lib"];
    const at =
      source === undefined
        ? this.#indexOf(typeof library === "string" ? library : "", undefined)
        : this.#indexOf(source.id, source);
    this.sources[at]?.add(properties);
    const profile = this.events.get(event) ?? this.#newEvent(event);
    if (profile === undefined) return;
    const day = dayOf(properties["time"]);
    if (day < this.firstDay) this.firstDay = day;
    if (day > this.lastDay) this.lastDay = day;
    const id = properties["distinct_id"];
    profile.add(properties, {
      source: at,
      user: userOf(id, this.count),
      day,
    });
  }

  #newEvent(name: string): EventProfile | undefined {
    if (isBuiltInEvent(name)) {
      this.builtIn += 1;
      return undefined;
    }
    if (this.events.size >= this.caps.events || name.length > NAME_MAX_CHARACTERS) {
      this.overflow += 1;
      return undefined;
    }
    const profile = new EventProfile(name, this.#budget);
    this.events.set(name, profile);
    return profile;
  }

  /** Index of a source; libraries beyond the cap count as the last one. */
  #indexOf(key: string, source: TrafficSource | undefined): number {
    const known = this.#sourceIndex.get(key);
    if (known !== undefined) return known;
    const found = source ?? sourceOfLibrary(key);
    const same = this.sources.findIndex((one) => one.source.id === found.id);
    const index = same >= 0 ? same : Math.min(this.sources.length, this.caps.sources - 1);
    if (index === this.sources.length) this.sources.push(new SourceProfile(found));
    if (this.#sourceIndex.size < 4 * this.caps.sources) this.#sourceIndex.set(key, index);
    return index;
  }
}
