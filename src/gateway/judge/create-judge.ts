// The judge: reads `raw`, judges, and writes outbox, quarantine, dedup window and its own position in one transaction.
// States: running (a batch after another) → idle (nothing new: waits for a wake-up or the poll) → stopped (the signal).
// Invariant: whatever crashes, each received item is judged exactly once; a batch that was not committed is judged again from the start.
import { setTimeout as sleep } from "node:timers/promises";
import {
  AppError,
  appendOutbox,
  type Clock,
  type Journal,
  type Log,
  type Metrics,
  OUTBOX_LOG,
  type Position,
  WakeUp,
} from "../../core/index.ts";
import type { Geolocate } from "../enrich/geolocation.ts";
import { encodeQuarantine, QUARANTINE_TABLE } from "../quarantine/record.ts";
import { OldIdOwners } from "../old-ids/owners.ts";
import { OldIdRelease } from "../old-ids/release.ts";
import { WaitingOldIds } from "../old-ids/waiting.ts";
import { RAW_LOG, type RawRecord } from "../raw-record.ts";
import type { Receiver } from "../receiver.ts";
import type { SourceTable } from "../sources.ts";
import { DEDUP_SETTINGS, type DedupSettings, DedupWindow } from "./dedup-window.ts";
import { judgeBatch, type VerdictNotice } from "./judge-batch.ts";
import { judgeItem } from "./judge-item.ts";
import { PeopleLinks } from "./people-links.ts";
import type { PlanSnapshot } from "./snapshot.ts";

/** The judge's name among the consumers of `raw`. */
export const JUDGE_CONSUMER = "judge";

export interface JudgeOptions {
  readonly journal: Journal;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly sources: SourceTable;
  readonly receivers: readonly Receiver[];
  readonly snapshot: PlanSnapshot;
  readonly geolocate?: Geolocate;
  readonly dedup?: Partial<DedupSettings>;
  /** No destination joins ids, so identity events are let through whatever they link. Default: two known people are never joined. */
  readonly neverJoins?: boolean;
  /** Keyed hash of old ids; absent: nobody knows whose they are, and they are refused as any other. */
  readonly oldIdHash?: (spelling: string) => string;
  /** Called after each committed batch, so that delivery need not poll. */
  readonly onJudged?: () => void;
  /** Called for each verdict; must be quick. */
  readonly onVerdict?: (notice: VerdictNotice) => void;
}

export interface Judge {
  /** Judges until the signal is aborted; rejects only for a bug. */
  run(signal: AbortSignal): Promise<void>;
  /** Something was appended. */
  wake(): void;
  /** From the next batch on, this plan holds. */
  setSnapshot(snapshot: PlanSnapshot): void;
  readonly position: Position;
}

const BATCH_RECORDS = 1000;
/** Bytes of requests judged in one transaction: some two thousand events. More would only live long enough to be collected dearly. */
const BATCH_BYTES = 1 * 2 ** 20;
const IDLE_POLL_MS = 100;
const RETRY_AFTER_FAILURE_MS = 500;

/** Makes the judge of one gateway. */
export function createJudge(options: JudgeOptions): Judge {
  return new JudgeLoop(options);
}

class JudgeLoop implements Judge {
  readonly #options: JudgeOptions;
  readonly #receivers: ReadonlyMap<string, Receiver>;
  readonly #dedup: DedupWindow;
  readonly #links: PeopleLinks | undefined;
  readonly #oldIds: OldIds | undefined;
  #snapshot: PlanSnapshot;
  #position: Position;
  readonly #wakeUp = new WakeUp();

  constructor(options: JudgeOptions) {
    const { journal, clock } = options;
    this.#options = options;
    this.#receivers = new Map(options.receivers.map((receiver) => [receiver.kind, receiver]));
    this.#dedup = new DedupWindow(journal, { ...DEDUP_SETTINGS, ...options.dedup }, clock.now());
    this.#links = options.neverJoins === true ? undefined : new PeopleLinks(journal);
    this.#oldIds = options.oldIdHash && openOldIds(journal, options.oldIdHash);
    this.#snapshot = options.snapshot;
    this.#position = journal.position(RAW_LOG, JUDGE_CONSUMER);
  }

  get position(): Position {
    return this.#position;
  }

  wake(): void {
    this.#wakeUp.wake();
  }

