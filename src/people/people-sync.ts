// The people sync as one running thing: captures that write marks, jobs that walk over everybody, one worker a destination.
// States: running under one mapping → (a new plan, or a changed schema) → running under the next; outdated (another process works by a newer
// plan: nothing is read or sent until this one has it too); stopped.
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { AppError, type Finding, type OldIdTable } from "../core/index.ts";
import type { Lock } from "../plan/index.ts";
import type { Capture, CaptureOptions, CaptureState } from "./capture/capture.ts";
import { OutboxCapture } from "./capture/outbox-capture.ts";
import { PollCapture } from "./capture/poll-capture.ts";
import { WalCapture, type WalSettings } from "./capture/wal/wal-capture.ts";
import { isUnreachable, sqlState } from "./database/database.ts";
import { followOldIds, type OldIdCopy } from "./ids/copy-old-ids.ts";
import { adoptOldIdKey } from "./ids/old-id-rows.ts";
import { requestJob } from "./jobs/jobs.ts";
import { runJobs } from "./jobs/run-jobs.ts";
import { canonicalUserId } from "./mapping/user-ids.ts";
import { type PeopleContext, recompile } from "./people-context.ts";
import { watchBacklog } from "./operate/watch-backlog.ts";
import { captureStanding } from "./setup/capture-standing.ts";
import { planCapture } from "./setup/plan-capture.ts";
import { readServerFacts } from "./setup/read-server-facts.ts";
import { writeMarks } from "./state/marks.ts";
import { noteAllUnsure } from "./state/doubt.ts";
import { adoptMapping, mappingInForce } from "./state/plan-in-force.ts";
import type { FaultPoint } from "./sync/fault-point.ts";
import type { AcknowledgedNotice } from "./sync/run-batch.ts";
import { createWorker, type Worker, type WorkerState } from "./sync/worker.ts";

export interface PeopleSyncState {
  /** Set while another process works by a newer plan. */
  readonly isOutdated: boolean;
  /** A changed plan is not followed yet: changes of its tables are not captured. It is looked at again and again. */
  readonly isWaitingForSetup: boolean;
  readonly captures: readonly CaptureState[];
  readonly workers: readonly WorkerState[];
}

export interface PeopleSyncOptions {
  /** What was acknowledged, for a terminal. */
  readonly onAcknowledged?: (notices: readonly AcknowledgedNotice[]) => void;
  /** False: workers and walks only, for a command beside a running sync, which has to work by the plan in force. Default true. */
  readonly isLeading?: boolean;
  /** Where the gateway looks up old ids. */
  readonly oldIds?: OldIdTable;
  readonly wal?: Partial<WalSettings>;
  /** Tests end the process at a named point. */
  readonly at?: FaultPoint;
}

export interface PeopleSync {
  /** Captures, jobs and workers, until `stop`. Rejects when it cannot go on by itself; nothing is lost then. */
  run(stop: AbortSignal): Promise<void>;
  /** A changed plan; findings of level `error`: the old mapping stays, until set-up has been done where that is what is missing. */
  setLock(lock: Lock): Promise<readonly Finding[]>;
  /** Marks users by hand; resolves once the marks are committed. Ids that the database cannot have are passed over. */
  mark(userIds: readonly string[], cause: string): Promise<void>;
  /** Ends the pause of a destination, for example after its credential was corrected. */
  resume(destination: string): void;
  state(): PeopleSyncState;
}

/** Its hash names the key; no old id has a zero character. */
const OLD_ID_KEY_NAME = "\u0000key";
const CHECK_PLAN_MS = 1000;
const CHECK_SCHEMA_MS = 60_000;
const CHECK_SETUP_MS = 2000;

/** Why one run under one mapping ended. */
type Ending = "stopped" | "changed" | "outdated";

class RunningSync implements PeopleSync {
  readonly #options: PeopleSyncOptions;
  readonly #owner = randomUUID();
  #context: PeopleContext;
  #captures: readonly Capture[] = [];
  #workers: readonly Worker[] = [];
  #isOutdated = false;
  /** The mapping is new here and not in force yet. One that was replaced by another process's is never put into force again. */
  #mayPut: boolean;
  /** A plan whose tables are not all watched yet. */
  #waiting: Lock | undefined;
  /** The last plan that was given: one that is still being looked at when another comes is followed no more. */
  #given: Lock | undefined;
  /** Ends the run under the present mapping. */
  #end: (ending: Ending) => void = () => undefined;

  constructor(context: PeopleContext, options: PeopleSyncOptions) {
    this.#context = context;
    this.#options = options;
    this.#mayPut = options.isLeading ?? true;
  }

  state(): PeopleSyncState {
    return {
      isOutdated: this.#isOutdated,
      isWaitingForSetup: this.#waiting !== undefined,
      captures: this.#captures.map((capture) => capture.state()),
      workers: this.#workers.map((worker) => worker.state()),
    };
  }

