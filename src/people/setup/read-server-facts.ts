// Reads the facts that capture depends on. Looks only: every statement is a `select` on catalogues that any role may read.
import type { Queryable, Row } from "../database/database.ts";
import { CAPTURE_NAME, type CaptureSettings } from "../capture/capture-plan.ts";
import type { Mapping } from "../mapping/mapping.ts";
import type {
  PublicationFacts,
  PublishedTable,
  RelationFacts,
  ReplicaIdentity,
  ServerFacts,
  SlotFacts,
  TableFacts,
} from "./server-facts.ts";

const READ_SERVER = `
select current_setting('server_version_num') as version, pg_catalog.current_database() as database, current_user::text as role, current_setting('wal_level') as wal_level,
  current_setting('max_replication_slots') as slots_max, (select count(*) from pg_catalog.pg_replication_slots) as slots_used,
  current_setting('max_wal_senders') as senders_max, (select count(*) from pg_catalog.pg_stat_replication) as senders_used,
  pg_catalog.pg_size_bytes(current_setting('max_slot_wal_keep_size', true)) as keep,
  pg_catalog.pg_size_bytes(current_setting('logical_decoding_work_mem', true)) as decoding_memory,
  (select setting from pg_catalog.pg_settings where name = 'wal_sender_timeout') as sender_timeout,
  pg_catalog.pg_is_in_recovery() as is_standby, current_setting('synchronous_standby_names') as standbys,
  (select rolsuper or rolreplication from pg_catalog.pg_roles where rolname = current_user)
    or exists (select from pg_catalog.pg_roles where rolname = 'rds_replication' and pg_catalog.pg_has_role(oid, 'member')) as can_replicate,
  pg_catalog.has_database_privilege(pg_catalog.current_database(), 'create') as can_create,
  current_setting('session_replication_role') = 'replica'
    or exists (select from pg_catalog.pg_db_role_setting s join pg_catalog.pg_database d on s.setdatabase in (0, d.oid)
      where d.datname = pg_catalog.current_database() and 'session_replication_role=replica' = any(s.setconfig))
    or exists (select subdbid from pg_catalog.pg_subscription s join pg_catalog.pg_database d on s.subdbid = d.oid
      where d.datname = pg_catalog.current_database()) as replica_sessions,
  exists (select from pg_catalog.pg_namespace where nspname = 'plumbline') as has_schema,
  exists (select from pg_catalog.pg_tables where schemaname = 'plumbline' and tablename = 'outbox') as has_outbox,
  exists (select from pg_catalog.pg_tables where schemaname = 'plumbline' and tablename = 'identities') as has_identities`;

const MAY_READ_REMEMBERED = `
select pg_catalog.has_schema_privilege('plumbline', 'usage') and pg_catalog.has_table_privilege(c.oid, 'select') as may_read
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace where n.nspname = 'plumbline' and c.relname = 'identities'`;

const READ_SLOT = `
select s.database, s.active, s.wal_status, s.safe_wal_size, to_jsonb(s) ->> 'invalidation_reason' as invalidation,
  to_jsonb(s) ->> 'conflicting' as conflicting, to_jsonb(s) ->> 'failover' as failover,
  coalesce(pg_catalog.pg_wal_lsn_diff(case when pg_catalog.pg_is_in_recovery() then pg_catalog.pg_last_wal_replay_lsn()
    else pg_catalog.pg_current_wal_lsn() end, s.restart_lsn), 0)::bigint as retained
from pg_catalog.pg_replication_slots s where s.slot_name = $1`;

// Column lists came with Postgres 15; through jsonb the statement is the same for older servers.
const READ_PUBLICATIONS = `
select p.pubname as publication, to_jsonb(p) ->> 'pubviaroot' as via_root, p.puballtables as all_tables, r.prrelid::text as oid,
  case when to_jsonb(r) ->> 'prattrs' is null then null else pg_catalog.array_to_json(array(
    select a.attname from pg_catalog.pg_attribute a where a.attrelid = r.prrelid and a.attnum::text = any(
      pg_catalog.regexp_split_to_array(pg_catalog.btrim(to_jsonb(r) ->> 'prattrs', '[]'), '[, ]+')) order by a.attnum))::text end as columns
from pg_catalog.pg_publication p left join pg_catalog.pg_publication_rel r on r.prpubid = p.oid`;

const READ_TRIGGERS = `
select n.nspname as schema, c.relname as table, c.oid::text as oid, t.tgname as name, p.proname as function, t.tgenabled in ('O', 'A') as is_enabled
from pg_catalog.pg_trigger t join pg_catalog.pg_proc p on p.oid = t.tgfoid join pg_catalog.pg_namespace f on f.oid = p.pronamespace
join pg_catalog.pg_class c on c.oid = t.tgrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where f.nspname = 'plumbline' order by n.nspname, c.relname, t.tgname`;

