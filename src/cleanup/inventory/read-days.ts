// The raw export, one day a request; what a day came to is written down, so that only days that are missing are asked for again. A day that ends
// early is read anew from its beginning: half a day is never counted.
import { AppError, type Clock, type ProviderReader } from "../../core/index.ts";
import { EventLines } from "../../infer/index.ts";
import { stoppedError } from "../apply/ask-provider.ts";
import type { StepLimits } from "../apply/executor.ts";
import type { InventoryFiles } from "./inventory-files.ts";
import {
  addSum,
  emptySum,
  sumFromText,
  sumToText,
  TrafficCounter,
  type TrafficSum,
} from "./traffic-tally.ts";

const DAY_MS = 86_400_000;
/** A day that does not come whole so many times in a row is not asked for again. */
const TRIES_MAX = 5;
const LINES_TOLD = 20_000;

export interface DayOptions {
  readonly reader: ProviderReader;
  readonly limits: StepLimits;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly files: InventoryFiles;
  readonly planned: ReadonlySet<string>;
  readonly onProgress: (events: number, day: number) => void;
}

/** Days of a window, one of so many. */
export function daysOf({
  from,
  to,
  every,
}: {
  readonly from: string;
  readonly to: string;
  readonly every: number;
}): string[] {
  const days: string[] = [];
  for (let at = Date.parse(from); at <= Date.parse(to); at += every * DAY_MS)
    days.push(new Date(at).toISOString().slice(0, 10));
  return days;
}

function isForGood(error: AppError): boolean {
  const { status } = error.details;
  return typeof status === "number" && status !== 429 && status < 500;
}

async function countDay(
  day: string,
  options: DayOptions,
  told: (events: number) => void,
): Promise<TrafficSum> {
  const { reader, signal, planned } = options;
  const counter = new TrafficCounter(planned);
  const lines = new EventLines((event) => counter.add(event));
  let next = LINES_TOLD;
  for await (const bytes of reader.events({ from: day, to: day }, { signal })) {
    lines.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    if (counter.events < next) continue;
    told(counter.events);
    next = counter.events + LINES_TOLD;
  }
  lines.end();
  const sum = counter.sum();
  sum.lost += lines.unreadable;
  return sum;
}

async function readDay(
  day: string,
  options: DayOptions,
  told: (events: number) => void,
): Promise<TrafficSum> {
  const { limits, clock, signal } = options;
  for (let tries = 1; ; tries += 1) {
    if (!(await limits.turn("export", 1))) throw stoppedError();
    const sentAt = clock.now();
    try {
      const sum = await countDay(day, options, told);
      limits.succeeded("export");
      return sum;
    } catch (error) {
      if (signal.aborted) throw stoppedError();
      if (!(error instanceof AppError) || isForGood(error)) throw error;
      const { status, retryAfterMs } = error.details;
      const isBusy = status === 429;
      if (!isBusy && tries >= TRIES_MAX) throw error;
      limits.busy("export", {
        message: error.message,
        sentAt,
        ...(typeof retryAfterMs === "number" ? { retryAfterMs } : {}),
      });
    }
  }
}

/** Reads the days that are missing, and adds all up. */
export async function readDays(days: readonly string[], options: DayOptions): Promise<TrafficSum> {
  const { files, onProgress } = options;
  const total = emptySum();
  for (const [index, day] of days.entries()) {
    const file = `day-${day}.json`;
    const known = files.text(file);
    if (known === undefined) {
      const sum = await readDay(day, options, (events) => onProgress(total.events + events, index));
      files.write(file, sumToText(sum));
      addSum(total, sum);
    } else addSum(total, sumFromText(known));
    onProgress(total.events, index + 1);
  }
  return total;
}
