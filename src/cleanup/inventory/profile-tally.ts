// What profiles came to: properties with counts, types and fill, shapes of ids, last seen. Bounded, without values, and can be written down.
import { PERSONAL, personalText } from "../../infer/index.ts";
import type { StoredProfile } from "../../core/index.ts";
import type { IdRules } from "../ids/id-shape.ts";
import type { InventoryProfiles } from "./inventory.ts";
import { isNoDate, NO_DATE } from "./traffic-tally.ts";

/** Distinct property names that are remembered; a profile has 2,000 at most. */
const PROPERTIES_MAX = 5000;
const DAY_MS = 86_400_000;
/** Order as `KIND` of infer has it. */
const KINDS_OF_VALUES = NO_DATE + 1;

export interface ProfilePropertySum {
  profiles: number;
  readonly kinds: number[];
  readonly personal: number[];
  looked: number;
  /** Latest day; empty: never told. */
  lastSeen: string;
}

/** As it is written down. */
export interface ProfileSum {
  count: number;
  /** Values of properties beyond the cap. */
  lost: number;
  /** As `DuplicateCounts`; known at the end of the walk. */
  duplicates: number;
  people: number;
  leftAlone: number;
  withoutUser: number;
  readonly shapes: Record<string, number>;
  readonly unfit: Record<string, number>;
  readonly lastSeen: Record<keyof InventoryProfiles["lastSeen"], number>;
  readonly properties: [name: string, sum: ProfilePropertySum][];
}

export function emptyProfileSum(): ProfileSum {
  return {
    count: 0,
    lost: 0,
    duplicates: 0,
    people: 0,
    leftAlone: 0,
    withoutUser: 0,
    shapes: {},
    unfit: {},
    lastSeen: { "30d": 0, "90d": 0, "365d": 0, older: 0, unknown: 0 },
    properties: [],
  };
}

function kindOf(value: unknown): number {
  if (typeof value === "string") return 0;
  if (typeof value === "number") return Number.isInteger(value) ? 1 : 2;
  if (typeof value === "boolean") return 3;
  if (value === null || value === undefined) return 4;
  return Array.isArray(value) ? 5 : 6;
}

function personalIn(value: unknown): number {
  if (typeof value === "string") return personalText(value);
  if (!Array.isArray(value)) return -1;
  for (const item of value) {
    const found = typeof item === "string" ? personalText(item) : -1;
    if (found >= 0) return found;
  }
  return -1;
}

function ageOf(day: string, now: number): keyof InventoryProfiles["lastSeen"] {
  const at = Date.parse(day);
  if (Number.isNaN(at)) return "unknown";
  const days = (now - at) / DAY_MS;
  return days <= 30 ? "30d" : days <= 90 ? "90d" : days <= 365 ? "365d" : "older";
}

function lastSeenOf({ properties }: StoredProfile): string {
  const value = properties["$last_seen"];
  return typeof value === "string" && /^\d{4}-\d{2}-\d{2}/.test(value) ? value.slice(0, 10) : "";
}

/** Counts profiles into a sum, from wherever it stands. */
export class ProfileCounter {
  readonly sum: ProfileSum;
  readonly #properties: Map<string, ProfilePropertySum>;
  readonly #now: number;
  readonly #dates: ReadonlySet<string>;

  /** `dates`: properties that the plan says are dates. */
  constructor(
    sum: ProfileSum,
    { now, dates }: { readonly now: number; readonly dates: ReadonlySet<string> },
  ) {
    this.sum = sum;
    this.#dates = dates;
    this.#properties = new Map(sum.properties);
    this.#now = now;
  }

  add(profile: StoredProfile): void {
    this.sum.count += 1;
    const lastSeen = lastSeenOf(profile);
    this.sum.lastSeen[ageOf(lastSeen, this.#now)] += 1;
    for (const [name, value] of Object.entries(profile.properties)) {
      const property = this.#properties.get(name) ?? this.#begin(name);
      if (property === undefined) continue;
      property.profiles += 1;
      const kind = this.#dates.has(name) && isNoDate(value) ? NO_DATE : kindOf(value);
      property.kinds[kind] = (property.kinds[kind] ?? 0) + 1;
      if (lastSeen > property.lastSeen) property.lastSeen = lastSeen;
      property.looked += 1;
      const found = personalIn(value);
      if (found >= 0) property.personal[found] = (property.personal[found] ?? 0) + 1;
    }
  }

  /** The id of a user: its shape, and whether the plan wants it. */
  addId(id: string, rules: IdRules): void {
    const shape = rules.shape(id);
    this.sum.shapes[shape] = (this.sum.shapes[shape] ?? 0) + 1;
    if (shape !== "device" && rules.canonical(id) === undefined)
      this.sum.unfit[shape] = (this.sum.unfit[shape] ?? 0) + 1;
  }

  #begin(name: string): ProfilePropertySum | undefined {
    if (this.#properties.size >= PROPERTIES_MAX) {
      this.sum.lost += 1;
      return undefined;
    }
    const sum: ProfilePropertySum = {
      profiles: 0,
      kinds: Array.from({ length: KINDS_OF_VALUES }, () => 0),
      personal: PERSONAL.map(() => 0),
      looked: 0,
      lastSeen: "",
    };
    this.#properties.set(name, sum);
    this.sum.properties.push([name, sum]);
    return sum;
  }
}
