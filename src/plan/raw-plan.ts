// A plan as it is written, after the schema let it through and before references are resolved.
import type {
  InvalidPropertyPolicy,
  LockDataClass,
  LockDeprecation,
  LockIdentity,
  MissingPropertyPolicy,
  OldIdFormat,
  Owner,
  Presence,
  ProfileOperation,
  StringFormat,
  Trust,
  UnknownEventPolicy,
  UnknownPropertyPolicy,
} from "./lock.ts";

export interface RawType {
  readonly type?: "string" | "integer" | "number" | "boolean" | "datetime" | "list" | "object";
  readonly nullable?: boolean;
  readonly enum?: readonly (string | number)[];
  readonly open?: boolean;
  readonly pattern?: string;
  readonly format?: StringFormat;
  readonly min_length?: number;
  readonly max_length?: number;
  readonly min?: number;
  readonly max?: number;
  readonly items?: RawType;
  readonly min_items?: number;
  readonly max_items?: number;
  readonly properties?: Readonly<Record<string, RawType & { readonly presence?: Presence }>>;
}

export interface RawProperty extends RawType {
  readonly name?: string;
  readonly description?: string;
  readonly data?: string;
  readonly was?: readonly string[];
  readonly presence?: Presence;
  readonly sources?: Readonly<Record<string, Presence | "omitted">>;
  readonly expires?: string;
}

export type RawPropertyUse = Presence | "omitted" | RawProperty;

export interface RawEvent {
  readonly name: string;
  readonly description?: string;
  readonly owner?: string;
  readonly tags?: readonly string[];
  readonly sources?:
    | readonly string[]
    | Readonly<
        Record<
          string,
          { readonly since?: string; readonly properties?: Readonly<Record<string, Presence | "omitted">> }
        >
      >;
  readonly was?: readonly string[];
  readonly use?: readonly string[];
  readonly properties?: Readonly<Record<string, RawPropertyUse>>;
  readonly unknown_property?: UnknownPropertyPolicy;
  readonly invalid_property?: InvalidPropertyPolicy;
  readonly missing_property?: MissingPropertyPolicy;
  readonly deprecated?: Partial<LockDeprecation>;
  readonly expires?: string;
}

/** A profile property: `sources` is a list of ids here, not differences. */
export interface RawPerson extends Omit<RawProperty, "sources" | "presence"> {
  readonly type: NonNullable<RawType["type"]>;
  readonly owner: Owner;
  readonly sources?: readonly string[];
  readonly operations?: readonly ProfileOperation[];
  readonly from?: unknown;
}

export type NamingStyle = "Sentence case" | "Title Case" | "snake_case" | "camelCase" | "kebab-case";

export interface RawDefaults {
  readonly unknown_event?: UnknownEventPolicy;
  readonly unknown_property?: UnknownPropertyPolicy;
  readonly invalid_property?: InvalidPropertyPolicy;
  readonly missing_property?: MissingPropertyPolicy;
  readonly plan_property?: string;
  readonly naming?: { readonly event?: NamingStyle; readonly property?: NamingStyle };
}

export interface RawIgnore {
  readonly rule: string;
  readonly at: string;
  readonly reason: string;
  readonly until: string;
}

/** Settings of the generated client, as written: `src/codegen` knows what they mean. */
export interface RawGenerate {
  readonly language: string;
  readonly out: string;
  readonly package?: string;
  readonly invalid?: "send" | "drop";
  readonly adapters?: readonly string[];
  readonly checks?: "always" | "development";
}

/** What a breaking change does to `plumbline diff`, by axis. */
export type GateLevel = "fail" | "warn" | "off";

/** Settings of `plumbline diff`. Not part of the lock. */
export interface RawDiff {
  readonly gates?: Readonly<Partial<Record<"code" | "data" | "rollout" | "provider", GateLevel>>>;
}

/** Where a database keeps the users. */
export interface RawStateOfDatabase {
  readonly users?: string;
  readonly time_zone?: string;
}

/** Where the application keeps its users. */
export interface RawState extends RawStateOfDatabase {
  readonly databases?: Readonly<Record<string, RawStateOfDatabase>>;
}

/** Ids that old releases send, as written. */
export interface RawOldIds {
  readonly format?: OldIdFormat;
  readonly pattern?: string;
  readonly from: unknown;
  readonly until: string;
}

/** All files of a plan put together. */
export interface RawPlan {
  readonly name: string;
  readonly version?: string;
  readonly diff: RawDiff;
  readonly defaults: RawDefaults;
  readonly sources: Readonly<Record<string, { readonly trust: Trust; readonly generate?: RawGenerate }>>;
  readonly identity:
    | {
        readonly user_id: LockIdentity["user_id"];
        readonly reset_on?: readonly string[];
        readonly missing?: LockIdentity["missing"];
        readonly translate?: Readonly<Record<string, RawOldIds>>;
      }
    | undefined;
  readonly data_classes: Readonly<Record<string, Partial<LockDataClass>>>;
  readonly properties: Readonly<Record<string, RawProperty>>;
  readonly groups_of_properties: Readonly<Record<string, Readonly<Record<string, RawPropertyUse>>>>;
  readonly support: Readonly<Record<string, string>>;
  readonly state: RawState;
  readonly events: Readonly<Record<string, RawEvent>>;
  readonly people: Readonly<Record<string, RawPerson>>;
  readonly groups: Readonly<Record<string, Readonly<Record<string, RawPerson>>>>;
  readonly lint: {
    readonly rules?: Readonly<Record<string, "off" | "info" | "warn" | "error">>;
    readonly ignore?: readonly RawIgnore[];
  };
}
