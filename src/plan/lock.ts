// The lock: a resolved, checked plan as one canonical JSON. Everything downstream reads this and never the YAML.
// References, groups, defaults and inheritance are already resolved in it; names are wire names, keys are ids.

export type Trust = "client" | "server";
/** Who may write a profile property: the database sync, a client source, or a server source. */
export type Owner = "state" | "client" | "server";
export type Presence = "required" | "optional";
export type UnknownEventPolicy = "accept" | "quarantine" | "drop";
export type UnknownPropertyPolicy = "accept" | "strip" | "quarantine";
/** What happens to a value that does not fit and cannot be repaired. */
export type InvalidPropertyPolicy = "accept" | "strip" | "quarantine";
export type MissingPropertyPolicy = "accept" | "quarantine";

/** Formats of a string value. */
export type StringFormat = "email" | "url" | "uuid" | "ulid" | "date" | "hostname" | "ipv4" | "ipv6";

interface Common {
  /** `null` is a value; default false. */
  readonly nullable?: boolean;
}
export interface StringType extends Common {
  readonly type: "string";
  readonly enum?: readonly string[];
  /** An open enum: other values pass with an `info` finding. */
  readonly open?: boolean;
  /** RE2 syntax, matched anywhere unless anchored. */
  readonly pattern?: string;
  /** In Unicode code points, as JSON Schema counts. */
  readonly min_length?: number;
  readonly max_length?: number;
  readonly format?: StringFormat;
}
export interface NumberType extends Common {
  readonly type: "integer" | "number";
  readonly min?: number;
  readonly max?: number;
  readonly enum?: readonly number[];
  readonly open?: boolean;
}
export interface BooleanType extends Common {
  readonly type: "boolean";
}
/** ISO 8601 in UTC with milliseconds (`2026-11-23T10:00:00.000Z`) once normalised. */
export interface DatetimeType extends Common {
  readonly type: "datetime";
}
export interface ListType extends Common {
  readonly type: "list";
  readonly items?: ValueType;
  readonly min_items?: number;
  readonly max_items?: number;
}
export interface ObjectType extends Common {
  readonly type: "object";
  /** Absent: any members. Present: only these, unless `open`. */
  readonly properties?: Readonly<Record<string, { readonly presence: Presence; readonly type: ValueType }>>;
  readonly open?: boolean;
}
export type ValueType = StringType | NumberType | BooleanType | DatetimeType | ListType | ObjectType;

export interface LockProperty {
  readonly presence: Presence;
  readonly type: ValueType;
  /** Data class; `none` where the plan declares nothing. */
  readonly data: string;
  readonly description?: string;
  /** Old wire names of this property, rewritten on the way through. */
  readonly was: readonly string[];
  /** Differences by source id: another presence, or not to be sent at all. */
  readonly sources?: Readonly<Record<string, Presence | "omitted">>;
}

export interface LockDeprecation {
  /** Id of the event that replaces it. */
  readonly to?: string;
  readonly since?: string;
  /** ISO date. */
  readonly remove_after?: string;
  readonly gateway: "rewrite" | "accept" | "drop";
}

export interface LockEvent {
  readonly name: string;
  readonly description?: string;
  readonly owner?: string;
  readonly tags: readonly string[];
  /** Sources that may send it, with the first release that does. */
  readonly sources: Readonly<Record<string, { readonly since?: string }>>;
  readonly was: readonly string[];
  /** By wire name. */
  readonly properties: Readonly<Record<string, LockProperty>>;
  readonly unknown_property: UnknownPropertyPolicy;
  readonly invalid_property: InvalidPropertyPolicy;
  readonly missing_property: MissingPropertyPolicy;
  readonly deprecated?: LockDeprecation;
}

/** Profile operators as the wire spells them. */
export const PROFILE_OPERATIONS = [
  "$set",
  "$set_once",
  "$add",
  "$union",
  "$append",
  "$remove",
  "$unset",
  "$delete",
] as const;
export type ProfileOperation = (typeof PROFILE_OPERATIONS)[number];

