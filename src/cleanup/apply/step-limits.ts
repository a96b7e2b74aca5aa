// The provider's limits as one thing: budgets of an hour that survive the process, a rate of updates, and the pauses that its answers ask for.
// States of each kind: free → held (budget used up, or "not now") → free. Held longer than the command may wait: an error that says until when.
import { AppError, type Clock, Pace } from "../../core/index.ts";
import type { NotNow, RequestKind, StepLimits } from "./executor.ts";
import type { RequestBudget } from "./request-budget.ts";

export interface LimitSettings {
  readonly budgets: Readonly<Partial<Record<RequestKind, RequestBudget>>>;
  readonly updatesPerSecond: number | undefined;
  /** Absent: as fast as they are answered. */
  readonly exportsPerSecond?: number | undefined;
  /** First pause after "not now", and the longest; it doubles. */
  readonly backoffMs: number;
  readonly backoffMaxMs: number;
  /** Longest time that the command may wait for one request. */
  readonly waitMaxMs: number;
  readonly clock: Clock;
  readonly random: () => number;
  readonly signal: AbortSignal;
  /** Told when a wait is long enough that a person should know. */
  readonly onWait: (kind: RequestKind, waitMs: number) => void;
}

/** Defaults of {@link LimitSettings}. Source (read 2026-11): Mixpanel "Import Events": 2 s, doubling to 60 s. */
export const BACKOFF_DEFAULTS = { backoffMs: 2000, backoffMaxMs: 60_000 } as const;

/** So many requests may break in a row, each by itself, before all are held. */
const BROKEN_ALONE_MAX = 3;
const TOLD_FROM_MS = 5000;
const LOOK_EVERY_MS = 500;
const KINDS: readonly RequestKind[] = ["query", "export", "update", "app"];

/** Sleeps; the signal ends it early. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    }
    signal.addEventListener("abort", done, { once: true });
  });
}

function tooLong(kind: RequestKind, ms: number, reason: string): AppError {
  const minutes = Math.max(1, Math.ceil(ms / 60_000));
  return new AppError(
    "CLEANUP_WAIT_TOO_LONG",
    `Cannot send the next ${kind} request for ${minutes} minutes: ${reason}`,
  );
}

/** Makes the limits of one destination. */
export function makeStepLimits(settings: LimitSettings): StepLimits {
  const { budgets, clock, random, signal, waitMaxMs, onWait } = settings;
  const pace = (rate?: number): Pace =>
    new Pace(
      {
        backoffMs: settings.backoffMs,
        backoffMaxMs: settings.backoffMaxMs,
        unauthorizedPauseMs: 0,
        ...(rate === undefined ? {} : { eventsPerSecond: rate }),
      },
      clock,
      random,
    );
  const rates: Readonly<Partial<Record<RequestKind, number | undefined>>> = {
    update: settings.updatesPerSecond,
    export: settings.exportsPerSecond,
  };
  const paces = new Map(KINDS.map((kind) => [kind, pace(rates[kind])]));
  /** Since when a kind has not had a single good answer. */
  const busySince = new Map<RequestKind, number>();
  /** Requests that broke since the last good answer. */
  const brokenInRow = new Map<RequestKind, number>();

  function busy(kind: RequestKind, { message, sentAt, retryAfterMs = 0 }: NotNow): void {
    noteBusy(kind, { message, sentAt });
    if (retryAfterMs > waitMaxMs) throw tooLong(kind, retryAfterMs, message);
    paces.get(kind)?.failed(message, sentAt, retryAfterMs);
    if (retryAfterMs > TOLD_FROM_MS) onWait(kind, retryAfterMs);
  }

  function noteBusy(kind: RequestKind, { message, sentAt }: NotNow): void {
    const since = busySince.get(kind) ?? sentAt;
    busySince.set(kind, since);
    if (clock.now() - since > waitMaxMs) throw tooLong(kind, settings.backoffMaxMs, message);
  }

  async function waitForBudget(kind: RequestKind, budget: RequestBudget): Promise<void> {
    for (let waitMs = budget.waitMs(); waitMs > 0 && !signal.aborted; waitMs = budget.waitMs()) {
      if (waitMs > waitMaxMs) throw tooLong(kind, waitMs, "the limit of an hour is used up");
      if (waitMs > TOLD_FROM_MS) onWait(kind, waitMs);
      await pause(Math.min(waitMs, LOOK_EVERY_MS), signal);
    }
  }

  return {
    turn: async (kind, count) => {
      const budget = budgets[kind];
      if (budget) await waitForBudget(kind, budget);
      if (!(await paces.get(kind)?.turn(kind in rates ? count : 0, signal))) return false;
      budget?.take();
      return true;
    },
    succeeded: (kind) => {
      busySince.delete(kind);
      brokenInRow.delete(kind);
      paces.get(kind)?.succeeded();
    },
    busy,
    broke: (kind, told) => {
      const inRow = (brokenInRow.get(kind) ?? 0) + 1;
      brokenInRow.set(kind, inRow);
      if (inRow > BROKEN_ALONE_MAX) {
        busy(kind, told);
        return 0;
      }
      noteBusy(kind, told);
      return settings.backoffMs * (1 - random() / 2);
    },
  };
}
