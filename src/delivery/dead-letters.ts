// What a destination refused for good, or may or may not have applied: kept with its reason, for a person to replay or discard.
import {
  appendOutbox,
  encodeOutbox,
  type EpochMs,
  type Journal,
  type JournalWrite,
  type OutboxHeader,
  type Clock,
} from "../core/index.ts";
import type { OutboxItem } from "./outbox-window.ts";

/**
 * `rejected`: the provider named it as wrong; `refused`: alone it was still refused; `too-large`: alone it is over the provider's limit;
 * `too-old`: the configured route takes no events of that age; `outcome-unknown`: may have been applied, and applying twice would be wrong.
 */
export type DeadReason = "rejected" | "refused" | "too-large" | "too-old" | "outcome-unknown";

export interface DeadLetter {
  readonly id: string;
  readonly state: "waiting" | "replayed" | "discarded";
  readonly at: EpochMs;
  readonly reason: DeadReason;
  readonly field?: string;
  readonly message: string;
  readonly header: OutboxHeader;
  /** JSON text as it was sent. */
  readonly payload: string;
}

export interface DeadLetterFilter {
  readonly reason?: DeadReason;
  readonly name?: string;
  readonly id?: string;
  readonly state?: DeadLetter["state"] | "any";
}

const POSITION_DIGITS = 12;
const PAGE_ENTRIES = 500;

function tableOf(destination: string): string {
  return `dead:${destination}`;
}

/** Log that a destination reads beside the outbox: dead letters on their second way. */
export function redoLog(destination: string): string {
  return `redo:${destination}`;
}

/** The same item dies under the same id however often it is tried: a crash makes no second letter. */
export function deadLetterId(log: string, item: OutboxItem): string {
  return `${log}:${String(item.position).padStart(POSITION_DIGITS, "0")}`;
}

export function putDeadLetter(write: JournalWrite, destination: string, letter: DeadLetter): void {
  write.put(tableOf(destination), letter.id, Buffer.from(JSON.stringify(letter)));
}

/** Dead letters of a destination that fit the filter, oldest first. */
export function* findDeadLetters(
  journal: Journal,
  destination: string,
  filter: DeadLetterFilter = {},
): Generator<DeadLetter> {
  const table = journal.table(tableOf(destination));
  const state = filter.state ?? "waiting";
  let after: string | undefined;
  for (;;) {
    const page = [...table.entries({ ...(after === undefined ? {} : { after }), limit: PAGE_ENTRIES })];
    for (const { value } of page) {
      const letter = JSON.parse(Buffer.from(value).toString("utf8")) as DeadLetter;
      if (state !== "any" && letter.state !== state) continue;
      if (filter.reason !== undefined && letter.reason !== filter.reason) continue;
      if (filter.name !== undefined && letter.header.name !== filter.name) continue;
      if (filter.id !== undefined && letter.id !== filter.id) continue;
      yield letter;
    }
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE_ENTRIES) return;
    after = last.key;
  }
}

export interface SettleOptions {
  readonly journal: Journal;
  readonly clock: Clock;
  readonly destination: string;
  readonly filter: DeadLetterFilter;
  /** `replay` sends once more to this destination only; `discard` gives up. */
  readonly action: "replay" | "discard";
  /** False: only count. */
  readonly apply: boolean;
}

/** Replays or discards waiting dead letters. Each chunk is one transaction: stopping and starting again sends nothing twice. */
export async function settleDeadLetters(options: SettleOptions): Promise<number> {
  const { journal, clock, destination, filter, action, apply } = options;
  let settled = 0;
  let chunk: DeadLetter[] = [];
  const commit = async (): Promise<void> => {
    const letters = chunk;
    chunk = [];
    if (!apply || letters.length === 0) return;
    await journal.write((write) => {
      if (action === "replay") {
        const records = letters.map(({ header, payload }) => encodeOutbox(header, payload));
        appendOutbox(write, redoLog(destination), records);
      }
      for (const letter of letters) {
        const state = action === "replay" ? "replayed" : "discarded";
        putDeadLetter(write, destination, { ...letter, state, at: clock.now() });
      }
    });
  };
  for (const letter of findDeadLetters(journal, destination, { ...filter, state: "waiting" })) {
    settled += 1;
    chunk.push(letter);
    if (chunk.length >= PAGE_ENTRIES) await commit();
  }
  await commit();
  return settled;
}
