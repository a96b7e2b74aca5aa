// Reads every input of `infer` into one profile, with progress.
import { EventLines, type TrafficProfile } from "../../infer/index.ts";
import type { Output } from "../terminal/output.ts";
import { type TrafficInput, withReason } from "./open-traffic.ts";

const PERCENT = 100;

export interface ReadCounts {
  readonly lines: number;
  readonly unreadable: number;
}

function progressText(input: TrafficInput, count: number, startedAt: number): string {
  const rate = Math.round((count / Math.max(1, performance.now() - startedAt)) * 1000);
  const done =
    input.sizeBytes === undefined || input.sizeBytes === 0
      ? ""
      : `${Math.floor((input.takenBytes() / input.sizeBytes) * PERCENT)} %, `;
  return `infer: ${input.name}: ${done}${count.toLocaleString("en-US")} events, ${rate.toLocaleString("en-US")} a second`;
}

/** Reads one input to its end. What is no event is counted and told; it does not end the run. */
export async function readTraffic(
  input: TrafficInput,
  profile: TrafficProfile,
  {
    progress,
    output,
  }: { readonly progress: { show(text: string): void; end(): void }; readonly output: Output },
): Promise<ReadCounts> {
  const startedAt = performance.now();
  const before = profile.count;
  const lines = new EventLines((event) => profile.add(event));
  try {
    for await (const bytes of input.bytes) {
      lines.push(bytes);
      progress.show(progressText(input, profile.count - before, startedAt));
    }
  } catch (cause) {
    throw withReason(cause, input.name);
  }
  lines.end();
  progress.end();
  if (lines.brokenOff)
    output.note(
      `${input.name}: the export broke off before its end; export the last day again for a full picture.`,
    );
  if (lines.unreadable > 0)
    output.note(
      `${input.name}: ${lines.unreadable} of ${lines.lines} lines are no events (first: line ${lines.firstUnreadable}); they were left out.`,
    );
  return { lines: lines.lines, unreadable: lines.unreadable };
}
