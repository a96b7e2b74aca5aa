// Which server is followed, and whether it still is the one that was: its name, its timeline, and positions that only grow. A copy that takes its place
// may lack what a destination was already told.
import { sqlState } from "../database/database.ts";
import type { CaptureOptions } from "./capture.ts";

/** Position of the log, `16/B374D848`, as a number. */
export function parseLsn(text: string): bigint {
  const [high = "0", low = "0"] = text.split("/");
  return (BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`);
}

export function formatLsn(lsn: bigint): string {
  return `${(lsn >> 32n).toString(16).toUpperCase()}/${(lsn & 0xffffffffn).toString(16).toUpperCase()}`;
}

/** Which server this is; another answer later means that the primary was exchanged. */
export interface SystemIdentity {
  readonly systemId: string;
  readonly timeline: number;
}

/** What a capture knows of the server that it followed. */
export interface Followed {
  /** Name of the capture's position. */
  readonly name: string;
  readonly identity: SystemIdentity;
  /** Position up to which this process has noted a position; 0: none yet. */
  readonly writtenLsn: bigint;
}

const READ_POSITION =
  "select position, system_id, timeline::text as timeline from plumbline.positions where source = $1";
const CURRENT = `
select case when pg_catalog.pg_is_in_recovery() then pg_catalog.pg_last_wal_replay_lsn() else pg_catalog.pg_current_wal_lsn() end::text as lsn`;

/** `isKnown`: a server was followed before. `exchange`: why it, or the state, is not the one that was left. */
export async function findExchange(
  { source, state }: Pick<CaptureOptions, "source" | "state">,
  { name, identity, writtenLsn }: Followed,
): Promise<{ readonly isKnown: boolean; readonly exchange: string | undefined }> {
  const [known] = await state.query(READ_POSITION, [name]);
  const isKnown = known !== undefined;
  if (!known)
    return {
      isKnown,
      exchange: writtenLsn > 0n ? "the state is not the one that was written to" : undefined,
    };
  if (known["system_id"] !== identity.systemId)
    return { isKnown, exchange: "another server: its data is not the one that was followed" };
  if (Number(known["timeline"]) !== identity.timeline)
    return { isKnown, exchange: "the primary was exchanged: it may lack the last commits of the old one" };
  const position = parseLsn(known["position"] ?? "0/0");
  if (position < writtenLsn) return { isKnown, exchange: "the state is older than what was written to it" };
  const [row] = await source.query(CURRENT);
  if (parseLsn(row?.["lsn"] ?? "0/0") < position)
    return { isKnown, exchange: "the server is older than what was read from it" };
  return { isKnown, exchange: undefined };
}

const IDENTITY = `
select (select system_identifier::text from pg_catalog.pg_control_system()) as system_id, pg_catalog.pg_current_wal_lsn()::text as lsn,
  ('x' || left(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()), 8))::bit(32)::int::text as timeline`;
const NOTE = `
insert into plumbline.positions as p (source, position, system_id, timeline) values ($1, $2, $3, $4::int)
on conflict (source) do update set at = clock_timestamp(), system_id = excluded.system_id, timeline = excluded.timeline,
  position = case when $5::boolean then excluded.position else greatest(p.position::pg_lsn, excluded.position::pg_lsn)::text end`;
/** The role may not ask; a standby, where nothing is captured by triggers. */
const NOT_FOR_US = new Set(["42501", "55000"]);

/** Follows the server for captures that have no stream to tell them: asked at the start, after every break, and now and then for the position. */
export class ServerWatch {
  readonly #options: CaptureOptions;
  readonly #name: string;
  readonly #sets: bigint;
  #writtenLsn = 0n;

  constructor(options: CaptureOptions, ask: { readonly name: string; readonly sets: bigint }) {
    this.#options = options;
    this.#name = ask.name;
    this.#sets = ask.sets;
  }

  /** Notes where the server is; where it is not the one that was followed everything is sent again. */
  async check(): Promise<void> {
    const { source, state, log } = this.#options;
    let row;
    try {
      [row] = await source.query(IDENTITY, [], "plumbline-server");
    } catch (error) {
      if (NOT_FOR_US.has(sqlState(error))) return;
      throw error;
    }
    const [systemId, lsn] = [row?.["system_id"] ?? "", row?.["lsn"] ?? "0/0"];
    const identity = { systemId, timeline: Number(row?.["timeline"] ?? 0) };
    const followed = { name: this.#name, identity, writtenLsn: this.#writtenLsn };
    const { exchange } = await findExchange(this.#options, followed);
    if (exchange !== undefined)
      log.error({ capture: this.#name, reason: exchange }, "everything is sent again");
    await state.transaction(async (tx) => {
      if (exchange !== undefined)
        await this.#options.requestEveryone(tx, { sets: this.#sets, cause: exchange, isUnsure: true });
      const isAnew = exchange !== undefined;
      await tx.query(NOTE, [this.#name, lsn, systemId, identity.timeline, isAnew], "plumbline-server-note");
    });
    this.#writtenLsn = parseLsn(lsn);
  }
}