  setSnapshot(snapshot: PlanSnapshot): void {
    this.#snapshot = snapshot;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { journal, log } = this.#options;
    // From now on nothing that was not judged is trimmed.
    await journal.write((write) => write.advance(RAW_LOG, JUDGE_CONSUMER, this.#position));
    while (!signal.aborted) {
      try {
        const judged = await this.#judgeOnce();
        const released = await this.#releaseOnce();
        if (!judged && !released) await this.#wakeUp.wait(IDLE_POLL_MS, signal);
      } catch (error) {
        this.#dedup.forget();
        this.#links?.forget();
        this.#oldIds?.waiting.forget();
        if (!(error instanceof AppError) || error.code === "INTERNAL") throw error;
        // A full disk: what was received is safe in `raw`, and judging goes on once there is room.
        log.error({ code: error.code }, "the judge cannot write; it tries again");
        await sleep(RETRY_AFTER_FAILURE_MS);
      }
    }
  }

  /** Judges one batch; false when there was nothing. */
  async #judgeOnce(): Promise<boolean> {
    const { journal, clock, metrics, log, sources, geolocate, onVerdict, onJudged } = this.#options;
    const records = journal.read(RAW_LOG, {
      after: this.#position,
      limit: BATCH_RECORDS,
      maxBytes: BATCH_BYTES,
    });
    const last = records.at(-1);
    if (!last) return false;
    const started = performance.now();
    const batch = judgeBatch(records, {
      snapshot: this.#snapshot,
      sources,
      receivers: this.#receivers,
      geolocate,
      dedup: this.#dedup,
      links: this.#links,
      oldIds: this.#oldIds?.owners,
      waiting: this.#oldIds?.waiting,
      log,
      onVerdict,
    });
    const judgedMs = performance.now() - started;
    // Not flushed at once: what a power cut takes back is judged again from `raw`, into the same records.
    await journal.write(
      (write) => {
        appendOutbox(write, OUTBOX_LOG, batch.outbox);
        for (const record of batch.quarantine)
          write.put(QUARANTINE_TABLE, record.id, encodeQuarantine(record));
        this.#dedup.save(write);
        this.#links?.save(write);
        this.#oldIds?.waiting.save(write);
        write.advance(RAW_LOG, JUDGE_CONSUMER, last.position);
      },
      { flush: false },
    );
    this.#dedup.committed(clock.now());
    this.#links?.committed();
    this.#oldIds?.waiting.forget();
    this.#position = last.position;
    onJudged?.();
    batch.counts.report(metrics);
    metrics.observe("plumbline_judge_batch_seconds", {}, judgedMs / 1000);
    metrics.count("plumbline_judged_events_total", {}, batch.events);
    return true;
  }

  /** Lets out some of what waited for the owner of an old id; false when nothing did. */
  async #releaseOnce(): Promise<boolean> {
    if (this.#oldIds === undefined) return false;
    const { journal, clock, metrics, log, sources, geolocate, onJudged } = this.#options;
    const { owners, release } = this.#oldIds;
    const isReleased = await release.once({
      journal,
      clock,
      metrics,
      log,
      sources,
      geolocate,
      owners,
      snapshot: this.#snapshot,
      links: this.#links,
    });
    if (isReleased) onJudged?.();
    return isReleased;
  }
}

/** What the judge needs to translate old ids. */
interface OldIds {
  readonly owners: OldIdOwners;
  readonly waiting: WaitingOldIds;
  readonly release: OldIdRelease;
}

function openOldIds(journal: Journal, hash: (spelling: string) => string): OldIds {
  return {
    owners: new OldIdOwners(journal, hash),
    waiting: new WaitingOldIds(journal),
    release: new OldIdRelease(),
  };
}

/** What a sender in development is told about one request: a line for each finding. Nothing is written. */
export function judgeNow(
  record: RawRecord,
  context: {
    readonly snapshot: PlanSnapshot;
    readonly sources: SourceTable;
    readonly receivers: readonly Receiver[];
    readonly oldIds?: OldIdOwners | undefined;
  },
): readonly string[] {
  const receiver = context.receivers.find(({ kind }) => kind === record.header.receiver);
  const decoded = receiver?.decode(record);
  if (decoded?.kind !== "items") return [];
  const messages: string[] = [];
  for (const [index, item] of decoded.items.entries()) {
    const source = context.sources.find(item.token);
    if (!source?.development) continue;
    const place = {
      receivedAt: record.header.receivedAt,
      position: 0,
      clientAddress: "",
      ipParameter: "0",
      index,
      repetition: 0,
    };
    const { snapshot, oldIds } = context;
    for (const judged of judgeItem(item, { snapshot, source, geolocate: undefined, oldIds }, place))
      for (const { level, id, at, message } of judged.findings)
        if (level !== "info") messages.push(`${judged.name}: ${message} (${id} at ${at})`);
  }
  return messages;
}
