// One emulated project: everything that routes read and change. All of it is lost on close, except event files in a folder of the caller's.
import type { Clock } from "../core/index.ts";
import { Faults } from "./faults.ts";
import { Identities } from "./identity.ts";
import { NameCounts } from "./name-counts.ts";
import { RateLimits } from "./rate-limits.ts";
import { type EmulatorStore, type EventStore, openEventStore } from "./store/event-store.ts";
import { ProfileStore } from "./store/profile-store.ts";
import { makeSwitches, type Switches } from "./switches.ts";

/** Latest things kept for the page. */
const RECENT_MAX = 50;

export interface ProjectOptions {
  readonly clock: Clock;
  readonly projectId: number;
  readonly store: EmulatorStore;
  readonly dataDirectory: string | undefined;
  readonly switches: Readonly<Record<string, string>>;
  /** Secret by user name; used with switch `service_accounts=listed`. */
  readonly serviceAccounts: Readonly<Record<string, string>>;
}

/** A privacy request. */
export interface PrivacyTask {
  readonly kind: "retrieval" | "deletion";
  readonly distinctIds: readonly string[];
  readonly complianceType: string;
  readonly disclosureType: string;
  readonly atMs: number;
  /** Events that arrived later stay. */
  readonly upTo: number;
  isApplied: boolean;
  isRevoked: boolean;
}

/** How far a privacy request is: thirds of switch `deletion_latency_ms` pass before each next step. */
export function statusOfTask(
  task: PrivacyTask,
  { clock, switches }: { readonly clock: Clock; readonly switches: Switches },
): "PENDING" | "STAGING" | "STARTED" | "SUCCESS" | "REVOKED" {
  if (task.isRevoked) return "REVOKED";
  const latencyMs = switches.number("deletion_latency_ms");
  const ageMs = clock.now() - task.atMs;
  if (ageMs >= latencyMs) return "SUCCESS";
  if (ageMs >= (latencyMs * 2) / 3) return "STARTED";
  return ageMs >= latencyMs / 3 ? "STAGING" : "PENDING";
}

/** Events that a data deletion hides. */
export interface EventDeletion {
  readonly id: number;
  readonly eventName: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly upTo: number;
  readonly atMs: number;
}

/** One condition of a drop filter. */
export interface DropRule {
  readonly property: string;
  readonly op: "equals";
  readonly value: unknown;
}

/** Events that are no longer ingested: any of the conditions is enough. */
export interface StoredDropFilter {
  readonly id: number;
  readonly event: string;
  readonly filters: readonly DropRule[];
  readonly isActive: boolean;
  readonly atMs: number;
}

/** What the unofficial data definitions say about a name. */
export type Definition = Record<string, unknown>;

export interface LookupTable {
  readonly id: string;
  readonly name: string;
  rows: number;
}

/** What the SDK-facing side routes serve; set through `/emulator/`. */
export interface SideAnswers {
  flags: Readonly<Record<string, unknown>>;
  pendingFirstTimeEvents: readonly unknown[];
  settings: Readonly<Record<string, unknown>>;
}

/** The state of the emulated project. */
export class Project {
  readonly clock: Clock;
  readonly projectId: number;
  readonly switches: Switches;
  readonly faults = new Faults();
  readonly identities: Identities;
  readonly limits: RateLimits;
  readonly events: EventStore;
  readonly storeKind: EmulatorStore;
  profiles: ProfileStore;
  readonly serviceAccounts: Readonly<Record<string, string>>;
  /** Group key → profiles by group id. */
  readonly groups = new Map<string, ProfileStore>();
  readonly names = new NameCounts();
  /** Stored lines, latest last. */
  readonly recent: string[] = [];
  /** Route → status → requests. */
  readonly requests = new Map<string, Map<number, number>>();
  /** Canonical id → events up to this sequence number are gone. */
  readonly deletedIds = new Map<string, number>();
  readonly deletions: EventDeletion[] = [];
  deletionsMade = 0;
  readonly dropFilters: StoredDropFilter[] = [];
  dropFiltersMade = 0;
  readonly schemas = new Map<string, Definition>();
  readonly definitions = new Map<string, Definition>();
  readonly tasks = new Map<string, PrivacyTask>();
  readonly lookupTables = new Map<string, LookupTable>();
  readonly side: SideAnswers = { flags: {}, pendingFirstTimeEvents: [], settings: {} };
  /** Order of arrival of the latest event. */
  sequence = 0;
  /** Profile updates that were taken. */
  updates = 0;
  replayBytes = 0;
  firstTimeEvents = 0;

