// What cleanup can ask of a provider beside profiles and events: its dictionary of names, deletion of events, drop filters, privacy requests.
// One call is one question, or as many requests as it says; limits are data. Expected outcomes are data too.
import type { JsonValue } from "./json.ts";
import type { EpochMs, ProfileAnswer } from "./ports.ts";
import type { DictionaryEntry } from "./provider-reading.ts";

interface Asking {
  readonly signal: AbortSignal;
}

/** A name in the dictionary: of an entity, or of a property of it. */
export type DictionaryName = Pick<DictionaryEntry, "entity" | "name" | "property">;

export interface DictionaryLimits {
  readonly requestsPerMinute: number;
  /** Entities and properties that may be sent in a minute. */
  readonly changesPerMinute: number;
}

/** The provider's dictionary of names. */
export interface ProviderDictionary {
  readonly limits: DictionaryLimits;
  /** What it says of these names, in their order; a value that it does not have is `null`. One request. */
  read(names: readonly DictionaryName[], asking: Asking): Promise<ProfileAnswer<readonly DictionaryEntry[]>>;
  /** Sets values, and with `null` clears them; all other entries and values stay. Answers how many requests it took. */
  write(entries: readonly DictionaryEntry[], asking: Asking): Promise<ProfileAnswer<number>>;
}

export interface EventGovernanceLimits {
  readonly deletionsPerMonth: number;
  /** Events older than this cannot be deleted. */
  readonly deletionWindowDays: number;
  /** A deletion can be called off for so long. */
  readonly deletionUndoDays: number;
  /** After this the events are gone for good. */
  readonly deletionDoneDays: number;
  readonly dropFilters: number;
  readonly requestsPerHour: number;
}

/** Events of a name and of days, both inclusive, as `2026-11-25`. */
export interface EventDeletion {
  readonly event: string;
  readonly from: string;
  readonly to: string;
}

/** A deletion that was asked for. */
export interface StoredEventDeletion extends EventDeletion {
  readonly id: string;
  /** Absent where the provider does not say. */
  readonly requestedAt: EpochMs | undefined;
  /** `hidden`: no report shows the events, and it can be called off; `running`: it cannot any more. */
  readonly state: "hidden" | "running" | "done" | "failed";
}

/** Events of a name whose property has one of the values are not taken any more. */
export interface DropFilter {
  readonly event: string;
  readonly property: string;
  readonly values: readonly JsonValue[];
}

export interface StoredDropFilter extends DropFilter {
  readonly id: string;
  readonly isActive: boolean;
}

/** Deletes events and keeps events out. */
export interface EventGovernance {
  readonly limits: EventGovernanceLimits;
  deletions(asking: Asking): Promise<ProfileAnswer<readonly StoredEventDeletion[]>>;
  /** Answers all deletions after it. */
  requestDeletion(
    deletion: EventDeletion,
    asking: Asking,
  ): Promise<ProfileAnswer<readonly StoredEventDeletion[]>>;
  /** Answers all deletions that are left. */
  cancelDeletion(id: string, asking: Asking): Promise<ProfileAnswer<readonly StoredEventDeletion[]>>;
  dropFilters(asking: Asking): Promise<ProfileAnswer<readonly StoredDropFilter[]>>;
  addDropFilter(filter: DropFilter, asking: Asking): Promise<ProfileAnswer<readonly StoredDropFilter[]>>;
  removeDropFilter(id: string, asking: Asking): Promise<ProfileAnswer<readonly StoredDropFilter[]>>;
}

export interface PrivacyLimits {
  readonly idsPerRequest: number;
  readonly requestsPerSecond: number;
  /** A request is done within so many days. */
  readonly doneDays: number;
}

export type PrivacyLaw = "GDPR" | "CCPA";

/** What is asked for about people. */
export type PrivacyRequest =
  | { readonly kind: "deletion"; readonly law: PrivacyLaw; readonly ids: readonly string[] }
  | {
      readonly kind: "retrieval";
      readonly law: PrivacyLaw;
      readonly disclosure: "Data" | "Categories" | "Sources";
      readonly ids: readonly string[];
    };

/** How far a request is. `waiting`: it can still be called off; `unknown`: the provider does not say. */
export type PrivacyState = "waiting" | "running" | "done" | "failed" | "revoked" | "gone" | "unknown";

export interface PrivacyTaskState {
  readonly state: PrivacyState;
  /** Where the data of a finished retrieval is. A secret: whoever has it has the data. */
  readonly link: string | undefined;
}

/** Privacy requests of people. */
export interface PrivacyRequests {
  readonly limits: PrivacyLimits;
  /** Answers the name of the task. `unfit`: one of the ids at least is not taken; ask with fewer. */
  request(
    request: PrivacyRequest,
    asking: Asking,
  ): Promise<ProfileAnswer<string> | { readonly kind: "unfit"; readonly message: string }>;
  state(
    task: { readonly kind: PrivacyRequest["kind"]; readonly id: string },
    asking: Asking,
  ): Promise<ProfileAnswer<PrivacyTaskState>>;
  /** Calls a deletion off; `false`: it has started, and nothing can stop it. */
  cancel(id: string, asking: Asking): Promise<ProfileAnswer<boolean>>;
}