export interface LockProfileProperty {
  readonly name: string;
  readonly type: ValueType;
  readonly data: string;
  readonly owner: Owner;
  /** Sources that may write it; absent: every source whose trust fits the owner. */
  readonly sources?: readonly string[];
  /** Operators allowed; absent: every one that fits the type. */
  readonly operations?: readonly ProfileOperation[];
  readonly was: readonly string[];
  readonly description?: string;
  /** Where the state comes from, as written in the plan; compiled by the people sync. */
  readonly from?: unknown;
}

/** Forms of old ids that have a name. */
export const OLD_ID_FORMATS = ["email", "phone", "integer", "uuid", "ulid", "any"] as const;
export type OldIdFormat = (typeof OLD_ID_FORMATS)[number];

/** What ids look like that old releases still send. */
export type OldIdForm = { readonly format: OldIdFormat } | { readonly pattern: string };

/** One form of ids that old releases still send, and that the gateway translates. */
export interface LockOldIds {
  readonly form: OldIdForm;
  /** Where the application keeps them, as written in the plan; compiled by the people sync. */
  readonly from: unknown;
  /** ISO date: the last day, in UTC, on which what arrives is translated. */
  readonly until: string;
}

export interface LockIdentity {
  readonly user_id:
    | { readonly format: "uuid" | "ulid" | "integer" }
    | { readonly pattern: string }
    | { readonly format: "any" };
  /** Event ids after which the client forgets the user. */
  readonly reset_on: readonly string[];
  /** Lower case. Taken from the providers' limits at compile time. */
  readonly forbidden: readonly string[];
  /** What happens to an event with no id at all. */
  readonly missing: "accept" | "quarantine";
  /** By the plan's name for them. Absent where the plan translates none. */
  readonly translate?: Readonly<Record<string, LockOldIds>>;
}

export interface LockDataClass {
  /** May a client source send it? `forbid` strips it with a finding. */
  readonly client: "allow" | "forbid";
  /** What the gateway does with the value on the way through. */
  readonly gateway: "accept" | "drop" | "hash" | "truncate";
  /** Length for `truncate`, in code points. */
  readonly max?: number;
  /** By kind of provider; absent: allowed. */
  readonly providers: Readonly<Record<string, "allow" | "drop">>;
}

/** Where a database keeps the users: `table.column` of the id, and the zone of times without one. */
export interface LockStateOfDatabase {
  readonly users?: string;
  readonly time_zone?: string;
}

/** The application's own database, and others by name. */
export interface LockState extends LockStateOfDatabase {
  readonly databases?: Readonly<Record<string, LockStateOfDatabase>>;
}

export interface Lock {
  /** Version of the lock's own format. */
  readonly lock: 1;
  readonly name: string;
  /** Version of the plan, `MAJOR.MINOR.PATCH`, where it says one. */
  readonly version?: string;
  /** SHA-256 (hex) of the canonical JSON of all members but `hash` and `provenance`. */
  readonly hash: string;
  readonly unknown_event: UnknownEventPolicy;
  /** Event property in which generated clients name the plan they were made from. */
  readonly plan_property: string;
  /** Oldest releases that are alive, by source: `14d` or `>=7.1`. Absent where the plan says nothing. */
  readonly support?: Readonly<Record<string, string>>;
  /** Where the application keeps its users. Absent: the defaults. */
  readonly state?: LockState;
  readonly sources: Readonly<Record<string, { readonly trust: Trust }>>;
  readonly identity: LockIdentity;
  readonly data_classes: Readonly<Record<string, LockDataClass>>;
  /** By event id. */
  readonly events: Readonly<Record<string, LockEvent>>;
  /** User profile, by property id. */
  readonly people: Readonly<Record<string, LockProfileProperty>>;
  /** Group profiles: group key (wire) → property id → property. */
  readonly groups: Readonly<Record<string, Readonly<Record<string, LockProfileProperty>>>>;
  /** Plan path → `file:line:column`. Not part of the hash. */
  readonly provenance: Readonly<Record<string, string>>;
}
