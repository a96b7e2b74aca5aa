// Work over the records of a backup in batches, several at once, each written into the journal when it is done: so nothing is done that was done,
// and nothing is left out. A batch is the same records in every process.
import { isObject, type JsonValue } from "../../core/index.ts";
import { stoppedError } from "../apply/ask-provider.ts";
import type { StepContext } from "../apply/executor.ts";
import { asRecord, type ProfileRecord } from "./profile-record.ts";

/** What a batch came to. `failed`: offset in the batch, and why. */
export interface BatchResult {
  readonly changed: number;
  readonly skipped: number;
  readonly requests: number;
  readonly failed: readonly (readonly [offset: number, reason: string])[];
}

/** All batches together; `failed` by the record's place in the backup. */
export interface PhaseResult {
  readonly changed: number;
  readonly skipped: number;
  readonly requests: number;
  readonly failed: ReadonlyMap<number, string>;
}

export interface Batch {
  readonly records: readonly ProfileRecord[];
  /** Place of the first of them in the backup. */
  readonly first: number;
}

export interface BatchWork {
  /** Begins the keys in the journal. */
  readonly key: string;
  /** For people: "unsetting". */
  readonly phase: string;
  readonly size: number;
  readonly parallel: number;
  /** A batch that an earlier process did is done again; default: never. */
  again?(result: BatchResult): boolean;
  run(batch: Batch): Promise<BatchResult>;
}

function readResult(value: unknown): BatchResult | undefined {
  return isObject(value) ? (value as unknown as BatchResult) : undefined;
}

async function* batchesOf(context: StepContext, size: number, from: number): AsyncIterable<Batch> {
  let [records, first]: [ProfileRecord[], number] = [[], from];
  for await (const record of context.backup.read(from)) {
    records.push(asRecord(record));
    if (records.length < size) continue;
    yield { records, first };
    first += records.length;
    records = [];
  }
  if (records.length > 0) yield { records, first };
}

class Tally {
  #changed = 0;
  #skipped = 0;
  #requests = 0;
  readonly #failed = new Map<number, string>();

  add(first: number, result: BatchResult): void {
    this.#changed += result.changed;
    this.#skipped += result.skipped;
    this.#requests += result.requests;
    for (const [offset, reason] of result.failed) this.#failed.set(first + offset, reason);
  }

  get result(): PhaseResult {
    return { changed: this.#changed, skipped: this.#skipped, requests: this.#requests, failed: this.#failed };
  }
}

/**
 * Runs all batches that are not done yet.
 *
 * @throws what the first failing batch threw, after the others under way have ended. `CLEANUP_STOPPED` by the signal.
 */
export async function runBatches(context: StepContext, work: BatchWork): Promise<PhaseResult> {
  const { journal, signal, backup } = context;
  const tally = new Tally();
  const underWay = new Set<Promise<void>>();
  const failure: unknown[] = [];
  let done = 0;

  const settle = (first: number, result: BatchResult, count: number): void => {
    tally.add(first, result);
    done += count;
    context.onProgress({ phase: work.phase, done, total: backup.count });
    context.checkFailures(tally.result.failed.size, done);
  };
  const runOne = async (key: string, batch: Batch): Promise<void> => {
    try {
      const result = await work.run(batch);
      await journal.put(key, result as unknown as JsonValue);
      settle(batch.first, result, batch.records.length);
    } catch (error) {
      failure.push(error);
    }
  };

  // Batches at the beginning that are done need not even be read.
  let from = 0;
  for (; from < backup.count; from += work.size) {
    const earlier = readResult(journal.get(`${work.key}:${from}`));
    if (!earlier || work.again?.(earlier)) break;
    settle(from, earlier, Math.min(work.size, backup.count - from));
  }
  for await (const batch of batchesOf(context, work.size, from)) {
    if (failure.length > 0 || signal.aborted) break;
    const key = `${work.key}:${batch.first}`;
    const earlier = readResult(journal.get(key));
    if (earlier && !work.again?.(earlier)) {
      settle(batch.first, earlier, batch.records.length);
      continue;
    }
    const running = runOne(key, batch).finally(() => underWay.delete(running));
    underWay.add(running);
    if (underWay.size >= work.parallel) await Promise.race(underWay);
  }
  await Promise.all(underWay);
  if (failure.length > 0) throw failure[0];
  if (signal.aborted && done < backup.count) throw stoppedError();
  return tally.result;
}
