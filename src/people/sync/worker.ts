// Marks → read → difference → destination, for one destination. States: waiting (nothing due, or the destination asked for a pause) →
// working (up to `parallelRequests` batches, each user in at most one of them) → stopped. A crash at any point leaves the marks.
import { randomUUID } from "node:crypto";
import {
  AppError,
  type Clock,
  type Log,
  type Metrics,
  Pace,
  type PaceState,
  type PlanLimits,
  type Provider,
  WakeUp,
} from "../../core/index.ts";
import type { Database } from "../database/database.ts";
import { sqlState } from "../database/database.ts";
import { type Lease, Leases, markUnsure } from "../state/leases.ts";
import { type Claim, claimMarks, type Lane } from "../state/marks.ts";
import { type Acknowledged, acknowledge, settle, type Story } from "./acknowledge.ts";
import type { FaultPoint } from "./fault-point.ts";
import { hashId } from "./fingerprint.ts";
import {
  type PlannedUpdate,
  planUpdate,
  type Refusal,
  updateItems,
  type UpdateRules,
} from "./plan-update.ts";
import { readState, type ReadState } from "./read-state.ts";
import { dueRevisits, planRevisits } from "./revisits.ts";
import { sendUpdates, type UserOutcome, type UserUpdate } from "./send-updates.ts";
import type { SyncSettings } from "./settings.ts";

export interface WorkerOptions {
  readonly destination: string;
  readonly provider: Provider;
  readonly limits: Pick<PlanLimits, "stringMaxBytes" | "listItemsMax">;
  /** Where the application's tables are. */
  readonly source: Database;
  /** Where the schema `plumbline` is. */
  readonly state: Database;
  readonly rules: UpdateRules;
  /** Key of the list of ids that must not come back. */
  readonly key: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly random: () => number;
  readonly settings: SyncSettings;
  /** What was acknowledged, for a terminal. */
  readonly onAcknowledged?: (updates: readonly AcknowledgedNotice[]) => void;
  /** Tests end the process at a named point. */
  readonly at?: FaultPoint;
}

/** One profile that a destination has acknowledged. */
export interface AcknowledgedNotice {
  readonly destination: string;
  readonly userId: string;
  readonly set: readonly string[];
  readonly unset: readonly string[];
  readonly isDelete: boolean;
  readonly cause: string;
  /** From the first change that was noted to the destination's yes. */
  readonly lagMs: number;
  readonly at: number;
}

export interface WorkerState {
  readonly destination: string;
  readonly owner: string;
  readonly partitions: number;
  readonly busyUsers: number;
  readonly pace: PaceState;
}

export interface Worker {
  run(stop: AbortSignal): Promise<void>;
  wake(): void;
  /** From now on this mapping holds. */
  setRules(rules: UpdateRules): void;
  resume(): void;
  state(): WorkerState;
}

type Send = Extract<PlannedUpdate, { readonly kind: "send" }>;
interface Pending {
  readonly claim: Claim;
  readonly update: Send;
}

/** Marks taken up together, under the leases of that moment: an acknowledgement under later ones would not be fenced. */
interface Batch {
  readonly claims: readonly Claim[];
  readonly leases: readonly Lease[];
}
interface Delivery {
  readonly pending: readonly Pending[];
  readonly read: ReadState;
  readonly leases: readonly Lease[];
}

const ERROR_PAUSE_MS = 500;
const LANE_NAMES: readonly Lane[] = ["live", "bulk"];

class SyncWorker implements Worker {
  readonly #options: WorkerOptions;
  readonly #owner = randomUUID();
  readonly #leases: Leases;
  readonly #pace: Pace;
  readonly #wakeUp = new WakeUp();
  readonly #busy = new Map<string, number>();
  readonly #running = new Map<Promise<void>, Lane>();
  #rules: UpdateRules;

