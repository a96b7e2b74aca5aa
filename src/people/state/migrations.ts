// The tables of the people sync, in a schema of their own. Migrations are numbered and never edited once released.
// No table holds a value of a user: fingerprints are keyed hashes, stories hold names, positions and counts.
import { AppError } from "../../core/index.ts";
import { type Database, type Queryable, sqlState } from "../database/database.ts";

/** Hash partitions of users; a worker leases some of them. */
export const PARTITIONS = 64;

const MIGRATIONS: readonly string[] = [
  `create table plumbline.meta (key text primary key, value text not null);

-- One row: this user's profile at this destination may have changed. Coalesced however many changes there were.
create table plumbline.marks (
  destination text not null,
  user_id text not null,
  part smallint not null,
  -- Bits of property sets that may have changed.
  sets bigint not null,
  -- Grows with every change; an acknowledgement removes the mark only if nothing came in between.
  version bigint not null default 1,
  -- 0 live, 1 bulk.
  lane smallint not null,
  first_at timestamptz not null default clock_timestamp(),
  not_before timestamptz not null default clock_timestamp(),
  attempts int not null default 0,
  cause text not null,
  primary key (destination, user_id)
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_cost_delay = 0);
create index marks_due on plumbline.marks (destination, lane, not_before);

-- What a destination has acknowledged, as keyed hashes by property name: JSON, kept as text, which nothing in the database looks into.
create table plumbline.profiles (
  destination text not null,
  user_id text not null,
  prints text not null,
  -- The destination may hold something else: the next update sends everything.
  unsure boolean not null default false,
  story jsonb not null default '{}',
  acked_at timestamptz not null default clock_timestamp(),
  primary key (destination, user_id)
) with (fillfactor = 80);

-- Requests under way, so that a crash leaves a note of what may have been applied.
create table plumbline.intents (
  id bigint generated always as identity primary key,
  destination text not null,
  owner uuid not null,
  user_ids text[] not null,
  at timestamptz not null default clock_timestamp()
);

create table plumbline.leases (
  destination text not null,
  part smallint not null,
  owner uuid,
  epoch bigint not null default 0,
  until timestamptz not null default '-infinity',
  primary key (destination, part)
);
create table plumbline.workers (
  destination text not null,
  owner uuid not null,
  seen timestamptz not null default clock_timestamp(),
  primary key (destination, owner)
);

-- How far each capture has come.
create table plumbline.positions (
  source text primary key,
  position text not null,
  system_id text,
  timeline int,
  at timestamptz not null default clock_timestamp()
);

create table plumbline.quarantine (
  destination text not null,
  user_id text not null,
  reason text not null,
  property text,
  at timestamptz not null default clock_timestamp(),
  primary key (destination, user_id)
);

-- When values of a user change with no row changing.
create table plumbline.revisits (
  destination text not null,
  user_id text not null,
  sets bigint not null,
  at timestamptz not null,
  primary key (destination, user_id)
);
create index revisits_due on plumbline.revisits (destination, at);

-- Ids that must not come back, as keyed hashes, and how far their erasure is.
create table plumbline.erasures (
  destination text not null,
  id_hash text not null,
  -- suppressed | deleted | requested | erased | done
  step text not null,
  -- Until then a request of before the suppression may still be under way.
  not_before timestamptz,
  task text,
  -- Why it waits or stopped, for people.
  note text,
  at timestamptz not null default clock_timestamp(),
  primary key (destination, id_hash)
);

-- Walks over everybody, resumable: one row a kind. A new request begins it again.
create table plumbline.jobs (
  kind text primary key,
  cause text not null,
  sets bigint not null,
  generation bigint not null default 1,
  -- users | gone | done
  phase text not null default 'users',
  cursor text,
  done bigint not null default 0,
  found bigint not null default 0,
  total bigint,
  owner uuid,
  until timestamptz not null default '-infinity',
  requested_at timestamptz not null default clock_timestamp(),
  at timestamptz not null default clock_timestamp()
);`,
  `-- Ids that old releases send, as keyed hashes, and whose they are or have been. They stay when a user changes: old releases send what was.
create sequence plumbline.old_ids_seq;
create table plumbline.old_ids (
  hash text not null,
  -- Empty: whoever had it was erased.
  user_id text not null,
  -- Given under a lock, so that rows are committed in its order.
  seq bigint not null default nextval('plumbline.old_ids_seq'),
  at timestamptz not null default clock_timestamp(),
  primary key (hash, user_id)
);
create index old_ids_by_seq on plumbline.old_ids (seq);
create index old_ids_by_user on plumbline.old_ids (user_id);`,
];

async function isThere(database: Queryable, relation: string): Promise<boolean> {
  const [row] = await database.query("select pg_catalog.to_regclass($1) is not null as found", [relation]);
  return row?.["found"] === "t";
}

/** Number of the newest migration that a database has; 0 for none. */
export async function stateVersion(database: Queryable): Promise<number> {
  if (!(await isThere(database, "plumbline.meta"))) return 0;
  const [row] = await database.query("select value from plumbline.meta where key = 'version'");
  return Number(row?.["value"] ?? 0);
}

/** SQL that brings a database from its version to the newest. */
export function migrationSql(from: number): readonly string[] {
  const steps = MIGRATIONS.slice(from).map(
    (sql, index) =>
      `${sql}\ninsert into plumbline.meta (key, value) values ('version', '${from + index + 1}') on conflict (key) do update set value = excluded.value;`,
  );
  return from === 0 ? ["create schema if not exists plumbline", ...steps] : steps;
}

const NOT_ALLOWED = "42501";

/**
 * Makes the state tables in a database, or brings them up to date; safe to run from several processes at once.
 *
 * @throws {AppError} `PEOPLE_SETUP_FAILED` where the role may not.
 */
export async function migrateState(database: Database): Promise<void> {
  try {
    await database.transaction(async (tx) => {
      await tx.query("select pg_catalog.pg_advisory_xact_lock(7586223601)");
      for (const sql of migrationSql(await stateVersion(tx))) await tx.query(sql);
    });
  } catch (cause) {
    if (sqlState(cause) !== NOT_ALLOWED) throw cause;
    throw new AppError(
      "PEOPLE_SETUP_FAILED",
      `Cannot make the tables of the state: the role may not create in this database (${NOT_ALLOWED})`,
      { details: { sqlState: NOT_ALLOWED }, cause },
    );
  }
}