  constructor(options: ProjectOptions) {
    this.clock = options.clock;
    this.projectId = options.projectId;
    this.switches = makeSwitches(options.switches);
    this.identities = new Identities(this.switches);
    this.limits = new RateLimits(this.switches, options.clock);
    this.storeKind = options.store;
    this.events = openEventStore(options.store, options.dataDirectory);
    this.profiles = new ProfileStore(this.switches.number("profiles_max"));
    this.serviceAccounts = options.serviceAccounts;
  }

  /** Profiles of a group key, made on first use. */
  groupProfiles(key: string): ProfileStore {
    let store = this.groups.get(key);
    if (!store) {
      store = new ProfileStore(this.switches.number("profiles_max"));
      this.groups.set(key, store);
    }
    return store;
  }

  /** Remembers the latest lines for the page. Copies them: a slice would keep its whole request in memory. */
  remember(lines: readonly string[]): void {
    for (const line of lines.slice(-RECENT_MAX)) this.recent.push(Buffer.from(line).toString("utf8"));
    if (this.recent.length > RECENT_MAX) this.recent.splice(0, this.recent.length - RECENT_MAX);
  }

  /** Whether the data definitions or a drop filter say that an event is not to be ingested. */
  isBlocked(event: string, properties: Readonly<Record<string, unknown>>): boolean {
    if (this.definitions.size > 0 && this.definitions.get(`event/${event}`)?.["dropped"] === true)
      return true;
    if (this.dropFilters.length === 0) return false;
    const since = this.clock.now() - this.switches.number("drop_filter_latency_ms");
    return this.dropFilters.some(
      (one) =>
        one.event === event &&
        one.isActive &&
        one.atMs <= since &&
        one.filters.some(
          ({ property, value }) => JSON.stringify(properties[property]) === JSON.stringify(value),
        ),
    );
  }

  /** Carries out the privacy deletions whose time has come: profiles and events so far go, later events stay. */
  applyDuePrivacy(): void {
    for (const task of this.tasks.values()) {
      if (task.kind !== "deletion" || task.isApplied || statusOfTask(task, this) !== "SUCCESS") continue;
      task.isApplied = true;
      for (const given of task.distinctIds) {
        const id = this.identities.profileId(given);
        this.profiles.delete(id);
        this.deletedIds.set(id, Math.max(task.upTo, this.deletedIds.get(id) ?? 0));
      }
    }
  }

  countRequest(route: string, status: number): void {
    let statuses = this.requests.get(route);
    if (!statuses) this.requests.set(route, (statuses = new Map()));
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
  }

  /** Forgets data, counts and faults; switches stay. */
  reset(): void {
    this.events.clear();
    this.profiles = new ProfileStore(this.switches.number("profiles_max"));
    for (const each of [this.groups, this.requests, this.deletedIds, this.schemas, this.definitions])
      each.clear();
    for (const each of [this.tasks, this.lookupTables, this.names, this.identities, this.faults, this.limits])
      each.clear();
    this.recent.length = 0;
    this.deletions.length = 0;
    this.dropFilters.length = 0;
    Object.assign(this.side, { flags: {}, pendingFirstTimeEvents: [], settings: {} });
    this.updates = 0;
    this.replayBytes = 0;
    this.firstTimeEvents = 0;
  }
}
