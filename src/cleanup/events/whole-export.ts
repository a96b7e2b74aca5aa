// An export that comes whole, or is asked for again from its beginning: half of one is never taken for all of it. "Not now" is waited for as long as
// the command may wait; one that breaks off again and again ends the work, which goes on with it the next time.
import { AppError, type ExportWindow } from "../../core/index.ts";
import { EventLines } from "../../infer/index.ts";
import { stoppedError } from "../apply/ask-provider.ts";
import type { StepContext } from "../apply/executor.ts";

/** So many times in a row an export may break off. */
const TRIES_MAX = 5;
const TOO_MANY = 429;
const SERVER_ERROR = 500;

type Exported = Parameters<ConstructorParameters<typeof EventLines>[0]>[0];

/** What an answer that is no export means: that it was too early, that it broke off, or that there will be none. */
function meaningOf(error: unknown): "not now" | "broken off" | "refused" {
  if (!(error instanceof AppError) || error.code !== "EXPORT_REFUSED") return "refused";
  const { status } = error.details;
  if (typeof status !== "number" || status >= SERVER_ERROR) return "broken off";
  return status === TOO_MANY ? "not now" : "refused";
}

/**
 * Asks for an export until it comes whole, within the limits.
 *
 * @param read Asks for it and reads it. It is called anew each time, and has to begin with nothing.
 * @throws {AppError} `EXPORT_REFUSED`, `CLEANUP_STOPPED`, `CLEANUP_WAIT_TOO_LONG`, and whatever else `read` throws.
 */
export async function wholeExport<T>(
  { limits, clock, signal }: Pick<StepContext, "limits" | "clock" | "signal">,
  read: () => Promise<T>,
): Promise<T> {
  for (let broken = 0; ; ) {
    if (!(await limits.turn("export", 1))) throw stoppedError();
    const sentAt = clock.now();
    try {
      const whole = await read();
      limits.succeeded("export");
      return whole;
    } catch (error) {
      if (signal.aborted) throw stoppedError();
      const meaning = meaningOf(error);
      if (!(error instanceof AppError) || meaning === "refused") throw error;
      if (meaning === "broken off") broken += 1;
      if (broken >= TRIES_MAX) throw error;
      const { retryAfterMs } = error.details;
      limits.busy("export", {
        message: error.message,
        sentAt,
        ...(typeof retryAfterMs === "number" ? { retryAfterMs } : {}),
      });
    }
  }
}

/**
 * Hands on the events of one export; to be called within {@link wholeExport}.
 *
 * @throws {AppError} `EXPORT_REFUSED` also for lines that are no events.
 */
export async function eachExported(
  { reader, signal }: Pick<StepContext, "reader" | "signal">,
  window: ExportWindow,
  onEvent: (event: Exported) => void,
): Promise<void> {
  const lines = new EventLines(onEvent);
  for await (const bytes of reader.events(window, { signal }))
    lines.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
  lines.end();
  if (lines.brokenOff || lines.unreadable > 0)
    throw new AppError("EXPORT_REFUSED", "Cannot read an export: it has lines that are no events");
}
