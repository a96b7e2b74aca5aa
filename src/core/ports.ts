// Interfaces between parts. A part receives these; `cli` wires implementations in.
// Nothing here knows Mixpanel: providers declare limits and abilities as data, shared code reads them.

import type { JsonValue } from "./json.ts";

/** Milliseconds since the Unix epoch. */
export type EpochMs = number;

/** Time as an argument, so that tests own it. */
export interface Clock {
  /** Wall time. */
  now(): EpochMs;
}

/** Structured log. Field values are names, counts and sizes; never property values, tokens or addresses. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Label values of one measurement. Keep them few: every combination is a time series. */
export type Labels = Readonly<Record<string, string>>;

/** Counters, gauges and histograms by name (`plumbline_…`); the implementation registers them on first use. */
export interface Metrics {
  count(name: string, labels: Labels, by?: number): void;
  gauge(name: string, labels: Labels, value: number): void;
  /** `value` in the unit that the name ends with, for example `_seconds`. */
  observe(name: string, labels: Labels, value: number): void;
}

/** Position in a log. The first record is 1; 0 means "before everything". Gaps may occur, order never changes. */
export type Position = number;

export interface JournalRecord {
  readonly position: Position;
  /** Valid until the next call on the journal: copy what must live longer. */
  readonly bytes: Uint8Array;
}

/** Collects one atomic write. */
export interface JournalWrite {
  /** `span`: how many positions the record takes (1); it stands at the last of them, for a record that holds several things. */
  append(log: string, bytes: Uint8Array, span?: number): void;
  /** Moves a consumer forward: everything up to and including `position` is settled. Never backwards. */
  advance(log: string, consumer: string, position: Position): void;
  put(table: string, key: string, value: Uint8Array): void;
  delete(table: string, key: string): void;
}

/** A sorted map of byte values by string key (at most 500 UTF-8 bytes). */
export interface JournalTable {
  get(key: string): Uint8Array | undefined;
  has(key: string): boolean;
  /** In key order. `after` is exclusive; `prefix` limits the keys. Values are copies. */
  entries(options?: {
    readonly prefix?: string;
    readonly after?: string;
    readonly limit?: number;
  }): Iterable<{
    readonly key: string;
    readonly value: Uint8Array;
  }>;
  count(): number;
}

export interface LogStats {
  readonly log: string;
  readonly first: Position;
  readonly last: Position;
  readonly records: number;
  readonly bytes: number;
  readonly consumers: Readonly<Record<string, Position>>;
}

/**
 * The durable, ordered store of a gateway: logs, consumer positions and small tables, written atomically together.
 * A promise that resolves means: on disk (flushed). A full disk rejects with `JOURNAL_FULL` and works again once there is room.
 * One thread writes to a given log; any thread may read.
 */
export interface Journal {
  /** Appends one record; many concurrent calls share one flush (group commit). */
  append(log: string, bytes: Uint8Array): Promise<Position>;
  /**
   * Applies all that `collect` adds in one transaction. With `flush: false` the promise resolves once it is committed and every reader sees
   * it; a power cut may take it back, whole, together with all that was written after it. A flush that follows covers it.
   * `when` is asked once no other process or thread can write, and may read tables: with `false` nothing is written.
   */
  write(
    collect: (write: JournalWrite) => void,
    options?: { readonly flush?: boolean; readonly when?: () => boolean },
  ): Promise<void>;
  /** Committed records after a position, oldest first; empty when there are none. Stops at `limit` records or `maxBytes`. */
  read(
    log: string,
    options: { readonly after: Position; readonly limit: number; readonly maxBytes?: number },
  ): readonly JournalRecord[];
  /** Settled position of a consumer; 0 for one never seen. */
  position(log: string, consumer: string): Position;
  table(name: string): JournalTable;
  stats(log: string): LogStats;
  close(): Promise<void>;
}

/** What `check` must know about a provider: limits on names and shapes, as data. `undefined` means no limit known. */
export interface PlanLimits {
  readonly provider: string;
  readonly eventNameMaxBytes: number;
  readonly propertyNameMaxBytes: number;
  readonly propertiesPerEventMax: number;
  readonly propertiesPerProfileMax: number;
  /** Levels of objects below a property value. */
  readonly nestingMax: number;
  readonly listItemsMax: number;
  readonly objectKeysMax: number;
  readonly stringMaxBytes: number;
  /** Names that must not be used for a plan's own events or properties; exact. */
  readonly reservedEventNames: readonly string[];
  readonly reservedPropertyNames: readonly string[];
  /** Profile properties with a meaning of their own that a plan may write, for example `$email`. */
  readonly writableProfileNames: readonly string[];
  readonly reservedPrefixes: readonly string[];
  /** Ids that the provider refuses or merges by accident; compare in lower case. */
  readonly forbiddenIds: readonly string[];
}

