// One emulated project: everything that routes read and change.
import type { Clock } from "../core/index.ts";
import { Faults } from "./faults.ts";
import { Identities } from "./identity.ts";
import { RateLimits } from "./rate-limits.ts";
import { type EmulatorStore, type EventStore, openEventStore } from "./store/event-store.ts";
import { ProfileStore } from "./store/profile-store.ts";
import { makeSwitches, type Switches } from "./switches.ts";

/** Latest things kept for the page. */
const RECENT_MAX = 50;

export interface NameCount {
  count: number;
  readonly properties: Map<string, { count: number; readonly values: Map<string, number> }>;
}

export interface ProjectOptions {
  readonly clock: Clock;
  readonly store: EmulatorStore;
  readonly dataDirectory: string | undefined;
  readonly switches: Readonly<Record<string, string>>;
  readonly serviceAccounts: Readonly<Record<string, string>>;
}

/** Names and values counted for the query endpoints; more are not counted. */
const NAMES_MAX = 2000;
const PROPERTIES_MAX = 500;
const VALUES_MAX = 255;

export class Project {
  readonly clock: Clock;
  readonly switches: Switches;
  readonly faults = new Faults();
  readonly identities: Identities;
  readonly limits: RateLimits;
  readonly events: EventStore;
  readonly storeKind: EmulatorStore;
  readonly profiles: ProfileStore;
  readonly serviceAccounts: Readonly<Record<string, string>>;
  /** Group key → profiles by group id. */
  readonly groups = new Map<string, ProfileStore>();
  readonly names = new Map<string, NameCount>();
  readonly recent: string[] = [];
  /** Requests by route and status. */
  readonly requests = new Map<string, number>();
  /** Ids whose events a privacy deletion removed, with the moment it is done. */
  readonly deletedIds = new Map<string, number>();
  readonly schemas = new Map<string, unknown>();
  readonly tasks = new Map<
    string,
    {
      readonly kind: "retrieval" | "deletion";
      readonly ids: readonly string[];
      readonly at: number;
      revoked: boolean;
    }
  >();

  constructor(options: ProjectOptions) {
    this.clock = options.clock;
    this.switches = makeSwitches(options.switches);
    this.identities = new Identities(this.switches);
    this.limits = new RateLimits(this.switches, options.clock);
    this.storeKind = options.store;
    this.events = openEventStore(options.store, this.switches.number("events_max"), options.dataDirectory);
    this.profiles = new ProfileStore(this.switches.number("profiles_max"));
    this.serviceAccounts = options.serviceAccounts;
  }

  groupProfiles(key: string): ProfileStore {
    let store = this.groups.get(key);
    if (!store) {
      store = new ProfileStore(this.switches.number("profiles_max"));
      this.groups.set(key, store);
    }
    return store;
  }

  /** Counts names and values, and remembers the latest for the page. */
  note(event: string, properties: Readonly<Record<string, unknown>>, json: string): void {
    this.recent.push(json);
    if (this.recent.length > RECENT_MAX) this.recent.shift();
    let name = this.names.get(event);
    if (!name) {
      if (this.names.size >= NAMES_MAX) return;
      name = { count: 0, properties: new Map() };
      this.names.set(event, name);
    }
    name.count += 1;
    // Values are looked at in the first events of a name only: a million events must not be counted value by value.
    if (name.count > NAMES_MAX) return;
    for (const [key, value] of Object.entries(properties)) {
      let property = name.properties.get(key);
      if (!property) {
        if (name.properties.size >= PROPERTIES_MAX) continue;
        property = { count: 0, values: new Map() };
        name.properties.set(key, property);
      }
      property.count += 1;
      const shown = typeof value === "string" ? value : JSON.stringify(value);
      if (property.values.size < VALUES_MAX || property.values.has(shown))
        property.values.set(shown, (property.values.get(shown) ?? 0) + 1);
    }
  }

  countRequest(route: string, status: number): void {
    const key = `${route} ${status}`;
    this.requests.set(key, (this.requests.get(key) ?? 0) + 1);
  }

  reset(): void {
    this.events.clear();
    this.profiles.clear();
    this.groups.clear();
    this.names.clear();
    this.recent.length = 0;
    this.requests.clear();
    this.deletedIds.clear();
    this.schemas.clear();
    this.tasks.clear();
    this.identities.clear();
    this.faults.clear();
  }
}
