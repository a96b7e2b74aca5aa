// A question to the provider within its limits, asked again while it answers "not now". Questions change nothing, so they may be repeated.
import { AppError, type ProfileAnswer } from "../../core/index.ts";
import type { RequestKind, StepContext } from "./executor.ts";

/** The error of work that was told to stop: what it did is journaled. */
export function stoppedError(): AppError {
  return new AppError("CLEANUP_STOPPED", "Cannot go on: the command was told to stop");
}

/**
 * Asks until there is an answer.
 *
 * @throws {AppError} `CLEANUP_REFUSED` when the provider will not answer, `CLEANUP_STOPPED`, `CLEANUP_WAIT_TOO_LONG`.
 */
export async function askProvider<T>(
  { limits, clock, signal }: Pick<StepContext, "limits" | "clock" | "signal">,
  kind: RequestKind,
  ask: () => Promise<ProfileAnswer<T>>,
): Promise<T> {
  for (;;) {
    if (!(await limits.turn(kind, 1))) throw stoppedError();
    const sentAt = clock.now();
    const answer = await ask();
    if (answer.kind === "answer") {
      limits.succeeded(kind);
      return answer.value;
    }
    if (answer.kind === "refused")
      throw new AppError("CLEANUP_REFUSED", `Cannot read from the provider: ${answer.message}`);
    if (signal.aborted) throw stoppedError();
    const { message, retryAfterMs } = answer;
    limits.busy(kind, { message, sentAt, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) });
  }
}
