// Marks → read → difference → destination, for one destination. States: waiting (nothing due, or the destination asked for a pause) →
// working (up to `parallelRequests` batches, each user in at most one of them) → stopped. A crash at any point leaves the marks.
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { AppError, Pace, type PaceState, WakeUp } from "../../core/index.ts";
import { sqlState } from "../database/database.ts";
import { DueFrom } from "../state/due-from.ts";
import { Leases } from "../state/leases.ts";
import { type Claim, claimMarks, type Lane } from "../state/marks.ts";
import { dueRevisits } from "./revisits.ts";
import { isSchemaError } from "./read-batch.ts";
import { type Batch, type BatchOptions, BatchRunner } from "./run-batch.ts";

export interface WorkerOptions extends BatchOptions {
  readonly random: () => number;
}

export interface WorkerState {
  readonly destination: string;
  readonly owner: string;
  readonly partitions: number;
  readonly busyUsers: number;
  readonly pace: PaceState;
  /** The last read failed because the schema is not the one that the mapping was made for. */
  readonly hasSchemaError: boolean;
}

export interface Worker {
  run(stop: AbortSignal): Promise<void>;
  wake(): void;
  resume(): void;
  state(): WorkerState;
}

const ERROR_PAUSE_MS = 500;
const LANE_NAMES: readonly Lane[] = ["live", "bulk"];

/** A user in a batch: whatever is marked meanwhile waits for its end. */
interface BusyUser {
  readonly part: number;
  readonly lane: Lane;
}

class SyncWorker implements Worker {
  readonly #options: WorkerOptions;
  readonly #owner = randomUUID();
  readonly #leases: Leases;
  readonly #pace: Pace;
  readonly #wakeUp = new WakeUp();
  readonly #busy = new Map<string, BusyUser>();
  readonly #batches: BatchRunner;
  readonly #running = new Map<Promise<void>, Lane>();
  readonly #dueFrom: Readonly<Record<Lane, DueFrom>> = { live: new DueFrom(), bulk: new DueFrom() };
  /** When the bulk lane is looked at again, after it was empty. */
  #bulkAt = 0;
  #hasSchemaError = false;
  /** Counts wakes, so that one during a look at the marks is not lost. */
  #wakes = 0;

