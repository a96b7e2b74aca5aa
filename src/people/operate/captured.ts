// Whether the captures have noted all that was committed at a position of the log: only then is a difference without a mark one that was missed.
import { setTimeout as sleep } from "node:timers/promises";
import { CAPTURE_NAME } from "../capture/capture-plan.ts";
import type { PeopleContext } from "../people-context.ts";

/** A moment of the application's database, by its log and by its clock. */
export interface Moment {
  readonly position: string;
  readonly time: string;
}

const NOW = `
select case when pg_catalog.pg_is_in_recovery() then pg_catalog.pg_last_wal_replay_lsn() else pg_catalog.pg_current_wal_lsn() end::text as position,
  clock_timestamp()::text as time, to_regclass('plumbline.outbox') is not null as outbox`;
/** The slot says only what is committed as marks. */
const SLOT_BEHIND = `
select active::text as active from pg_catalog.pg_replication_slots where slot_name = $1 and database = current_database() and not (confirmed_flush_lsn >= $2::pg_lsn)`;
/** A row goes in the transaction that writes its marks, or after it. */
const OUTBOX_BEHIND = "select 1 from plumbline.outbox where at <= $1::timestamptz limit 1";
/** Polls of tables write down when they were made. The state's clock may be another machine's: good enough for a wait. */
const POLL_BEHIND =
  "select 1 from plumbline.positions where source like 'poll:%' and at <= $1::timestamptz and at > $1::timestamptz - interval '1 minute' limit 1";

const LOOK_EVERY_MS = 50;

/** How long a report waits for captures that lag. */
export const CAPTURE_WAIT_MS = 10_000;
/** How long it waits for a slot that nobody reads: a reader that lost its connection is back by then. */
const UNREAD_WAIT_MS = 4000;

type Standing = "level" | "behind" | "unread";

async function standingOf(
  context: PeopleContext,
  now: Moment & { readonly hasOutbox: boolean },
): Promise<Standing> {
  const { source, state, capture } = context;
  const [slot] = await source.query(SLOT_BEHIND, [capture.slot ?? CAPTURE_NAME, now.position]);
  if (slot) return slot["active"] === "true" ? "behind" : "unread";
  if (now.hasOutbox && (await source.query(OUTBOX_BEHIND, [now.time])).length > 0) return "behind";
  return (await state.query(POLL_BEHIND, [now.time])).length > 0 ? "behind" : "level";
}

/**
 * Waits until every capture that there is has noted what is committed now.
 *
 * @returns False when one of them is still behind after `withinMs`, or at the signal.
 */
export async function untilCaptured(
  context: PeopleContext,
  options: { readonly signal: AbortSignal; readonly withinMs?: number },
): Promise<boolean> {
  const [row] = await context.source.query(NOW);
  const now = {
    position: row?.["position"] ?? "0/0",
    time: row?.["time"] ?? "-infinity",
    hasOutbox: row?.["outbox"] === "t",
  };
  const started = performance.now();
  const { withinMs = CAPTURE_WAIT_MS } = options;
  for (;;) {
    const standing = await standingOf(context, now);
    if (standing === "level") return true;
    const waitMs = standing === "unread" ? Math.min(withinMs, UNREAD_WAIT_MS) : withinMs;
    if (options.signal.aborted || performance.now() - started > waitMs) return false;
    await sleep(LOOK_EVERY_MS, undefined, { signal: options.signal }).catch(() => undefined);
  }
}
