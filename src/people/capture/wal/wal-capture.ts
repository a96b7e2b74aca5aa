// Reads the log of a database through a replication slot and writes marks. States: waiting (another process reads the slot, the database is away)
// → running → waiting. It never waits for a destination; what it holds in memory is bounded by pausing the stream.
// Invariant: the server is told that a position is safe only when every mark up to it is committed.
import { setTimeout as sleep } from "node:timers/promises";
import { sqlState } from "../../database/database.ts";
import { allSets } from "../../mapping/mapping.ts";
import { resolveChanges, writeResolved } from "../mark-changes.ts";
import type { Capture, CaptureOptions, CaptureParts, CaptureState } from "../capture.ts";
import { ChangeCollector, type Collected } from "./collect-changes.ts";
import { PgOutputDecoder } from "./pgoutput.ts";
import { recoverSlot } from "./recover-slot.ts";
import { formatLsn } from "../exchange.ts";
import { ReplicationClient } from "./replication-client.ts";
import { dropSlot, isSlotBusy, readSlot } from "./slot.ts";
import { untilVisible } from "./visibility.ts";
import { holdMapping } from "../../state/plan-in-force.ts";

export interface WalSettings {
  /** Longest time that a change waits for others before its marks are written. */
  readonly flushMs: number;
  /** Different values in memory at which the stream is paused while marks are written. */
  readonly valuesMax: number;
  /** Off: marks are written before their transactions are visible. Only to show what happens then. */
  readonly isGated: boolean;
  /** Log that the slot may hold back while marks cannot be written; absent: no limit of ours. */
  readonly slotBudgetBytes?: number;
}

/** Measured: 20 ms keeps the time from commit to answer under 100 ms and joins hundreds of changes under load. */
export const WAL_SETTINGS: WalSettings = { flushMs: 15, valuesMax: 50_000, isGated: true };

const PAUSE_MAX_MS = 100;
const RETRY_MS = 1000;
const BUSY_RETRY_MS = 3000;
/** Status messages at least this often; the server's time-out is never below a second in practice. */
const STATUS_MAX_MS = 5000;
const MONITOR_MS = 10_000;

/** Never backwards: a transaction that comes again after a break is no way back. */
const NOTE_POSITION = `
insert into plumbline.positions as p (source, position, system_id, timeline) values ($1, $2, $3, $4::int)
on conflict (source) do update set at = clock_timestamp(), system_id = excluded.system_id, timeline = excluded.timeline,
  position = greatest(p.position::pg_lsn, excluded.position::pg_lsn)::text`;

/** One connection's worth of streaming. */
interface Session {
  readonly client: ReplicationClient;
  readonly collector: ChangeCollector;
  readonly systemId: string;
  readonly timeline: number;
  readonly stop: AbortSignal;
}

export class WalCapture implements Capture {
  readonly #options: CaptureOptions;
  readonly #settings: WalSettings;
  readonly #parts: CaptureParts;
  #state: CaptureState = { method: "wal", kind: "waiting", position: "", reason: "starting" };
  #safeLsn = 0n;
  /** Greatest position up to which this process has written marks: a state or a server that is behind it has been exchanged. */
  #writtenLsn = 0n;
  #flushing: Promise<void> | undefined;
  #lastFlushAt = 0;
  /** End of the pause after the last marks: it is as long as they took to write, so that a busy database is written to half of the time at most. */
  #pauseEndsAt = 0;
  /** Ends the session with an error that happened outside of the stream. */
  #fail: (error: unknown) => void = () => undefined;

  constructor(options: CaptureOptions, parts: CaptureParts, settings: Partial<WalSettings> = {}) {
    this.#options = options;
    this.#parts = parts;
    this.#settings = { ...WAL_SETTINGS, ...settings };
  }

  state(): CaptureState {
    return this.#state;
  }

