// One batch of marks, from reading to acknowledging: reads all users in one snapshot, plans the difference of each, sends, and writes down what was
// taken. A batch that fails anywhere leaves its marks; what may have been applied is noted before it is sent.
import { setTimeout as sleep } from "node:timers/promises";
import {
  type Clock,
  type Log,
  type Metrics,
  type Pace,
  type PlanLimits,
  type Provider,
  sendUpdates,
  type UserOutcome,
  type UserUpdate,
} from "../../core/index.ts";
import { type Database, sqlState } from "../database/database.ts";
import { keepOldIds, type OldIdHash } from "../ids/keep-old-ids.ts";
import { readErased } from "../operate/known-users.ts";
import { endIntent, markUnsure, noteIntent, noteUnsure } from "../state/doubt.ts";
import type { Lease, Leases } from "../state/leases.ts";
import type { Claim } from "../state/marks.ts";
import { type AckContext, type Acknowledged, acknowledge, settle, type Story } from "./acknowledge.ts";
import type { FaultPoint } from "./fault-point.ts";
import { type PlannedUpdate, planUpdate, updateItems, type UpdateRules } from "./plan-update.ts";
import { noteQuarantine, type Quarantined, releaseQuarantine } from "./quarantine.ts";
import { type BatchRead, readBatch } from "./read-batch.ts";
import type { ReadState } from "./read-state.ts";
import { planRevisits } from "./revisits.ts";
import { Answers, type Told } from "./answers.ts";
import type { SyncSettings } from "./settings.ts";

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

export interface BatchOptions {
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
  readonly settings: SyncSettings;
  /** Keyed hash of old ids; absent: none are kept. */
  readonly oldIdHash?: OldIdHash | undefined;
  /** What was acknowledged, for a terminal. */
  readonly onAcknowledged?: (updates: readonly AcknowledgedNotice[]) => void;
  /** Tests end the process at a named point. */
  readonly at?: FaultPoint;
}

/** Marks taken up together, under the leases of that moment: an acknowledgement under later ones would not be fenced. */
export interface Batch {
  readonly claims: readonly Claim[];
  readonly leases: readonly Lease[];
}

/** What all batches of a worker share. */
export interface BatchShared {
  readonly owner: string;
  readonly leases: Leases;
  readonly pace: Pace;
}

interface Pending {
  readonly claim: Claim;
  readonly update: Extract<PlannedUpdate, { readonly kind: "send" }>;
}
interface Delivery {
  readonly pending: readonly Pending[];
  readonly read: ReadState;
  readonly leases: readonly Lease[];
}

const DOUBT_RETRY_MS = 500;

export class BatchRunner {
  readonly #options: BatchOptions;
  readonly #owner: string;
  readonly #leases: Leases;
  readonly #pace: Pace;

  constructor(options: BatchOptions, { owner, leases, pace }: BatchShared) {
    this.#options = options;
    this.#owner = owner;
    this.#leases = leases;
    this.#pace = pace;
  }

