// Sends absolute updates until each is taken or refused: "not now" and an unknown outcome are sent again, which an absolute update may be.
import { AppError, sendUpdates, type UserOutcome, type UserUpdate } from "../../core/index.ts";
import { stoppedError } from "../apply/ask-provider.ts";
import type { StepContext } from "../apply/executor.ts";
import { pause } from "../apply/step-limits.ts";
import type { BatchResult } from "./run-batches.ts";

/** Updates of one profile, and its offset in the batch. */
export type OffsetUpdate = UserUpdate<number>;

type SendContext = Pick<StepContext, "provider" | "step" | "limits" | "clock" | "signal">;

/** What came back of one go, sorted. */
class Answers {
  accepted = 0;
  readonly refused: [number, string][] = [];
  readonly again: OffsetUpdate[] = [];
  reason: string | undefined;
  retryAfterMs = 0;
  /** No answer, or one that says nothing of how much may be sent: a connection that was cut, a gateway's 503. */
  isBroken = false;

  add(updates: readonly OffsetUpdate[], outcome: UserOutcome): void {
    switch (outcome.kind) {
      case "accepted":
        this.accepted += updates.length;
        return;
      case "refused":
        this.refused.push(...updates.map(({ user }): [number, string] => [user, outcome.message]));
        return;
      case "later":
        this.again.push(...updates);
        if (this.reason === undefined) this.isBroken = outcome.isDoubtful && outcome.retryAfterMs === 0;
        this.reason ??= outcome.reason;
        this.retryAfterMs = Math.max(this.retryAfterMs, outcome.retryAfterMs);
        return;
      case "unknown":
        this.again.push(...updates);
        if (this.reason === undefined) this.isBroken = true;
        this.reason ??= outcome.message;
        return;
      case "unauthorized":
        throw new AppError("CLEANUP_REFUSED", `Cannot change profiles: ${outcome.message}`);
    }
  }
}

/** A request that is under way is never cut: its outcome would be unknown. The provider has its own time-out. */
const NEVER = new AbortController().signal;

/**
 * Sends all of them.
 *
 * @throws {AppError} `CLEANUP_REFUSED`, `CLEANUP_STOPPED`, `CLEANUP_WAIT_TOO_LONG`.
 */
export async function sendChanges(
  context: SendContext,
  updates: readonly OffsetUpdate[],
): Promise<Pick<BatchResult, "changed" | "failed" | "requests">> {
  const { provider, step, limits, clock, signal } = context;
  const failed: [number, string][] = [];
  let [changed, requests] = [0, 0];
  for (let waiting = updates; waiting.length > 0; ) {
    const answers = new Answers();
    let sentAt = clock.now();
    await sendUpdates(
      waiting,
      {
        provider,
        kind: step.group === undefined ? "user" : "group",
        signal: () => NEVER,
        mayGo: async (count) => {
          const may = await limits.turn("update", count);
          sentAt = clock.now();
          return may;
        },
        onRequest: (outcome) => {
          requests += 1;
          if (outcome === "accepted") limits.succeeded("update");
        },
      },
      (some, outcome) => answers.add(some, outcome),
    );
    changed += answers.accepted;
    failed.push(...answers.refused);
    waiting = answers.again;
    if (waiting.length === 0) break;
    if (signal.aborted) throw stoppedError();
    const { reason = "no answer", retryAfterMs } = answers;
    const told = { message: reason, sentAt, retryAfterMs };
    if (answers.isBroken) await pause(limits.broke("update", told), signal);
    else limits.busy("update", told);
  }
  return { changed, failed, requests };
}
