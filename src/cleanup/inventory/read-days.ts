// The raw export, a few days a request; what a request came to is written down, so that only days that are missing are asked for again. An export
// that ends early is read anew from its beginning: half of one is never counted.
import type { Clock, ProviderReader } from "../../core/index.ts";
import { EventLines } from "../../infer/index.ts";
import type { StepLimits } from "../apply/executor.ts";
import { type ExportSpan, spansOf } from "../events/export-spans.ts";
import { wholeExport } from "../events/whole-export.ts";
import type { InventoryFiles } from "./inventory-files.ts";
import {
  addSum,
  emptySum,
  type PlannedEvents,
  sumFromText,
  sumToText,
  TrafficCounter,
  type TrafficSum,
} from "./traffic-tally.ts";

const LINES_TOLD = 20_000;

export interface DayOptions {
  readonly reader: ProviderReader;
  readonly limits: StepLimits;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly files: InventoryFiles;
  readonly planned: PlannedEvents;
  readonly onProgress: (events: number, days: number) => void;
}

async function countSpan(
  { from, to }: ExportSpan,
  options: DayOptions,
  told: (events: number) => void,
): Promise<TrafficSum> {
  const { reader, signal, planned } = options;
  const counter = new TrafficCounter(planned);
  const lines = new EventLines((event) => counter.add(event));
  let next = LINES_TOLD;
  for await (const bytes of reader.events({ from, to }, { signal })) {
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

/** Reads the days that are missing, and adds all up. */
export async function readDays(days: readonly string[], options: DayOptions): Promise<TrafficSum> {
  const { files, onProgress } = options;
  const total = emptySum();
  let done = 0;
  for (const span of spansOf(days)) {
    const file = `days-${span.from}-${span.days}.json`;
    const known = files.text(file);
    if (known === undefined) {
      const told = (events: number): void => onProgress(total.events + events, done);
      const sum = await wholeExport(options, () => countSpan(span, options, told));
      files.write(file, sumToText(sum));
      addSum(total, sum);
    } else addSum(total, sumFromText(known));
    done += span.days;
    onProgress(total.events, done);
  }
  return total;
}