  /** Reads, plans, sends and acknowledges. Requests under way are cut by `cut`. */
  async run(batch: Batch, cut: AbortSignal): Promise<void> {
    const { at, source, state, rules } = this.#options;
    const { leases } = batch;
    const allowed = await this.#withoutErased(batch);
    const read = await readBatch(source, rules.mapping, allowed);
    await keepOldIds({ ...this.#options, mapping: rules.mapping }, allowed);
    await at?.("after-read");
    await planRevisits(state, {
      read,
      claims: allowed,
      mapping: rules.mapping,
      destination: this.#options.destination,
    });
    const { unchanged, pending } = await this.#plan(allowed, read);
    if (unchanged.length > 0) await settle(this.#context(), leases, unchanged);
    if (pending.length > 0) await this.#deliver({ pending, read, leases }, cut);
  }

  #context(): AckContext {
    return { database: this.#options.state, destination: this.#options.destination, owner: this.#owner };
  }

  /** Ids on the list of erasures are not read and not sent; their marks go. */
  async #withoutErased({ claims, leases }: Batch): Promise<readonly Claim[]> {
    const ids = claims.map(({ userId }) => userId);
    const erased = await readErased(this.#options, this.#options.destination, ids);
    if (erased.size === 0) return claims;
    await settle(
      this.#context(),
      leases,
      claims.filter(({ userId }) => erased.has(userId)),
    );
    return claims.filter(({ userId }) => !erased.has(userId));
  }

  async #plan(
    claims: readonly Claim[],
    read: BatchRead,
  ): Promise<{ readonly unchanged: readonly Claim[]; readonly pending: readonly Pending[] }> {
    const unchanged: Claim[] = [];
    const pending: Pending[] = [];
    const refusals: Quarantined[] = [];
    const well: string[] = [];
    for (const claim of claims) {
      const { userId } = claim;
      const planned = this.#planUser(claim, read);
      const [refusal] = planned.kind === "poison" ? [{ name: "", reason: planned.reason }] : planned.refused;
      if (refusal) refusals.push({ userId, refusal });
      // One that the destination refused as a whole is well only when the destination says so.
      else if (
        claim.quarantined === "property" ||
        (claim.quarantined === "user" && planned.kind === "unchanged")
      )
        well.push(userId);
      if (planned.kind === "send") pending.push({ claim, update: planned });
      else unchanged.push(claim);
    }
    await this.#quarantine(refusals);
    await releaseQuarantine(this.#options.state, this.#options.destination, well);
    return { unchanged, pending };
  }

  #planUser(claim: Claim, read: BatchRead): PlannedUpdate {
    const { userId, sets } = claim;
    const state = read.users.get(userId);
    if (state) return planUpdate(userId, { state, sets, known: claim }, this.#options.rules);
    return { kind: "poison", reason: `its state cannot be read (${read.unreadable.get(userId) ?? ""})` };
  }

  /** Notes what could not be sent. It is tried again when the user is marked again. */
  async #quarantine(found: readonly Quarantined[]): Promise<void> {
    const { state, destination, metrics, log } = this.#options;
    await noteQuarantine(state, destination, found);
    for (const { refusal } of found) {
      const kind = refusal.name === "" ? "user" : "property";
      metrics.count("plumbline_people_quarantined_total", { destination, kind });
      log.warn(
        { destination, reason: refusal.reason, property: refusal.name },
        "a value stays behind in quarantine",
      );
    }
  }

  async #deliver(delivery: Delivery, cut: AbortSignal): Promise<void> {
    const { state, destination } = this.#options;
    const userIds = delivery.pending.map(({ claim }) => claim.userId);
    const intent = await noteIntent(state, { destination, owner: this.#owner, userIds });
    const sent = { isSent: false };
    try {
      await this.#send(delivery, sent, cut);
      await endIntent(state, intent);
    } catch (error) {
      await this.#doubt(intent, sent.isSent ? userIds : [], cut);
      throw error;
    }
    await this.#options.at?.("after-ack");
  }

  async #send(
    { pending, read, leases }: Delivery,
    sent: { isSent: boolean },
    cut: AbortSignal,
  ): Promise<void> {
    const { at, provider, settings, metrics, clock, destination } = this.#options;
    await at?.("before-send");
    const readAtMs = clock.now();
    let sentAtMs = readAtMs;
    const answers = new Answers<Pending>();
    const parts = new Set(pending.map(({ claim }) => claim.part));
    const mine = leases.filter(({ part }) => parts.has(part));
    const updates = pending.map(
      (user): UserUpdate<Pending> => ({
        user,
        items: updateItems(user.update),
        // Who was refused before goes alone, and spoils nobody else's request.
        isAlone: user.claim.quarantined === "user",
      }),
    );
    await sendUpdates(
      updates,
      {
        provider,
        signal: () => AbortSignal.any([cut, AbortSignal.timeout(settings.requestTimeoutMs)]),
        mayGo: async (count) => {
          // Before the wait, and after it: the destination may have asked for a pause in which the leases went.
          if (!this.#isHeld(mine) || !(await this.#pace.turn(count, cut)) || !this.#isHeld(mine))
            return false;
          sent.isSent = true;
          sentAtMs = clock.now();
          return true;
        },
        onRequest: (outcome, count) => {
          metrics.count("plumbline_people_requests_total", { destination, outcome });
          if (outcome === "accepted") metrics.count("plumbline_people_updates_total", { destination }, count);
        },
      },
      (told, outcome) => {
        answers.add(
          told.map(({ user }) => user),
          outcome,
        );
        this.#tellPace(outcome, sentAtMs);
      },
    );
    if (sent.isSent) await at?.("after-send");
    await this.#acknowledge(answers.accepted, { read, readAtMs, leases });
    await this.#refused(answers.refused, leases);
    await this.#markUnsure(answers.unknown, settings.settleMs);
    await this.#markUnsure(answers.doubtful, 0);
  }

  /** A lease that might pass before the answer is no lease. */
  #isHeld(leases: readonly Lease[]): boolean {
    const held = this.#leases.held(this.#options.settings.requestTimeoutMs);
    const epochs = new Map(held.map(({ part, epoch }) => [part, epoch]));
    return leases.every(({ part, epoch }) => epochs.get(part) === epoch);
  }

  async #markUnsure(found: readonly Told<Pending>[], settleMs: number): Promise<void> {
    const { state, destination } = this.#options;
    if (found.length === 0) return;
    const userIds = found.map(({ user }) => user.claim.userId);
    const cause = found[0]?.message ?? "";
    await state.transaction((tx) => markUnsure(tx, { destination, userIds, cause, settleMs }));
  }

  /**
   * The state could not be written, and what the destination holds is not what stands there. Nothing else happens to these users before that is
   * noted; when the process ends first, the intent says it.
   */
  async #doubt(intent: string, userIds: readonly string[], cut: AbortSignal): Promise<void> {
    const { state, destination, settings, log } = this.#options;
    const cause = "what was answered could not be written down";
    while (!cut.aborted)
      try {
        await state.transaction(async (tx) => {
          await markUnsure(tx, { destination, userIds, cause, settleMs: settings.settleMs });
          await endIntent(tx, intent);
        });
        return;
      } catch (error) {
        log.warn({ destination, code: sqlState(error) }, "a doubt could not be noted; tried again");
        await sleep(DOUBT_RETRY_MS, undefined, { signal: cut }).catch(() => undefined);
      }
  }