  async run(stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      let pauseMs = RETRY_MS;
      try {
        await this.#stream(stop);
      } catch (error) {
        if (stop.aborted) break;
        const isBusy = isSlotBusy(error);
        if (isBusy) pauseMs = BUSY_RETRY_MS;
        this.#trouble(error, isBusy ? "another process reads the slot" : "the stream of changes broke");
      }
      await sleep(pauseMs, undefined, { signal: stop }).catch(() => undefined);
    }
    this.#state = { ...this.#state, kind: "waiting", reason: "stopped" };
  }

  #trouble(error: unknown, what: string): void {
    const code = sqlState(error);
    const reason = `${what}${code === "" ? "" : ` (${code})`}`;
    if (this.#state.reason !== reason)
      this.#options.log.warn(
        { capture: "wal", code, detail: error instanceof Error ? error.message.slice(0, 200) : "" },
        reason,
      );
    this.#state = { ...this.#state, kind: "waiting", reason };
    this.#options.metrics.count("plumbline_people_capture_errors_total", { capture: "wal", code });
  }

  async #stream(stop: AbortSignal): Promise<void> {
    const { source } = this.#options;
    const { slot, publication } = this.#parts.plan;
    const client = await ReplicationClient.open(source.config);
    const ended = new AbortController();
    const abort = (): void => ended.abort();
    stop.addEventListener("abort", abort, { once: true });
    if (stop.aborted) abort();
    try {
      const identity = await client.identify();
      const { gap } = await recoverSlot(this.#options, {
        slot,
        name: this.#name,
        identity,
        sets: allSets(this.#parts.mapping),
        writtenLsn: this.#writtenLsn,
      });
      if (gap !== undefined) this.#writtenLsn = 0n;
      const collector = new ChangeCollector(this.#parts.plan);
      const session: Session = { client, collector, ...identity, stop: ended.signal };
      const decoder = new PgOutputDecoder(collector);
      const failed = new Promise<never>((_, reject) => {
        // Nothing is told to the server any more: what failed would pass for written.
        this.#fail = (error) => {
          ended.abort();
          reject(error);
        };
      });
      // From the slot's own position: never from a later one that another server may have confirmed.
      await client.start(
        { slot, publication, from: 0n },
        {
          message: (buffer, at) => {
            decoder.decode(buffer, at);
            this.#consider(session);
          },
          keepAlive: (walEnd) => this.#idle(session, walEnd),
        },
      );
      this.#state = { ...this.#state, kind: "running", reason: "" };
      await Promise.race([client.ended, failed, this.#beat(session), this.#monitor(session, slot)]);
    } finally {
      stop.removeEventListener("abort", abort);
      ended.abort();
      client.close();
      await this.#flushing?.catch(() => undefined);
      this.#flushing = undefined;
      this.#safeLsn = 0n;
    }
  }

  get #name(): string {
    return `wal:${this.#parts.plan.slot}`;
  }

  /** Nothing on the way: all that the server has is safe, so that a slot without changes of ours moves too. */
  #idle(session: Session, walEnd: bigint): void {
    if (session.stop.aborted || !session.collector.isIdle || this.#flushing) return;
    if (walEnd > this.#safeLsn) this.#safeLsn = walEnd;
    this.#report(session);
  }

  #report({ client }: Session): void {
    if (this.#safeLsn > 0n) client.report(this.#safeLsn, this.#options.clock.now());
  }

  /** Writes marks now, later, or pauses the stream until they are written. */
  #consider(session: Session): void {
    const { collector, client } = session;
    if (this.#flushing) {
      if (collector.size > this.#settings.valuesMax && collector.isReady) client.pause();
      return;
    }
    if (!collector.isReady) return;
    const dueAt = Math.max(this.#lastFlushAt + this.#settings.flushMs, this.#pauseEndsAt);
    const wait = collector.size >= this.#settings.valuesMax ? 0 : Math.max(0, dueAt - performance.now());
    this.#flushing = this.#flushSoon(session, wait);
  }

  async #flushSoon(session: Session, waitMs: number): Promise<void> {
    try {
      if (waitMs > 0) await sleep(waitMs, undefined, { signal: session.stop }).catch(() => undefined);
      while (!session.stop.aborted && session.collector.isReady) {
        this.#lastFlushAt = performance.now();
        const collected = session.collector.take();
        await this.#flush(session, collected);
        const now = performance.now();
        this.#pauseEndsAt = now + Math.min(PAUSE_MAX_MS, now - this.#lastFlushAt);
        session.client.resume();
        if (session.collector.size < this.#settings.valuesMax) break;
      }
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#flushing = undefined;
    }
    if (!session.stop.aborted) this.#consider(session);
  }

  async #flush(session: Session, collected: Collected): Promise<void> {
    const { source, state, destinations, metrics, at, log } = this.#options;
    await at?.("after-change");
    if (this.#settings.isGated && !(await untilVisible(source, collected.xids, session.stop))) return;
    const marks = await resolveChanges(source, collected.changes);
    const position = formatLsn(collected.endLsn);
    const cause = `${marks.tables} at ${position}`;
    await at?.("before-marks");
    await state.transaction(async (tx) => {
      await holdMapping(tx, this.#parts.mapping.hash);
      await writeResolved(tx, marks, { destinations, cause });
      if (marks.everyone !== 0n)
        await this.#options.requestEveryone(tx, {
          sets: marks.everyone,
          cause: `truncate or a huge transaction: ${cause}`,
        });
      await tx.query(
        NOTE_POSITION,
        [this.#name, position, session.systemId, session.timeline],
        "plumbline-position-note",
      );
    });
    await at?.("after-marks");
    if (collected.endLsn > this.#safeLsn) this.#safeLsn = collected.endLsn;
    if (collected.endLsn > this.#writtenLsn) this.#writtenLsn = collected.endLsn;
    this.#report(session);
    this.#state = { ...this.#state, position };
    metrics.count("plumbline_people_changes_total", { capture: "wal" }, collected.rows);
    metrics.count("plumbline_people_marks_total", { capture: "wal" }, marks.live.length + marks.bulk.length);
    for (const table of session.collector.unfit)
      log.error(
        { table },
        "the publication lacks a column that the mapping watches: run `plumbline people doctor`",
      );
    session.collector.unfit.clear();
    this.#options.onMarked();
  }

  /** Says that we live, and notices when the server does not. */
  async #beat(session: Session): Promise<void> {
    const timeoutMs = await this.#senderTimeoutMs();
    const everyMs = Math.min(STATUS_MAX_MS, timeoutMs / 4);
    while (!session.stop.aborted) {
      await sleep(everyMs, undefined, { signal: session.stop }).catch(() => undefined);
      this.#report(session);
      if (session.client.silentMs > 2 * timeoutMs)
        throw new Error("the server has said nothing for twice its time-out");
    }
  }

  async #senderTimeoutMs(): Promise<number> {
    const [row] = await this.#options.source.query(
      "select setting::bigint as ms from pg_catalog.pg_settings where name = 'wal_sender_timeout'",
    );
    const ms = Number(row?.["ms"] ?? 0);
    return ms > 0 ? ms : 60_000;
  }

  /** Watches how much log the slot holds back; over the budget the slot goes, and a comparison with everybody takes its place. */
  async #monitor(session: Session, slot: string): Promise<void> {
    const { source, metrics, log } = this.#options;
    while (!session.stop.aborted) {
      const found = await readSlot(source, slot);
      metrics.gauge("plumbline_people_wal_retained_bytes", { slot }, found?.retainedBytes ?? 0);
      const budget = this.#settings.slotBudgetBytes;
      if (budget !== undefined && found && found.retainedBytes > budget && this.#isStuck()) {
        log.error(
          { slot, retainedBytes: found.retainedBytes },
          "the slot is over its budget and is given up; everybody will be compared",
        );
        session.client.close();
        await dropSlot(source, slot);
        throw new Error("the slot was over its budget");
      }
      await sleep(MONITOR_MS, undefined, { signal: session.stop }).catch(() => undefined);
    }
  }

  /** No marks were written for a while although there is something to write. */
  #isStuck(): boolean {
    return this.#flushing !== undefined && performance.now() - this.#lastFlushAt > MONITOR_MS;
  }
}
