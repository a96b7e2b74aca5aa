// What a server says about itself and about the tables of a mapping, as far as capture depends on it. Data only: read once, judged elsewhere.
import type { TableName } from "../database/identifiers.ts";

/** How a replica identity stands: `d` default, `n` nothing, `f` whole rows, `i` an index. */
export type ReplicaIdentity = "d" | "n" | "f" | "i";

/** What a table had before it was changed; `index`: of `i`. */
export interface RememberedIdentity {
  readonly oid: string;
  readonly table: TableName;
  readonly before: ReplicaIdentity;
  readonly index: string | undefined;
}

/** A table, or one partition of it. */
export interface RelationFacts extends TableName {
  readonly oid: string;
  readonly kind: "table" | "partitioned" | "foreign";
  readonly identity: ReplicaIdentity;
  /** Index that the identity uses; `undefined` with `i`: it was dropped. */
  readonly identityIndex: string | undefined;
  readonly identityColumns: readonly string[];
  readonly primaryKey: readonly string[];
  readonly isUnlogged: boolean;
  readonly isOwner: boolean;
  readonly canTrigger: boolean;
  readonly canSelect: boolean;
  readonly generatedColumns: readonly string[];
  /** Rows, as Postgres estimates them; -1: never counted. */
  readonly rows: number;
}

/** A table of the mapping with its partitions on every level. */
export interface TableFacts extends RelationFacts {
  readonly partitions: readonly RelationFacts[];
}

/** One table of one publication; `columns` absent: all. */
export interface PublishedTable {
  readonly publication: string;
  readonly oid: string;
  readonly columns: readonly string[] | undefined;
}

export interface PublicationFacts {
  readonly viaRoot: boolean;
  readonly isForAllTables: boolean;
  readonly tables: readonly PublishedTable[];
}

export interface SlotFacts {
  readonly database: string;
  readonly isActive: boolean;
  /** `reserved`, `extended`, `unreserved`, `lost`. */
  readonly walStatus: string;
  /** Log that may still be written before the server gives the slot up; absent: no limit. */
  readonly safeBytes: number | undefined;
  readonly retainedBytes: number;
  readonly invalidation: string;
  /** Standbys have it too. */
  readonly isFailover: boolean;
}

export interface OwnTrigger {
  readonly table: TableName;
  readonly oid: string;
  readonly name: string;
  readonly function: string;
  readonly isEnabled: boolean;
}

export interface OwnIndex {
  readonly table: TableName;
  readonly tableOid: string;
  readonly name: string;
  readonly isValid: boolean;
  readonly isIdentity: boolean;
}

export interface ServerFacts {
  /** As Postgres counts, for example 180004. */
  readonly version: number;
  readonly database: string;
  /** The role that looked. */
  readonly role: string;
  readonly walLevel: string;
  readonly slotsMax: number;
  readonly slotsUsed: number;
  readonly walSendersMax: number;
  readonly walSendersUsed: number;
  /** `max_slot_wal_keep_size`; absent: no limit. */
  readonly slotKeepBytes: number | undefined;
  readonly decodingWorkMemBytes: number;
  readonly walSenderTimeoutMs: number;
  readonly isStandby: boolean;
  /** `synchronous_standby_names`: a commit shows itself only when these have answered. */
  readonly synchronousStandbys: string;
  readonly canReplicate: boolean;
  /** Schemas and publications can be made. */
  readonly canCreate: boolean;
  /** Something sets `session_replication_role` to `replica`, or this database subscribes to another: triggers do not fire then. */
  readonly hasReplicaSessions: boolean;
  /** Publications of others that take every table, also new ones. */
  readonly allTablesPublications: readonly string[];
  readonly names: { readonly slot: string; readonly publication: string };
  readonly publication: PublicationFacts | undefined;
  /** Tables that other publications name. */
  readonly otherPublished: readonly PublishedTable[];
  readonly slot: SlotFacts | undefined;
  readonly hasSchema: boolean;
  readonly hasOutbox: boolean;
  readonly hasIdentities: boolean;
  readonly triggers: readonly OwnTrigger[];
  /** Trigger functions of ours → body. */
  readonly functions: ReadonlyMap<string, string>;
  readonly indexes: readonly OwnIndex[];
  readonly remembered: readonly RememberedIdentity[];
  /** Tables of the mapping by oid. */
  readonly tables: ReadonlyMap<string, TableFacts>;
}

/** Name prefix of everything that is made beside the schema. */
export const OWN_PREFIX = "plumbline_";

/** The least version whose publications can list columns. */
export const WAL_VERSION_MIN = 150_000;
/** The least version that creates slots which standbys keep. */
export const FAILOVER_VERSION_MIN = 170_000;

/** A table and everything below it that holds rows itself. */
export function leavesOf(table: TableFacts): readonly RelationFacts[] {
  return table.kind === "partitioned"
    ? table.partitions.filter(({ kind }) => kind !== "partitioned")
    : [table];
}

/** What a relation had before we changed it, or has because we did not. */
export function identityBefore(
  relation: RelationFacts,
  facts: Pick<ServerFacts, "remembered">,
): { readonly kind: ReplicaIdentity; readonly columns: readonly string[] } {
  const known = facts.remembered.find(({ oid }) => oid === relation.oid);
  const isOurs = known !== undefined || relation.identityIndex?.startsWith(OWN_PREFIX) === true;
  const kind = isOurs ? (known?.before ?? "d") : relation.identity;
  if (kind === "d") return { kind, columns: relation.primaryKey };
  return { kind, columns: kind === "i" && !isOurs ? relation.identityColumns : [] };
}