  #tellPace(outcome: UserOutcome, sentAt: number): void {
    if (outcome.kind === "accepted") this.#pace.succeeded();
    else if (outcome.kind === "later" && outcome.reason.startsWith("status"))
      this.#pace.failed(outcome.reason, sentAt, outcome.retryAfterMs);
    else if (outcome.kind === "unknown") this.#pace.failed(outcome.message, sentAt);
    else if (outcome.kind === "unauthorized") this.#pace.unauthorized(outcome.message);
  }

  /** The marks go, the reasons stay until the users change. A part of an update may have been stored: the next one is a whole one. */
  async #refused(refused: readonly Told<Pending>[], leases: readonly Lease[]): Promise<void> {
    if (refused.length === 0) return;
    const { at, state, destination } = this.#options;
    const found = refused.map(({ user, message }) => ({
      userId: user.claim.userId,
      refusal: { name: "", reason: `refused by the destination: ${message}` },
    }));
    await this.#quarantine(found);
    await noteUnsure(state, {
      destination,
      userIds: found.map(({ userId }) => userId),
      cause: "refused by the destination, in parts perhaps",
    });
    await at?.("after-refusal");
    await settle(
      this.#context(),
      leases,
      refused.map(({ user }) => user.claim),
    );
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
    const readAt = new Date(readAtMs).toISOString();
    const answeredAt = new Date(now).toISOString();
    const done = accepted.map(({ claim, update }): Acknowledged => {
      const story: Story = {
        cause: claim.cause,
        markedAt: new Date(claim.firstAtMs).toISOString(),
        readAt,
        readPosition: read.position,
        set: Object.keys(update.set),
        unset: update.unset,
        isDelete: update.isDelete,
        answer: "accepted",
        answeredAt,
      };
      return { claim, prints: update.prints, story };
    });
    await at?.("before-ack");
    const written = await acknowledge(this.#context(), leases, done);
    const released = done.filter(({ claim }) => claim.quarantined === "user" && written.has(claim.userId));
    await releaseQuarantine(
      state,
      destination,
      released.map(({ claim }) => claim.userId),
    );
    const lost = accepted.filter(({ claim }) => !written.has(claim.userId));
    const message = "the lease had passed when the answer came";
    await this.#markUnsure(
      lost.map((user) => ({ user, message })),
      settings.settleMs,
    );
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