  constructor(options: WorkerOptions) {
    this.#options = options;
    this.#rules = options.rules;
    this.#pace = new Pace(options.settings, options.clock, options.random);
    const { leaseMs, settleMs } = options.settings;
    this.#leases = new Leases(options.state, {
      destination: options.destination,
      owner: this.#owner,
      settings: { leaseMs, settleMs },
    });
  }

  wake(): void {
    this.#wakeUp.wake();
  }

  setRules(rules: UpdateRules): void {
    this.#rules = rules;
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
        const started = await this.#startBatches(stop, cut.signal);
        if (!started) await this.#rest(stop);
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
        await this.#leases.renew((part) => [...this.#busy.values()].includes(part));
        await dueRevisits(this.#options.state, [this.#options.destination]);
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
    const { settings, state, destination } = this.#options;
    const leases = this.#leases.held(settings.requestTimeoutMs);
    const parts = leases.map(({ part }) => part);
    if (parts.length === 0) return false;
    let isStarted = false;
    for (const lane of this.#freeLanes()) {
      if (stop.aborted) break;
      try {
        const claims = await claimMarks(state, {
          destination,
          lane,
          parts,
          busy: [...this.#busy.keys()],
          limit: lane === "live" ? settings.liveBatchUsers : settings.bulkBatchUsers,
        });
        if (claims.length === 0) continue;
        isStarted = true;
        this.#start({ claims, leases }, lane, cut);
      } catch (error) {
        this.#failed(error, "the marks could not be read");
        await this.#wakeUp.wait(ERROR_PAUSE_MS, stop);
      }
    }
    return isStarted;
  }

  #start(batch: Batch, lane: Lane, cut: AbortSignal): void {
    const { claims } = batch;
    for (const { userId, part } of claims) this.#busy.set(userId, part);
    const work = this.#batch(batch, cut)
      .catch((error: unknown) => this.#failed(error, "a batch failed; its marks stay"))
      .finally(() => {
        for (const { userId } of claims) this.#busy.delete(userId);
        this.#running.delete(work);
        this.wake();
      });
    this.#running.set(work, lane);
  }

  async #batch(batch: Batch, cut: AbortSignal): Promise<void> {
    const { at, source, state } = this.#options;
    const rules = this.#rules;
    const { leases } = batch;
    const allowed = await this.#withoutErased(batch);
    const sets = allowed.reduce((bits, claim) => bits | claim.sets, 0n);
    const read = await readState(source, rules.mapping, {
      userIds: allowed.map(({ userId }) => userId),
      sets,
    });
    await at?.("after-read");
    await planRevisits(state, { read, claims: allowed, mapping: rules.mapping });
    const { unchanged, pending } = await this.#plan(allowed, read, rules);
    if (unchanged.length > 0) await settle(this.#context(), leases, unchanged);
    if (pending.length > 0) await this.#deliver({ pending, read, leases }, cut);
  }

  #context() {
    return { database: this.#options.state, destination: this.#options.destination, owner: this.#owner };
  }

  /** Ids on the list of erasures are not read and not sent; their marks go. */
  async #withoutErased({ claims, leases }: Batch): Promise<readonly Claim[]> {
    const { state, destination, key } = this.#options;
    const rows = await state.query(
      "select id_hash from plumbline.erasures where destination = $1",
      [destination],
      "plumbline-erased",
    );
    if (rows.length === 0) return claims;
    const erased = new Set(rows.map(({ id_hash: hash }) => hash));
    const gone = claims.filter(({ userId }) => erased.has(hashId(key, userId)));
    if (gone.length === 0) return claims;
    await settle(this.#context(), leases, gone);
    return claims.filter((claim) => !gone.includes(claim));
  }

  async #plan(
    claims: readonly Claim[],
    read: ReadState,
    rules: UpdateRules,
  ): Promise<{ readonly unchanged: readonly Claim[]; readonly pending: readonly Pending[] }> {
    const unchanged: Claim[] = [];
    const pending: Pending[] = [];
    for (const claim of claims) {
      const user = read.users.get(claim.userId);
      if (!user) continue;
      const planned = planUpdate(claim.userId, { state: user, sets: claim.sets, known: claim }, rules);
      if (planned.kind === "poison") {
        await this.#quarantine(claim, { name: "", reason: planned.reason });
        unchanged.push(claim);
        continue;
      }
      const [refused] = planned.refused;
      if (refused) await this.#quarantine(claim, refused);
      if (planned.kind === "unchanged") unchanged.push(claim);
      else pending.push({ claim, update: planned });
    }
    return { unchanged, pending };
  }

  /** Notes what could not be sent. It is tried again when the user changes. */
  async #quarantine(claim: Claim, refused: Refusal): Promise<void> {
    const { state, destination, metrics, log } = this.#options;
    const property = refused.name === "" ? null : refused.name;
    await state.query(
      `insert into plumbline.quarantine (destination, user_id, reason, property) values ($1, $2, $3, $4)
       on conflict (destination, user_id) do update set reason = excluded.reason, property = excluded.property, at = clock_timestamp()`,
      [destination, claim.userId, refused.reason, property],
      "plumbline-quarantine",
    );
    metrics.count("plumbline_people_quarantined_total", {
      destination,
      kind: property === null ? "user" : "property",
    });
    log.warn(
      { destination, reason: refused.reason, property: property ?? "(all)" },
      "a value stays behind in quarantine",
    );
  }

  async #deliver({ pending, read, leases }: Delivery, cut: AbortSignal): Promise<void> {
    const { at, state, destination, provider, settings, metrics, clock } = this.#options;
    const ids = pending.map(({ claim }) => claim.userId);
    const [intent] = await state.query(
      "insert into plumbline.intents (destination, owner, user_ids) values ($1, $2, $3) returning id::text as id",
      [destination, this.#owner, ids],
      "plumbline-intent",
    );
    await at?.("before-send");
    const readAtMs = clock.now();
    const accepted: Pending[] = [];
    const unknown: { readonly pending: Pending; readonly message: string }[] = [];
    const signal = AbortSignal.any([cut, AbortSignal.timeout(settings.requestTimeoutMs)]);
    const updates = pending.map((user): UserUpdate<Pending> => ({ user, items: updateItems(user.update) }));
    let isSent = false;
    const refusals: (() => Promise<void>)[] = [];
    await sendUpdates(
      updates,
      {
        provider,
        signal,
        mayGo: async (count) => {
          // A lease that might pass before the answer is no lease.
          const held = new Map(
            this.#leases.held(settings.requestTimeoutMs).map(({ part, epoch }) => [part, epoch]),
          );
          if (cut.aborted || !leases.every(({ part, epoch }) => held.get(part) === epoch)) return false;
          const mayGo = count === 0 || (await this.#pace.turn(count, cut));
          isSent ||= mayGo;
          return mayGo;
        },
        onRequest: (outcome, count) => {
          metrics.count("plumbline_people_requests_total", { destination, outcome });
          if (outcome === "accepted") metrics.count("plumbline_people_updates_total", { destination }, count);
        },
      },
      (told, outcome) => {
        for (const { user } of told) {
          if (outcome.kind === "accepted") accepted.push(user);
          else if (outcome.kind === "unknown") unknown.push({ pending: user, message: outcome.message });
          else if (outcome.kind === "refused")
            refusals.push(() => this.#refused(user, outcome.message, leases));
        }
        this.#tellPace(outcome, readAtMs);
      },
    );
    if (isSent) await at?.("after-send");
    await this.#acknowledge(accepted, { read, readAtMs, leases });
    for (const refusal of refusals) await refusal();
    await markUnsure(state, {
      destination,
      userIds: unknown.map((one) => one.pending.claim.userId),
      cause: `no answer: ${unknown[0]?.message ?? ""}`,
      settleMs: settings.settleMs,
    });
    await state.query(
      "delete from plumbline.intents where id = $1::bigint",
      [intent?.["id"]],
      "plumbline-intent-done",
    );
    await at?.("after-ack");
  }

  #tellPace(outcome: UserOutcome, sentAt: number): void {
    if (outcome.kind === "accepted") this.#pace.succeeded();
    else if (outcome.kind === "later" && outcome.reason.startsWith("status"))
      this.#pace.failed(outcome.reason, sentAt, outcome.retryAfterMs);
    else if (outcome.kind === "unknown") this.#pace.failed(outcome.message, sentAt);
    else if (outcome.kind === "unauthorized") this.#pace.unauthorized(outcome.message);
  }

  /** Nothing of it was stored: the mark goes, the reason stays until the user changes. */
  async #refused({ claim }: Pending, message: string, leases: readonly Lease[]): Promise<void> {
    await this.#quarantine(claim, { name: "", reason: `refused by the destination: ${message}` });
    await settle(this.#context(), leases, [claim]);
  }

  async #acknowledge(
    accepted: readonly Pending[],
    {
      read,
      readAtMs,
      leases,
    }: { readonly read: ReadState; readonly readAtMs: number; readonly leases: readonly Lease[] },
  ): Promise<void> {
    if (accepted.length === 0) return;
    const { at, state, destination, clock, metrics, settings, onAcknowledged } = this.#options;
    const now = clock.now();
    const done = accepted.map(({ claim, update }): Acknowledged => {
      const story: Story = {
        cause: claim.cause,
        markedAt: new Date(claim.firstAtMs).toISOString(),
        readAt: new Date(readAtMs).toISOString(),
        readPosition: read.position,
        set: Object.keys(update.set),
        unset: update.unset,
        isDelete: update.isDelete,
        answer: "accepted",
        answeredAt: new Date(now).toISOString(),
      };
      return { claim, prints: update.prints, story };
    });
    await at?.("before-ack");
    const written = await acknowledge(this.#context(), leases, done);
    const lost = done.filter(({ claim }) => !written.has(claim.userId)).map(({ claim }) => claim.userId);
    await markUnsure(state, {
      destination,
      userIds: lost,
      cause: "the lease had passed when the answer came",
      settleMs: settings.settleMs,
    });
    for (const { claim } of done)
      if (claim.lane === "live")
        metrics.observe(
          "plumbline_people_lag_seconds",
          { destination },
          Math.max(0, now - claim.firstAtMs) / 1000,
        );
    onAcknowledged?.(
      done.map(({ claim, story }) => ({
        destination,
        userId: claim.userId,
        set: story.set,
        unset: story.unset,
        isDelete: story.isDelete,
        cause: claim.cause,
        lagMs: now - claim.firstAtMs,
        at: now,
      })),
    );
  }
}

/** Makes the worker of one destination. It does nothing before `run`. */
export function createWorker(options: WorkerOptions): Worker {
  return new SyncWorker(options);
}
