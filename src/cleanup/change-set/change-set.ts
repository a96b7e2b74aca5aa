// A change set: what cleanup is to change at a provider, written down before anything happens, made to be read in a pull request. Data only.
import type { JsonValue } from "../../core/index.ts";

/**
 * Which profiles a step concerns. There is no default: everybody is a choice that says so.
 *
 * `property`: those that have it. `where`: the provider's filter expression. `ids`: listed here. `file`: one id a line, or NDJSON with `id`.
 */
export type Selector =
  | { readonly kind: "property"; readonly property: string }
  | { readonly kind: "where"; readonly where: string }
  | { readonly kind: "ids"; readonly ids: readonly string[] }
  | { readonly kind: "file"; readonly file: string }
  | { readonly kind: "everyone" };

/** What the plan of the step found; apply stops when the truth is further away than the bound. */
export interface Expectation {
  readonly count: number;
  /** Default {@link EXPECTED_WITHIN_PERCENT}. */
  readonly withinPercent?: number;
}

/** Default bound of a surprise. */
export const EXPECTED_WITHIN_PERCENT = 5;

/** Types to which values can be turned, without loss or not at all. */
export type RetypeTarget = "boolean" | "integer" | "number" | "string" | "datetime" | "list";

/** What happens to the properties of profiles, each alone. All are absolute: doing one twice is doing it once. */
export type PropertyOperation =
  | { readonly do: "unset"; readonly properties: readonly string[] }
  /** Copied, read back, and only then removed. `keep`: a value under the new name stays; `overwrite`: it is replaced. */
  | {
      readonly do: "rename";
      readonly from: string;
      readonly to: string;
      readonly onBoth: "keep" | "overwrite";
    }
  /** Several spellings become one name; the first of the list that has a value wins where several have. */
  | { readonly do: "merge_spellings"; readonly from: readonly string[]; readonly to: string }
  | {
      readonly do: "retype";
      readonly property: string;
      readonly to: RetypeTarget;
      readonly onMisfit: "keep" | "unset";
    }
  /** Old value, as JSON text, → new value; `null` removes it. */
  | {
      readonly do: "map_values";
      readonly property: string;
      readonly values: readonly { readonly from: JsonValue; readonly to: JsonValue }[];
    };

/** Which of several profiles of one person stays. */
export type SurvivorRule = "user_id_format" | "newest_seen" | "oldest_created" | "most_properties";

export type ProfileOperation =
  | { readonly do: "delete_profiles"; readonly ignoreAlias: boolean }
  /** Profiles whose property is the same are one person. `merge`: properties that the survivor lacks are taken from the others. */
  | {
      readonly do: "deduplicate";
      readonly by: string;
      readonly isCaseSensitive: boolean;
      readonly survivor: SurvivorRule;
      readonly merge: boolean;
    };

/** What one name in the provider's dictionary becomes. What is not set stays as it is; `null` clears. */
export interface DictionaryChange {
  readonly entity: "event" | "profile";
  /** Of the event; of a profile `$user`, or the key of a group. */
  readonly name: string;
  /** Of a property of the entity; absent: the entity itself. */
  readonly property?: string;
  readonly set: {
    readonly hidden?: boolean | null;
    /** Events and their properties only. */
    readonly dropped?: boolean | null;
    readonly description?: string | null;
    readonly displayName?: string | null;
    /** Of an event, not of a property. */
    readonly tags?: readonly string[] | null;
  };
}

/** Many names in one step: a dictionary takes five requests a minute, and one for each name would take hours. */
export interface DictionaryOperation {
  readonly do: "dictionary";
  readonly entries: readonly DictionaryChange[];
}

export type EventOperation =
  /** By the unofficial API, which has to be switched on. */
  | { readonly do: "delete_events"; readonly event: string; readonly from: string; readonly to: string }
  | {
      readonly do: "drop_filter";
      readonly event: string;
      readonly property: string;
      readonly values: readonly JsonValue[];
    }
  /**
   * Exported, repaired by the plan, imported under new deterministic ids. `old`: what happens to the events as they were. `keep` (default):
   * they stay and count twice; `delete`: they are deleted by name and window between export and import, by the unofficial API. `mapping`: as of
   * {@link IdOperation}; events under an old id come under the new one.
   */
  | {
      readonly do: "reimport_events";
      readonly from: string;
      readonly to: string;
      readonly events?: readonly string[];
      readonly old?: "keep" | "delete";
      readonly mapping?: string;
    };

export type PrivacyOperation =
  | { readonly do: "privacy_delete"; readonly compliance: "GDPR" | "CCPA" }
  | {
      readonly do: "privacy_retrieve";
      readonly compliance: "GDPR" | "CCPA";
      readonly disclosure: "Data" | "Categories" | "Sources";
    };

/** Both ids have a profile: whose value stays where both have one. `skip`: the pair is left alone and told. */
export type IdConflict = "keep_new" | "keep_old" | "skip";

/** Old ids become immutable ones. `mapping`: NDJSON with `old` and `new`, beside the change set; the ids stand nowhere else. */
export type IdOperation =
  /** Original id merge: old and new id become one cluster, for ever. */
  | { readonly do: "merge_ids"; readonly mapping: string; readonly onConflict: IdConflict }
  /** Simplified id merge: the profile is copied to the new id, read back, and the old one deleted. */
  | { readonly do: "move_profiles"; readonly mapping: string; readonly onConflict: IdConflict }
  /** Events of a window under their old ids are imported again under the new ones; the old ones must be deleted. */
  | {
      readonly do: "reimport_ids";
      readonly mapping: string;
      readonly from: string;
      readonly to: string;
      readonly events?: readonly string[];
    };

export type Operation =
  | PropertyOperation
  | ProfileOperation
  | IdOperation
  | DictionaryOperation
  | EventOperation
  | PrivacyOperation;

/** Whether undo can bring back what the step changed; where not, why. */
export type Reversibility =
  | { readonly kind: "whole" }
  | { readonly kind: "partly"; readonly but: string }
  | { readonly kind: "not"; readonly because: string };

export interface Step {
  /** Unique in the set; names files and journal entries. */
  readonly id: string;
  readonly operation: Operation;
  /** Of operations on profiles and privacy requests. */
  readonly of?: Selector;
  /** Key of a group; absent: users. */
  readonly group?: string;
  readonly expect?: Expectation;
  /** Why, in a sentence: the finding that proposed it. */
  readonly because: string;
  /** `false`: a proposal that a person has not taken on. Default: true. */
  readonly enabled?: boolean;
}

export interface ChangeSet {
  readonly name: string;
  readonly destination: string;
  /** Hash of the plan that it was made with: apply stops when the plan has changed since. */
  readonly plan: string;
  readonly madeAt: string;
  readonly steps: readonly Step[];
}