  constructor(options: WorkerOptions) {
    this.#options = options;
    this.#pace = new Pace(options.settings, options.clock, options.random);
    const { leaseMs, settleMs } = options.settings;
    this.#leases = new Leases(options.state, {
      destination: options.destination,
      owner: this.#owner,
      mapping: options.rules.mapping.hash,
      settings: { leaseMs, settleMs },
      at: options.at,
    });
    this.#batches = new BatchRunner(options, { owner: this.#owner, leases: this.#leases, pace: this.#pace });
  }

  wake(): void {
    this.#wakes += 1;
    this.#wakeUp.wake();
  }

  resume(): void {
    this.#pace.resume();
    this.wake();
  }

  state(): WorkerState {
    return {
      destination: this.#options.destination,
      owner: this.#owner,
      partitions: this.#leases.held(0).length,
      busyUsers: this.#busy.size,
      pace: this.#pace.state,
      hasSchemaError: this.#hasSchemaError,
    };
  }

  async run(stop: AbortSignal): Promise<void> {
    const { settings } = this.#options;
    // Requests under way go on for a while after `stop`, and are cut then.
    const cut = new AbortController();
    const keeping = this.#keepLeases(stop);
    try {
      while (!stop.aborted) {
        if (!(await this.#pace.turn(0, stop))) break;
        const wakes = this.#wakes;
        const started = await this.#startBatches(stop, cut.signal);
        if (!started && wakes === this.#wakes) await this.#rest(stop);
      }
    } finally {
      const timer = setTimeout(() => cut.abort(), settings.stopGraceMs);
      await Promise.all(this.#running.keys());
      clearTimeout(timer);
      await keeping;
      await this.#leases
        .release()
        .catch((error: unknown) => this.#failed(error, "the leases could not be given back"));
    }
  }

  /** Until something is due or a request has ended. */
  async #rest(stop: AbortSignal): Promise<void> {
    const waited = this.#wakeUp.wait(this.#options.settings.pollMs, stop);
    await (this.#running.size >= this.#options.settings.parallelRequests
      ? Promise.race([waited, ...this.#running.keys()])
      : waited);
  }

  async #keepLeases(stop: AbortSignal): Promise<void> {
    const wakeUp = new WakeUp();
    while (!stop.aborted) {
      try {
        await this.#leases.renew((part) => [...this.#busy.values()].some((user) => user.part === part));
        await dueRevisits(this.#options.state, this.#options.destination);
        this.wake();
      } catch (error) {
        this.#failed(error, "the leases could not be renewed");
      }
      await wakeUp.wait(Math.min(1000, this.#options.settings.leaseMs / 4), stop);
    }
  }

  #failed(error: unknown, what: string): void {
    const code = error instanceof AppError ? error.code : sqlState(error);
    const message = error instanceof Error ? error.message.slice(0, 200) : "unknown";
    this.#options.log.error({ destination: this.#options.destination, code, reason: message }, what);
  }

  /** Lanes with a free place: each always has one that the other cannot take. */
  #freeLanes(): readonly Lane[] {
    const { parallelRequests } = this.#options.settings;
    const running = [...this.#running.values()];
    if (running.length >= parallelRequests) return [];
    const most = Math.max(1, parallelRequests - 1);
    return LANE_NAMES.filter((lane) => running.filter((other) => other === lane).length < most);
  }

  async #startBatches(stop: AbortSignal, cut: AbortSignal): Promise<boolean> {
    const leases = this.#leases.held(this.#options.settings.requestTimeoutMs);
    const parts = leases.map(({ part }) => part);
    if (parts.length === 0) return false;
    let isStarted = false;
    for (const lane of this.#freeLanes()) {
      if (stop.aborted) break;
      // Every change of the live lane wakes the worker; the bulk lane, found empty, can wait a moment.
      if (lane === "bulk" && performance.now() < this.#bulkAt) continue;
      try {
        const claims = await this.#claim(lane, parts);
        if (claims.length === 0) {
          if (lane === "bulk") this.#bulkAt = performance.now() + this.#options.settings.pollMs;
          continue;
        }
        isStarted = true;
        this.#start({ claims, leases }, lane, cut);
      } catch (error) {
        this.#failed(error, "the marks could not be read");
        await this.#wakeUp.wait(ERROR_PAUSE_MS, stop);
      }
    }
    return isStarted;
  }

  /**
   * Users of the other lane's batches are few among the marks of this one: they are left out here, and not sent along with every question. Whoever
   * was busy when the question was asked is left out: the answer may be of before that batch's end.
   */
  async #claim(lane: Lane, parts: readonly number[]): Promise<readonly Claim[]> {
    const { settings, state, destination } = this.#options;
    const others = new Set<string>();
    const busy: string[] = [];
    for (const [userId, user] of this.#busy)
      if (user.lane === lane) busy.push(userId);
      else others.add(userId);
    const limit = lane === "live" ? settings.liveBatchUsers : settings.bulkBatchUsers;
    const dueFrom = this.#dueFrom[lane];
    const look = dueFrom.next();
    try {
      const found = await claimMarks(state, { destination, lane, parts, busy, limit, fromMs: look.fromMs });
      const claims = found.filter(({ userId }) => !others.has(userId));
      const leftOut = found.filter(({ userId }) => others.has(userId));
      dueFrom.saw(look, { claims, leftOut, isCut: found.length === limit });
      return claims;
    } catch (error) {
      dueFrom.failed();
      throw error;
    }
  }

  #start(batch: Batch, lane: Lane, cut: AbortSignal): void {
    const { claims } = batch;
    for (const { userId, part } of claims) this.#busy.set(userId, { part, lane });
    const work = this.#batches
      .run(batch, cut)
      .then(() => {
        this.#hasSchemaError = false;
      })
      .catch(async (error: unknown) => {
        this.#hasSchemaError = isSchemaError(error);
        this.#failed(error, "a batch failed; its marks stay");
        await sleep(ERROR_PAUSE_MS, undefined, { signal: cut }).catch(() => undefined);
      })
      .finally(() => {
        for (const { userId } of claims) this.#busy.delete(userId);
        for (const from of Object.values(this.#dueFrom)) from.ended(claims);
        this.#running.delete(work);
        this.wake();
      });
    this.#running.set(work, lane);
  }
}

/** Makes the worker of one destination. It does nothing before `run`. */
export function createWorker(options: WorkerOptions): Worker {
  return new SyncWorker(options);
}