  resume(destination: string): void {
    for (const worker of this.#workers) if (worker.state().destination === destination) worker.resume();
  }

  async mark(userIds: readonly string[], cause: string): Promise<void> {
    const { mapping, state, destinations } = this.#context;
    const ids = new Set(userIds.flatMap((id) => canonicalUserId(mapping, id) ?? []));
    const marks = [...ids].map((userId) => ({ userId, sets: -1n }));
    const names = destinations.map(({ name }) => name);
    await state.transaction((tx) => writeMarks(tx, marks, { destinations: names, lane: "live", cause }));
    this.#wake();
  }

  #wake(): void {
    for (const worker of this.#workers) worker.wake();
  }

  async setLock(lock: Lock): Promise<readonly Finding[]> {
    this.#waiting = undefined;
    this.#given = lock;
    return this.#follow(lock);
  }

  async #follow(lock: Lock): Promise<readonly Finding[]> {
    const { context, findings } = await recompile(this.#context, lock, { isPartial: false });
    if (!context) return findings;
    const standing = await captureStanding(context);
    if (this.#given !== lock) return findings;
    if (standing.isReady) {
      this.#waiting = undefined;
      this.#replace(context);
      return findings;
    }
    // A table that nobody watches would be wrong in silence: the old mapping stays until it is watched.
    this.#waiting = lock;
    return [...findings, ...standing.findings];
  }

  #replace(context: PeopleContext): void {
    const isChanged = context.mapping.hash !== this.#context.mapping.hash;
    this.#context = context;
    if (!isChanged && !this.#isOutdated) return;
    this.#mayPut = this.#options.isLeading ?? true;
    this.#end("changed");
  }

  async run(stop: AbortSignal): Promise<void> {
    while (!stop.aborted)
      try {
        const ending = (await this.#putInForce()) ? await this.#runMapping(stop) : "outdated";
        if (ending === "outdated") await this.#waitForPlan(stop);
      } catch (error) {
        // A database that restarts just between two mappings.
        if (!isUnreachable(error)) throw error;
        this.#context.log.warn({ code: sqlState(error) }, "a database cannot be reached; tried again");
        await sleep(CHECK_PLAN_MS, undefined, { signal: stop }).catch(() => undefined);
      }
  }

  /** False: another process's mapping is in force, and has to be waited for. */
  async #putInForce(): Promise<boolean> {
    const { state, mapping, log } = this.#context;
    const before = await mappingInForce(state);
    if (before !== undefined && before !== mapping.hash && !this.#mayPut) {
      if (this.#options.isLeading ?? true) return false;
      throw new AppError(
        "PEOPLE_PLAN_NOT_IN_FORCE",
        "Cannot sync by this plan: the running sync has another mapping",
      );
    }
    if (before !== mapping.hash) await adoptMapping(state, mapping.hash);
    if (mapping.hash === this.#context.mapping.hash) this.#mayPut = false;
    if (before === mapping.hash) return true;
    if (before === undefined)
      log.info(
        {},
        "changes are followed from now on; `plumbline people backfill` brings those who were there before",
      );
    if (before !== undefined)
      log.info({ mapping: mapping.hash }, "the mapping changed: everybody is compared");
    return true;
  }

  async #waitForPlan(stop: AbortSignal): Promise<void> {
    this.#isOutdated = true;
    this.#context.log.warn({}, "another process works by a newer plan; this one waits until it has it too");
    const given = new Promise<Ending>((resolve) => {
      this.#end = resolve;
    });
    // Who waited for a plan takes the one in force; who was given one puts it into force.
    while (!stop.aborted && !this.#mayPut && !(await this.#isInForce())) {
      if (await this.#fitsSchema()) break;
      const pause = sleep(CHECK_PLAN_MS, undefined, { signal: stop }).catch(() => undefined);
      await Promise.race([pause, given]);
    }
    this.#isOutdated = false;
  }

  /** The other process may have the same plan, and have left out what the database no longer fits: then this one does so too. */
  async #fitsSchema(): Promise<boolean> {
    const before = this.#context;
    const { context } = await recompile(before, before.lock, { isPartial: true });
    const hash = await mappingInForce(before.state);
    if (!context || context.mapping.hash !== hash || this.#context !== before) return false;
    this.#context = context;
    return true;
  }

  async #isInForce(): Promise<boolean> {
    const hash = await mappingInForce(this.#context.state);
    return hash === undefined || hash === this.#context.mapping.hash;
  }

  async #runMapping(stop: AbortSignal): Promise<Ending> {
    const context = this.#context;
    const { at } = this.#options;
    const inner = new AbortController();
    const ended = new Promise<Ending>((resolve) => {
      this.#end = resolve;
      stop.addEventListener("abort", () => resolve("stopped"), { once: true });
      if (stop.aborted) resolve("stopped");
    });
    const oldIds = await this.#oldIds(context);
    this.#captures = (this.#options.isLeading ?? true) ? await this.#makeCaptures(context) : [];
    this.#workers = context.destinations.map((destination) => this.#makeWorker(context, destination));
    const jobs = runJobs(
      {
        context: () => context,
        owner: this.#owner,
        log: context.log,
        onMarked: () => this.#wake(),
        ...(at === undefined ? {} : { at }),
      },
      inner.signal,
    );
    const running = [
      ...this.#captures.map((capture) => capture.run(inner.signal)),
      ...this.#workers.map((worker) => worker.run(inner.signal)),
      jobs,
      this.#watch(inner.signal),
      watchBacklog(context, inner.signal),
      ...(oldIds ? [followOldIds(oldIds, context.log, inner.signal)] : []),
    ];
    try {
      // None of them ends by itself but by failing.
      return await Promise.race([ended, ...running.map((work) => work.then(() => ended))]);
    } finally {
      inner.abort();
      await Promise.allSettled(running);
    }
  }

  /** What hands old ids to the gateway, where the plan translates any. */
  async #oldIds({ state, mapping, oldIdHash }: PeopleContext): Promise<OldIdCopy | undefined> {
    const { oldIds: table, isLeading = true } = this.#options;
    if (oldIdHash === undefined || mapping.oldIds.length === 0) return undefined;
    const key = oldIdHash(OLD_ID_KEY_NAME);
    if (isLeading) await adoptOldIdKey(state, key);
    return table && { state, table, key };
  }

  async #makeCaptures(context: PeopleContext): Promise<readonly Capture[]> {
    const facts = await readServerFacts(context.source, context.mapping, context.capture);
    const { plan } = planCapture(context.mapping, facts, context.capture);
    const { wal, at } = this.#options;
    const options: CaptureOptions = {
      source: context.source,
      state: context.state,
      isSameDatabase: context.isSameDatabase,
      destinations: context.destinations.map(({ name }) => name),
      clock: context.clock,
      log: context.log,
      metrics: context.metrics,
      onMarked: () => this.#wake(),
      requestEveryone: async (tx, { sets, cause, isUnsure = false }) => {
        if (isUnsure) await noteAllUnsure(tx, cause);
        await requestJob(tx, { kind: "reconcile", sets, cause });
      },
      ...(at === undefined ? {} : { at }),
    };
    const parts = { mapping: context.mapping, plan };
    const methods = new Set(plan.tables.map(({ method }) => method));
    const { slotBudgetBytes } = context.capture;
    return [
      ...(methods.has("wal")
        ? [
            new WalCapture(options, parts, {
              ...(slotBudgetBytes === undefined ? {} : { slotBudgetBytes }),
              ...wal,
            }),
          ]
        : []),
      ...(methods.has("trigger") || methods.has("touch") ? [new OutboxCapture(options, parts)] : []),
      ...(methods.has("poll") ? [new PollCapture(options, parts)] : []),
    ];
  }

  #makeWorker(context: PeopleContext, destination: PeopleContext["destinations"][number]): Worker {
    const { onAcknowledged, at } = this.#options;
    return createWorker({
      destination: destination.name,
      provider: destination.provider,
      limits: destination.limits,
      source: context.source,
      state: context.state,
      rules: context.rulesFor(destination),
      key: context.key,
      clock: context.clock,
      log: context.log,
      metrics: context.metrics,
      random: context.random,
      settings: context.settings,
      oldIdHash: context.oldIdHash,
      ...(onAcknowledged === undefined ? {} : { onAcknowledged }),
      ...(at === undefined ? {} : { at }),
    });
  }

