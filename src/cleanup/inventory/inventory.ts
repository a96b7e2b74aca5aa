// An inventory: what a provider holds, against the plan. Data only: names, counts, types and days. No value and no id of anybody is in it.
import type { ValueType } from "../../plan/index.ts";
import type { IdShape } from "../ids/id-shape.ts";

/** Version of the shape of {@link Inventory}. */
export const INVENTORY_VERSION = 1;

/** What an item is about. `group`: key of a group; absent: users. */
export type Subject =
  | { readonly kind: "event"; readonly event: string }
  /** Of all events under this name; `event` is the name as it was seen. */
  | { readonly kind: "event_property"; readonly event: string; readonly property: string }
  | { readonly kind: "profile_property"; readonly property: string; readonly group?: string }
  | { readonly kind: "profiles"; readonly group?: string };

/** Who sends something: the library that the events name, or the source that the gateway knows by its token. */
export interface SeenSender {
  readonly source: string;
  /** Version of the app, or of the library; empty where the events name none. */
  readonly release: string;
  readonly count: number;
}

/** Types as they stand in JSON. `no_date`: a text that is no date, where the plan says that there is one. */
export type SeenType = "string" | "integer" | "number" | "boolean" | "null" | "list" | "object" | "no_date";
export type TypeCounts = Readonly<Partial<Record<SeenType, number>>>;

/** What a text may give away, as `infer` sees it. */
export type PersonalKind = "email" | "phone" | "token" | "email-inside";

/**
 * One thing found. `count`: events or profiles that it concerns; of events, those of the days that were read. `isSettled`: nothing is left to do at
 * the provider, because the event is hidden or dropped there, or because only the gateway has seen it, which takes care of it.
 */
export type InventoryItem =
  | { readonly bucket: "planned_and_seen"; readonly of: Subject; readonly count: number }
  | { readonly bucket: "planned_never_seen"; readonly of: Subject }
  | {
      readonly bucket: "seen_unplanned";
      readonly of: Subject;
      readonly count: number;
      readonly lastSeen: string | undefined;
      readonly senders: readonly SeenSender[];
      readonly isSettled: boolean;
    }
  /** `to`: the plan's name. */
  | {
      readonly bucket: "old_name";
      readonly of: Subject;
      readonly to: string;
      readonly count: number;
      readonly lastSeen: string | undefined;
      readonly senders: readonly SeenSender[];
      readonly isSettled: boolean;
    }
  /** `to`: the plan's spelling; where the plan has none, the most frequent one. */
  | {
      readonly bucket: "spelling";
      readonly of: Subject;
      readonly to: string;
      readonly isPlanned: boolean;
      readonly count: number;
      readonly lastSeen: string | undefined;
      readonly senders: readonly SeenSender[];
      readonly isSettled: boolean;
    }
  /** `to`: the plan's type. `count`: values that are not of it; without a plan's type, all but the most frequent. */
  | {
      readonly bucket: "mixed_types";
      readonly of: Subject;
      readonly types: TypeCounts;
      readonly to: ValueType["type"] | undefined;
      readonly count: number;
    }
  /** On profiles, and nobody may write it: the plan does not have it. */
  | {
      readonly bucket: "without_writer";
      readonly of: Subject;
      readonly count: number;
      readonly lastSeen: string | undefined;
    }
  /** `data`: the plan's class; absent: not planned. `count`: values that gave something away, among those looked at. */
  | {
      readonly bucket: "personal_data";
      readonly of: Subject;
      readonly found: readonly PersonalKind[];
      readonly data: string | undefined;
      readonly count: number;
      readonly looked: number;
    }
  /** `count`: profiles beyond the first of each value of the property `by`; `people`: values that several have. */
  | {
      readonly bucket: "duplicate_profiles";
      readonly of: Subject;
      readonly by: string;
      readonly people: number;
      readonly count: number;
    }
  /** `idsFile`: their ids, in the inventory's folder. */
  | {
      readonly bucket: "profiles_without_user";
      readonly of: Subject;
      readonly count: number;
      readonly idsFile: string;
    }
  /** Profiles under ids that the plan refuses for a user. */
  | {
      readonly bucket: "unfit_ids";
      readonly of: Subject;
      readonly shape: IdShape;
      readonly count: number;
    };

export type Bucket = InventoryItem["bucket"];

/** In the order in which people read them. */
export const BUCKETS: readonly Bucket[] = [
  "seen_unplanned",
  "old_name",
  "spelling",
  "mixed_types",
  "without_writer",
  "personal_data",
  "duplicate_profiles",
  "profiles_without_user",
  "unfit_ids",
  "planned_never_seen",
  "planned_and_seen",
];

/** Buckets with nothing to clean. */
export const TIDY_BUCKETS: ReadonlySet<Bucket> = new Set<Bucket>(["planned_and_seen", "planned_never_seen"]);

/** One name of an event, wherever it was found. */
export interface InventoryEvent {
  readonly name: string;
  /** In the days of the export that were read. */
  readonly exported: number;
  /** In what the gateway's journal still holds. */
  readonly gateway: number;
  /** The provider names it among events that were seen lately. */
  readonly isNamed: boolean;
  readonly firstSeen: string | undefined;
  readonly lastSeen: string | undefined;
  /** In the provider's dictionary; absent: has no entry. */
  readonly dictionary?: {
    readonly hidden: boolean;
    readonly dropped: boolean;
    readonly description: string | undefined;
  };
}

/** One property of profiles. */
export interface InventoryProfileProperty {
  readonly name: string;
  readonly profiles: number;
  /** Share of all profiles, 0 to 1. */
  readonly fillRate: number;
  readonly types: TypeCounts;
  /** Day of the latest `$last_seen` of a profile that has it. */
  readonly lastSeen: string | undefined;
}

/** Users, or the groups of one key. */
export interface InventoryProfiles {
  readonly group?: string;
  readonly count: number;
  readonly properties: readonly InventoryProfileProperty[];
  readonly idShapes: Readonly<Partial<Record<IdShape, number>>>;
  /** By how long ago the profile was last seen. */
  readonly lastSeen: Readonly<Record<"30d" | "90d" | "365d" | "older" | "unknown", number>>;
}

export interface Inventory {
  readonly inventory: typeof INVENTORY_VERSION;
  readonly destination: string;
  /** Hash of the plan that it was held against. */
  readonly plan: string;
  readonly madeAt: string;
  /** What was looked at. `every`: one day of so many was read. */
  readonly looked: {
    readonly from: string;
    readonly to: string;
    readonly every: number;
    readonly days: number;
    readonly events: number;
    readonly gatewayEvents: number;
    readonly profiles: number;
    readonly database: boolean;
  };
  /** What a reader has to know: caps that were reached, sources that could not be read. */
  readonly notes: readonly string[];
  readonly items: readonly InventoryItem[];
  readonly events: readonly InventoryEvent[];
  readonly profiles: readonly InventoryProfiles[];
}
