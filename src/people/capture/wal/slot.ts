// The replication slot: how it stands, making it, giving it up. A lost slot is never resumed: a new one is made first, then everybody is compared.
import { type Database, sqlState } from "../../database/database.ts";

export interface SlotState {
  readonly isActive: boolean;
  /** Behind this position the server keeps the log. */
  readonly confirmed: string;
  readonly retainedBytes: number;
  /** The server has removed log that the slot needed. */
  readonly isLost: boolean;
  readonly lostBecause: string;
}

const READ = `
select s.active, s.confirmed_flush_lsn::text as confirmed, s.wal_status, to_jsonb(s) ->> 'invalidation_reason' as invalidation,
  coalesce(pg_catalog.pg_wal_lsn_diff(case when pg_catalog.pg_is_in_recovery() then pg_catalog.pg_last_wal_replay_lsn() else pg_catalog.pg_current_wal_lsn() end, s.restart_lsn), 0)::bigint as retained
from pg_catalog.pg_replication_slots s where s.slot_name = $1 and s.database = current_database()`;

/** How a slot of this database stands; `undefined`: there is none. */
export async function readSlot(source: Database, slot: string): Promise<SlotState | undefined> {
  const [row] = await source.query(READ, [slot]);
  if (!row) return undefined;
  const invalidation = row["invalidation"] ?? "";
  return {
    isActive: row["active"] === "t",
    confirmed: row["confirmed"] ?? "0/0",
    retainedBytes: Number(row["retained"] ?? 0),
    isLost: row["wal_status"] === "lost" || invalidation !== "",
    lostBecause: invalidation === "" ? (row["wal_status"] ?? "") : invalidation,
  };
}

const VERSION = "select current_setting('server_version_num')::int as version";
const CREATE = "select pg_catalog.pg_create_logical_replication_slot($1, 'pgoutput', false, false)";
/** Follows a failover to a standby, from Postgres 17 on. */
const CREATE_FAILOVER =
  "select pg_catalog.pg_create_logical_replication_slot($1, 'pgoutput', false, false, true)";

/**
 * Makes the slot. Waits until every transaction that is open now has ended, as Postgres does.
 *
 * @returns False when another process made it meanwhile.
 */
export async function createSlot(source: Database, slot: string): Promise<boolean> {
  const [row] = await source.query(VERSION);
  try {
    await source.query(Number(row?.["version"] ?? 0) >= 170_000 ? CREATE_FAILOVER : CREATE, [slot]);
    return true;
  } catch (error) {
    if (sqlState(error) === "42710") return false;
    throw error;
  }
}

/** Gives the slot up, so that the server can let its log go. */
export async function dropSlot(source: Database, slot: string): Promise<void> {
  await source.query(
    "select pg_catalog.pg_drop_replication_slot(slot_name) from pg_catalog.pg_replication_slots where slot_name = $1",
    [slot],
  );
}

/** Another process reads the slot. */
export function isSlotBusy(error: unknown): boolean {
  return sqlState(error) === "55006";
}