const READ_FUNCTIONS = `
select p.proname as name, p.prosrc as body from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
where n.nspname = 'plumbline' and p.prorettype = 'pg_catalog.trigger'::pg_catalog.regtype`;

const READ_INDEXES = `
select n.nspname as schema, c.relname as table, c.oid::text as table_oid, x.relname as name, i.indisvalid as is_valid, i.indisreplident as is_identity
from pg_catalog.pg_index i join pg_catalog.pg_class x on x.oid = i.indexrelid join pg_catalog.pg_class c on c.oid = i.indrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where x.relname like 'plumbline\\_%' and n.nspname <> 'plumbline' order by n.nspname, x.relname`;

const READ_REMEMBERED = `
select i.oid::text as oid, n.nspname as schema, c.relname as table, i.before, i.index
from plumbline.identities i join pg_catalog.pg_class c on c.oid = i.oid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
order by n.nspname, c.relname`;

const READ_RELATIONS = `
with tree(root, oid) as (
  select o.oid, o.oid from unnest($1::oid[]) o(oid)
  union
  select o.oid, t.relid from unnest($1::oid[]) o(oid), lateral pg_catalog.pg_partition_tree(o.oid) t
), keys as (
  select i.indrelid, i.indisprimary, i.indisreplident, x.relname as index, pg_catalog.array_to_json(array(
    select a.attname from unnest(i.indkey::int2[]) with ordinality k(attnum, ord)
    join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum where k.ord <= i.indnkeyatts order by k.ord))::text as columns
  from pg_catalog.pg_index i join pg_catalog.pg_class x on x.oid = i.indexrelid where i.indisprimary or i.indisreplident
)
select t.root::text as root, c.oid::text as oid, n.nspname as schema, c.relname as table, c.relkind as kind, c.relreplident as identity,
  r.index as identity_index, case c.relreplident when 'd' then p.columns else r.columns end as identity_columns, p.columns as primary_key,
  c.relpersistence = 'u' as is_unlogged, pg_catalog.pg_has_role(c.relowner, 'usage') as is_owner,
  pg_catalog.has_table_privilege(c.oid, 'trigger') as can_trigger, pg_catalog.has_table_privilege(c.oid, 'select') as can_select,
  pg_catalog.array_to_json(array(select a.attname from pg_catalog.pg_attribute a
    where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated <> ''))::text as generated,
  c.reltuples::bigint as rows
from tree t join pg_catalog.pg_class c on c.oid = t.oid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
left join keys p on p.indrelid = c.oid and p.indisprimary
left join keys r on r.indrelid = c.oid and r.indisreplident
order by n.nspname, c.relname`;

function text(row: Row | undefined, name: string): string {
  return row?.[name] ?? "";
}

function isTrue(row: Row | undefined, name: string): boolean {
  return row?.[name] === "t" || row?.[name] === "true";
}

function names(row: Row, column: string): readonly string[] {
  return JSON.parse(row[column] ?? "[]") as readonly string[];
}

function number(row: Row | undefined, name: string): number {
  return Number(row?.[name] ?? 0);
}

/** Bytes of a setting for which -1 means "no limit". */
function limit(row: Row | undefined, name: string): number | undefined {
  const value = row?.[name];
  return value === null || value === undefined || Number(value) < 0 ? undefined : Number(value);
}

const RELATION_KINDS: Readonly<Record<string, RelationFacts["kind"]>> = {
  r: "table",
  p: "partitioned",
  f: "foreign",
};

function relation(row: Row): RelationFacts {
  return {
    oid: text(row, "oid"),
    schema: text(row, "schema"),
    table: text(row, "table"),
    kind: RELATION_KINDS[text(row, "kind")] ?? "table",
    identity: text(row, "identity") as ReplicaIdentity,
    identityIndex: row["identity_index"] ?? undefined,
    identityColumns: names(row, "identity_columns"),
    primaryKey: names(row, "primary_key"),
    isUnlogged: isTrue(row, "is_unlogged"),
    isOwner: isTrue(row, "is_owner"),
    canTrigger: isTrue(row, "can_trigger"),
    canSelect: isTrue(row, "can_select"),
    generatedColumns: names(row, "generated"),
    rows: number(row, "rows"),
  };
}

function tablesOf(rows: readonly Row[]): ReadonlyMap<string, TableFacts> {
  const tables = new Map<string, TableFacts>();
  for (const row of rows)
    if (row["root"] === row["oid"]) tables.set(text(row, "oid"), { ...relation(row), partitions: [] });
  for (const [oid, table] of tables) {
    const below = rows.filter((row) => row["root"] === oid && row["oid"] !== oid).map(relation);
    tables.set(oid, { ...table, partitions: below });
  }
  return tables;
}