  /** Notices a newer plan of another process, and a schema that no longer fits. */
  async #watch(stop: AbortSignal): Promise<void> {
    let checkedAt = performance.now();
    while (!stop.aborted) {
      await sleep(CHECK_PLAN_MS, undefined, { signal: stop }).catch(() => undefined);
      if (stop.aborted) return;
      try {
        if (!(await this.#isInForce())) this.#end("outdated");
        const everyMs = this.#waiting ? CHECK_SETUP_MS : CHECK_SCHEMA_MS;
        const isDue =
          performance.now() - checkedAt > everyMs ||
          this.#workers.some((worker) => worker.state().hasSchemaError);
        if (!isDue) continue;
        checkedAt = performance.now();
        if (this.#waiting) await this.#follow(this.#waiting);
        else await this.#checkSchema();
      } catch (error) {
        this.#context.log.warn(
          { detail: error instanceof Error ? error.message.slice(0, 200) : "" },
          "the plan in force could not be read; tried again",
        );
      }
    }
  }

  /** A dropped or retyped column takes its own properties out of the sync, and no others. */
  async #checkSchema(): Promise<void> {
    const { log, metrics, lock } = this.#context;
    const { context, findings } = await recompile(this.#context, lock, { isPartial: true });
    const broken = findings.filter(({ level }) => level === "error");
    metrics.gauge("plumbline_people_broken_properties", {}, broken.length);
    if (!context || context.mapping.hash === this.#context.mapping.hash) return;
    for (const { at, id, message } of broken)
      log.error({ at, id }, `the database no longer fits: ${message}`);
    this.#replace(context);
  }
}

/** Makes the sync of an opened context. It does nothing before `run`. */
export function createPeopleSync(context: PeopleContext, options: PeopleSyncOptions = {}): PeopleSync {
  return new RunningSync(context, options);
}
