// How one kind of step is done and undone. The engine owns lock, journal, backup files, order and report; an executor owns what its operation means.
// Invariant for every executor: what it will change is in the backup, on disk, before it is changed; a step that is run again after a crash
// finishes what is left and repeats only what is absolute.
import type { Clock, Log, Provider, ProviderReader } from "../../core/index.ts";
import type { ChangeSet, Operation, Reversibility, Step } from "../change-set/change-set.ts";

/** What one step came to. `failed` names reasons and counts, never values. */
export interface StepReport {
  readonly step: string;
  readonly selected: number;
  readonly changed: number;
  /** Nothing to change for them any more. */
  readonly skipped: number;
  readonly failed: readonly { readonly reason: string; readonly count: number }[];
  /** Read back afterwards: how many, and how many were not as they should be. */
  readonly verified: { readonly checked: number; readonly wrong: number };
  readonly requests: number;
}

/** What a step can remember across a crash: small JSON values by key, durable when the promise resolves. */
export interface StepJournal {
  get(key: string): unknown;
  put(key: string, value: unknown): Promise<void>;
}

/** Backup of a step: records appended in order, checksummed, compressed, readable from any record on. */
export interface StepBackup {
  /** Durable when the promise resolves. Answers how many records there are now. */
  append(records: readonly object[]): Promise<number>;
  readonly count: number;
  /** Records from `from` on (0 is the first). */
  read(from?: number): AsyncIterable<object>;
}

export interface StepContext {
  readonly changeSet: ChangeSet;
  readonly step: Step;
  readonly provider: Provider;
  readonly reader: ProviderReader;
  readonly journal: StepJournal;
  readonly backup: StepBackup;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Waits for the provider's limits; false when the signal came first. */
  turn(kind: "query" | "export" | "update" | "app", count: number): Promise<boolean>;
  onProgress(progress: {
    readonly phase: string;
    readonly done: number;
    readonly total: number | undefined;
  }): void;
}

/** Before anything happens: how much, how long under the provider's limits, and what undo can bring back. */
export interface StepEstimate {
  readonly count: number | undefined;
  readonly requests: number;
  readonly durationMs: number;
  readonly reversibility: Reversibility;
}

export interface StepExecutor {
  readonly operations: readonly Operation["do"][];
  estimate(
    step: Step,
    limits: { readonly reader: ProviderReader["limits"]; readonly provider: Provider["limits"] },
  ): StepEstimate;
  apply(context: StepContext): Promise<StepReport>;
  undo(context: StepContext): Promise<StepReport>;
}