function publishedTable(row: Row): PublishedTable {
  const columns = row["columns"] === null ? undefined : names(row, "columns");
  return { publication: text(row, "publication"), oid: text(row, "oid"), columns };
}

function publicationOf(rows: readonly Row[], name: string): PublicationFacts | undefined {
  const own = rows.filter(({ publication }) => publication === name);
  if (own.length === 0) return undefined;
  return {
    viaRoot: isTrue(own[0], "via_root"),
    isForAllTables: isTrue(own[0], "all_tables"),
    tables: own.filter(({ oid }) => oid !== null).map(publishedTable),
  };
}

function slotOf(row: Row | undefined): SlotFacts | undefined {
  if (!row) return undefined;
  const conflict = isTrue(row, "conflicting") ? "conflict" : "";
  return {
    database: text(row, "database"),
    isActive: isTrue(row, "active"),
    walStatus: text(row, "wal_status"),
    safeBytes: limit(row, "safe_wal_size"),
    retainedBytes: number(row, "retained"),
    invalidation: row["invalidation"] ?? conflict,
    isFailover: isTrue(row, "failover"),
  };
}

function table(row: Row): { readonly schema: string; readonly table: string } {
  return { schema: text(row, "schema"), table: text(row, "table") };
}

/** What the server's own row says. */
function serverOf(server: Row | undefined) {
  return {
    version: number(server, "version"),
    database: text(server, "database"),
    role: text(server, "role"),
    walLevel: text(server, "wal_level"),
    slotsMax: number(server, "slots_max"),
    slotsUsed: number(server, "slots_used"),
    walSendersMax: number(server, "senders_max"),
    walSendersUsed: number(server, "senders_used"),
    slotKeepBytes: limit(server, "keep"),
    decodingWorkMemBytes: number(server, "decoding_memory"),
    walSenderTimeoutMs: number(server, "sender_timeout"),
    isStandby: isTrue(server, "is_standby"),
    synchronousStandbys: text(server, "standbys"),
    canReplicate: isTrue(server, "can_replicate"),
    canCreate: isTrue(server, "can_create"),
    hasReplicaSessions: isTrue(server, "replica_sessions"),
    hasSchema: isTrue(server, "has_schema"),
    hasOutbox: isTrue(server, "has_outbox"),
    hasIdentities: isTrue(server, "has_identities"),
  };
}

/** A role that may not read it is not the one that changes identities. */
async function readRemembered(database: Queryable): Promise<readonly Row[]> {
  const [row] = await database.query(MAY_READ_REMEMBERED);
  return isTrue(row, "may_read") ? database.query(READ_REMEMBERED) : [];
}

/**
 * Reads what capture depends on.
 *
 * @param mapping Absent: no table is looked at; enough to remove what was set up.
 * @param settings Only the name of slot and publication matters here.
 */
export async function readServerFacts(
  database: Queryable,
  mapping: Pick<Mapping, "tables"> | undefined,
  settings: CaptureSettings = {},
): Promise<ServerFacts> {
  const name = settings.slot ?? CAPTURE_NAME;
  const [row] = await database.query(READ_SERVER);
  const server = serverOf(row);
  const oids = (mapping?.tables ?? []).map(({ oid }) => oid);
  const [slots, publications, triggers, functions, indexes, remembered, relations] = await Promise.all([
    database.query(READ_SLOT, [name]),
    database.query(READ_PUBLICATIONS),
    database.query(READ_TRIGGERS),
    database.query(READ_FUNCTIONS),
    database.query(READ_INDEXES),
    readRemembered(database),
    database.query(READ_RELATIONS, [oids]),
  ]);
  const others = publications.filter(({ publication }) => publication !== name);
  return {
    ...server,
    allTablesPublications: others
      .filter((one) => isTrue(one, "all_tables"))
      .map((one) => text(one, "publication")),
    names: { slot: name, publication: name },
    publication: publicationOf(publications, name),
    otherPublished: others.filter(({ oid }) => oid !== null).map(publishedTable),
    slot: slotOf(slots[0]),
    triggers: triggers.map((one) => ({
      table: table(one),
      oid: text(one, "oid"),
      name: text(one, "name"),
      function: text(one, "function"),
      isEnabled: isTrue(one, "is_enabled"),
    })),
    functions: new Map(functions.map((one) => [text(one, "name"), text(one, "body")])),
    indexes: indexes.map((one) => ({
      table: table(one),
      tableOid: text(one, "table_oid"),
      name: text(one, "name"),
      isValid: isTrue(one, "is_valid"),
      isIdentity: isTrue(one, "is_identity"),
    })),
    remembered: remembered.map((one) => ({
      oid: text(one, "oid"),
      table: table(one),
      before: text(one, "before") as ReplicaIdentity,
      index: one["index"] ?? undefined,
    })),
    tables: tablesOf(relations),
  };
}