/** What delivery must know about a provider. */
export interface DeliveryLimits {
  readonly eventsPerRequest: number;
  readonly eventRequestMaxBytes: number;
  readonly profilesPerRequest: number;
  readonly profileRequestMaxBytes: number;
  /** Requests with events that may be under way at once. */
  readonly parallelEventRequests: number;
  /** Users with profile updates under way at once are spread over this many lanes; one request a lane. */
  readonly parallelProfileRequests: number;
  /** Profile updates a second at most; `undefined`: as fast as it answers. */
  readonly profileUpdatesPerSecond?: number;
  /** Oldest event time that the configured route takes, in days; `undefined` is any age. */
  readonly eventMaxAgeDays?: number;
}

/** A kind of thing that a request carries. */
export type DeliveryKind = "event" | "user" | "group";

export interface DeliveryRequest {
  readonly kind: DeliveryKind;
  /** Each a JSON object in UTF-8, in order: an event `{event,properties}`, or a profile update without its token. */
  readonly items: readonly Uint8Array[];
}

/** One item that the provider named as wrong. */
export interface ItemFailure {
  readonly index: number;
  readonly field?: string;
  readonly message: string;
}

/** What a provider did with one request. Expected outcomes are data. */
export type DeliveryOutcome =
  | { readonly kind: "accepted" }
  /** All but the named items were stored. */
  | { readonly kind: "partial"; readonly failed: readonly ItemFailure[] }
  | { readonly kind: "too-large" }
  /** Nothing was stored, and the answer names no item: bisect. */
  | { readonly kind: "refused"; readonly message: string }
  /** Nothing was stored; ask again later. */
  | { readonly kind: "busy"; readonly status: number; readonly retryAfterMs?: number }
  /** The credential is wrong: stop and be loud. */
  | { readonly kind: "unauthorized"; readonly message: string }
  /** Time-out, broken connection, bad gateway: may or may not have been stored. */
  | { readonly kind: "unknown"; readonly message: string };

/** A place to deliver to. */
export interface Provider {
  /** The kind of system, for example `mixpanel`. */
  readonly kind: string;
  readonly limits: DeliveryLimits;
  send(request: DeliveryRequest, options: { readonly signal: AbortSignal }): Promise<DeliveryOutcome>;
  close(): Promise<void>;
}

/** A profile as a provider keeps it. */
export interface StoredProfile {
  readonly id: string;
  /** By wire name. */
  readonly properties: Readonly<Record<string, JsonValue>>;
}

/** Where somebody says "this user's state may have changed; read it again". A mark too many costs one read. */
export interface PeopleMarks {
  /** Resolves once the marks are committed. `cause`: why, in one line for people; never a value. */
  mark(userIds: readonly string[], cause: string): Promise<void>;
}

/** How far a copy of old ids has come, and by which key its hashes were made. */
export interface OldIdProgress {
  /** Names the key without telling it. */
  readonly key: string;
  readonly cursor: string;
}

/**
 * Where a gateway looks up whose an id is that an old release sent. Holds keyed hashes of such ids, and ids of users; whoever knows the users
 * fills it.
 */
export interface OldIdTable {
  /** `undefined`: it is empty. */
  progress(): OldIdProgress | undefined;
  /** Owners by hash: none, one, or several, of whom none is the owner. Resolves once it is on disk. */
  put(owners: ReadonlyMap<string, readonly string[]>, progress: OldIdProgress): Promise<void>;
  /** Forgets everything. */
  clear(): Promise<void>;
}

/** What became of a question about profiles. */
export type ProfileAnswer<T> =
  | { readonly kind: "answer"; readonly value: T }
  /** Ask again later: a limit, or the provider is down. */
  | { readonly kind: "busy"; readonly message: string; readonly retryAfterMs?: number }
  | { readonly kind: "refused"; readonly message: string };

/** Limits of reading back and erasing, as data. */
export interface ProfileStoreLimits {
  readonly queriesPerHour: number;
  readonly idsPerQuery: number;
  readonly idsPerErasure: number;
}

/** What a provider can do with profiles beside taking updates: read them back, and erase all that it has of a person. */
export interface ProfileStore {
  readonly limits: ProfileStoreLimits;
  /**
   * Profiles of these ids, at most {@link ProfileStoreLimits.idsPerQuery}; an id without a profile is absent from the answer. A provider that
   * has joined ids may answer a profile under another id than was asked for. `properties`: only these, by wire name.
   */
  read(
    ids: readonly string[],
    options: { readonly signal: AbortSignal; readonly properties?: readonly string[] },
  ): Promise<ProfileAnswer<readonly StoredProfile[]>>;
  /** Asks that everything about these ids be deleted; answers the name of the task. */
  requestErasure(
    ids: readonly string[],
    options: { readonly signal: AbortSignal },
  ): Promise<ProfileAnswer<string>>;
  /** How far a task is. */
  erasureState(
    task: string,
    options: { readonly signal: AbortSignal },
  ): Promise<ProfileAnswer<"pending" | "done" | "failed">>;
}
