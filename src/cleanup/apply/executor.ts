// How one kind of step is done and undone. The engine owns lock, journal, backup files, limits, order and report; an executor owns what its
// operation means. Invariant for every executor: what it will change is in the backup, on disk, before it is changed; a step that is run again
// after a crash finishes what is left and repeats only what is absolute.
import type { Clock, JsonValue, Log, Provider, ProviderReader } from "../../core/index.ts";
import type { ChangeSet, Operation, Reversibility, Step } from "../change-set/change-set.ts";

/** What one step came to. `failed` and `skippedBecause` name reasons and counts, never values. */
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
  /** What a person has to know or do: what cannot be undone, what is left over. */
  readonly notes?: readonly string[];
}

/**
 * What a step can remember across a crash: small JSON values by key, durable when the promise resolves. Apply and undo share it: undo reads
 * what apply wrote, and prefixes its own keys with `undo`. The engine's own keys begin with `engine.`.
 */
export interface StepJournal {
  get(key: string): unknown;
  /** In the order in which they were put for the first time. */
  keys(): Iterable<string>;
  put(key: string, value: JsonValue): Promise<void>;
}

/** Backup of a step: records appended in order, checksummed, compressed, readable from any record on. */
export interface StepBackup {
  /**
   * Durable when the promise resolves; answers how many records there are now. `mark` is kept with the records in one: where a walk goes on
   * after them. No records and a new mark is fine.
   */
  append(records: readonly object[], mark?: JsonValue): Promise<number>;
  readonly count: number;
  /** The mark of the last append that had one. */
  readonly mark: JsonValue | undefined;
  /**
   * Records from `from` on (0 is the first).
   *
   * @throws {AppError} `CLEANUP_BACKUP_BROKEN` when a checksum does not fit.
   */
  read(from?: number): AsyncIterable<object>;
}

/** `query`: profiles and events read; `export`: raw exports; `update`: profile updates, `count` of them; `app`: management and privacy. */
export type RequestKind = "query" | "export" | "update" | "app";

/** `sentAt`: when the request went. */
export interface NotNow {
  readonly message: string;
  readonly sentAt: number;
  readonly retryAfterMs?: number;
}

/** The provider's limits, and what its answers said about them. One request at a time asks; `askProvider` does it for questions. */
export interface StepLimits {
  /**
   * Waits until a request may go; false when the signal came first.
   *
   * @throws {AppError} `CLEANUP_WAIT_TOO_LONG` when that is further away than the command may wait.
   */
  turn(kind: RequestKind, count: number): Promise<boolean>;
  succeeded(kind: RequestKind): void;
  /** "Not now": requests of this kind are held, longer each time. */
  busy(kind: RequestKind, told: NotNow): void;
  /**
   * One request broke, which says nothing of the others as long as they succeed: it waits alone. Several in a row are "not now".
   *
   * @returns How long it has to wait before its turn; 0 when all are held.
   */
  broke(kind: RequestKind, told: NotNow): number;
}

export interface StepProgress {
  readonly phase: string;
  readonly done: number;
  readonly total: number | undefined;
}

/** How the command was asked to work. */
export interface StepSettings {
  readonly verify: "sample" | "all";
  /** Of undo: writes also over what somebody changed since. */
  readonly force: boolean;
  /** Share of failures, in percent, from which on a step stops. */
  readonly failuresMaxPercent: number;
}

export interface StepContext {
  readonly changeSet: ChangeSet;
  readonly step: Step;
  readonly provider: Provider;
  readonly reader: ProviderReader;
  readonly journal: StepJournal;
  readonly backup: StepBackup;
  readonly limits: StepLimits;
  readonly settings: StepSettings;
  /** A folder of the step's own, for files that a person is to have. */
  readonly folder: string;
  readonly clock: Clock;
  /** From 0 to 1. */
  readonly random: () => number;
  readonly log: Log;
  readonly signal: AbortSignal;
  /**
   * Holds how many were found to what the change set expects; before anything is changed.
   *
   * @throws {AppError} `CLEANUP_SURPRISE` when it is further away than the step's bound.
   */
  checkCount(found: number): void;
  /**
   * Holds the failures so far to the bound of the run.
   *
   * @throws {AppError} `CLEANUP_TOO_MANY_FAILURES`
   */
  checkFailures(failed: number, done: number, what?: string): void;
  onProgress(progress: StepProgress): void;
}

/** Before anything happens: how much, how long under the provider's limits, and what undo can bring back. */
export interface StepEstimate {
  readonly count: number | undefined;
  readonly requests: number;
  readonly durationMs: number;
  readonly reversibility: Reversibility;
}

/** What an estimate reckons with. */
export interface EstimateLimits {
  readonly reader: ProviderReader["limits"];
  readonly provider: Provider["limits"];
}

export interface StepExecutor {
  readonly operations: readonly Operation["do"][];
  /** Names of the profile properties that a step reads or writes, where it is about some by name. */
  properties?(step: Step): readonly string[];
  estimate(step: Step, limits: EstimateLimits): StepEstimate;
  /** How many it concerns now, by reading only and in few requests; `undefined`: cannot be told without doing it. */
  count(context: Omit<StepContext, "journal" | "backup">): Promise<number | undefined>;
  /** @throws {AppError} `CLEANUP_STOPPED` when the signal came first: all that was done is journaled. */
  apply(context: StepContext): Promise<StepReport>;
  undo(context: StepContext): Promise<StepReport>;
}
