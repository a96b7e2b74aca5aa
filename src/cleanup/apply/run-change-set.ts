// Applies a change set, or undoes it: step by step, each exactly as far as its journal says it is not done yet.
// Run: bound → counted → steps in order → applied → undoing (steps in reverse) → undone. Nothing leads back: what was undone is applied under a new name.
import {
  AppError,
  type Clock,
  isObject,
  type JsonValue,
  type Log,
  type Provider,
  type ProviderReader,
} from "../../core/index.ts";
import { type ChangeSet, EXPECTED_WITHIN_PERCENT, type Step } from "../change-set/change-set.ts";
import type {
  StepContext,
  StepExecutor,
  StepLimits,
  StepProgress,
  StepReport,
  StepSettings,
} from "./executor.ts";
import { openRunFolder, type OpenStep, type RunBinding, type RunFolder } from "./run-folder.ts";
import type { RunReport } from "./run-report.ts";

export interface RunOptions extends RunBinding {
  /** Of this run alone. */
  readonly folder: string;
  readonly executors: readonly StepExecutor[];
  readonly provider: Provider;
  readonly reader: ProviderReader;
  readonly limits: StepLimits;
  readonly settings: StepSettings;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly onProgress: (step: Step, progress: StepProgress) => void;
}

/** Failures that say nothing yet about the rest. */
const FAILURES_MIN = 20;

/** The executor of a step. @throws {AppError} `CLEANUP_OPERATION_UNKNOWN` */
export function executorOf(step: Step, executors: readonly StepExecutor[]): StepExecutor {
  const found = executors.find(({ operations }) => operations.includes(step.operation.do));
  if (!found)
    throw new AppError(
      "CLEANUP_OPERATION_UNKNOWN",
      `Cannot do step ${step.id}: ${step.operation.do} is not available here`,
    );
  return found;
}

/** Steps that are to be done. */
export function enabledSteps({ steps }: ChangeSet): readonly Step[] {
  return steps.filter(({ enabled }) => enabled !== false);
}

/**
 * Holds a count to what a step expects.
 *
 * @throws {AppError} `CLEANUP_SURPRISE`
 */
export function checkExpectation({ id, expect }: Step, found: number): void {
  if (!expect) return;
  const within = expect.withinPercent ?? EXPECTED_WITHIN_PERCENT;
  if (Math.abs(found - expect.count) <= (expect.count * within) / 100) return;
  throw new AppError(
    "CLEANUP_SURPRISE",
    `Cannot begin step ${id}: it expects ${expect.count} within ${within} %, and there are ${found}`,
  );
}

/**
 * Two writers of one property would fight for ever: what the sync writes is left to it.
 *
 * @throws {AppError} `CLEANUP_STATE_OWNED`
 */
export function refuseStateOwned({
  changeSet,
  stateOwned = new Set(),
  executors,
}: Pick<RunOptions, "changeSet" | "stateOwned" | "executors">): void {
  for (const step of enabledSteps(changeSet)) {
    const names = step.group === undefined ? executorOf(step, executors).properties?.(step) : undefined;
    const name = names?.find((one) => stateOwned.has(one));
    if (name !== undefined)
      throw new AppError(
        "CLEANUP_STATE_OWNED",
        `Cannot do step ${step.id}: ${name} is written by the people sync`,
      );
  }
}

function makeContext(options: RunOptions, step: Step): Omit<StepContext, "journal" | "backup" | "folder"> {
  const { changeSet, provider, reader, limits, settings, clock, random, log, signal } = options;
  return {
    changeSet,
    step,
    provider,
    reader,
    limits,
    settings,
    clock,
    random,
    log,
    signal,
    checkCount: (found) => checkExpectation(step, found),
    checkFailures: (failed, done, what = "failed") => {
      if (failed < FAILURES_MIN || failed * 100 <= done * settings.failuresMaxPercent) return;
      throw new AppError(
        "CLEANUP_TOO_MANY_FAILURES",
        `Cannot go on with step ${step.id}: ${failed} of ${done} ${what}`,
      );
    },
    onProgress: (progress) => options.onProgress(step, progress),
  };
}

/** How many profiles a step concerns now; `undefined`: cannot be told by reading. */
export function countStep(options: RunOptions, step: Step): Promise<number | undefined> {
  const context = { ...makeContext(options, step), folder: options.folder };
  return executorOf(step, options.executors).count(context);
}

/** Before anything is changed: all steps with an expectation, so that a surprise in the last one does not leave half a set. */
async function countAll(run: RunFolder, options: RunOptions): Promise<void> {
  if (run.journal.get("counted") !== undefined) return;
  const counted: string[] = [];
  for (const step of enabledSteps(options.changeSet)) {
    if (!step.expect) continue;
    const found = await countStep(options, step);
    if (found === undefined) continue;
    checkExpectation(step, found);
    counted.push(step.id);
  }
  await run.journal.put("counted", counted);
}

function asJson(report: StepReport): JsonValue {
  return JSON.parse(JSON.stringify(report)) as JsonValue;
}

async function runStep(
  run: RunFolder,
  step: Step,
  parts: { readonly options: RunOptions; readonly work: "apply" | "undo" },
): Promise<StepReport> {
  const { options, work } = parts;
  const executor = executorOf(step, options.executors);
  const opened: OpenStep = await run.openStep(step);
  try {
    const { journal, backup, folder } = opened;
    const key = `engine.${work}`;
    const done = journal.get(key);
    const isDone = isObject(done) && !(work === "undo" && options.settings.force && hasFailed(done));
    if (isDone) return done as unknown as StepReport;
    await backup.check();
    const base = makeContext(options, step);
    const report = await executor[work]({
      ...base,
      checkCount: countCheck(run, step),
      journal,
      backup,
      folder,
    });
    await journal.put(key, asJson(report));
    return report;
  } finally {
    await opened.close();
  }
}

function hasFailed(report: Readonly<Record<string, unknown>>): boolean {
  return Array.isArray(report["failed"]) && report["failed"].length > 0;
}

/** What was counted before the first step is not counted again: a step that comes after others may rightly find what they have left. */
function countCheck(run: RunFolder, step: Step): (found: number) => void {
  const counted = run.journal.get("counted");
  const isCounted = Array.isArray(counted) && counted.includes(step.id);
  return (found) => {
    if (!isCounted) checkExpectation(step, found);
  };
}

async function runSteps(
  run: RunFolder,
  steps: readonly Step[],
  parts: { readonly options: RunOptions; readonly work: "apply" | "undo" },
): Promise<RunReport> {
  const { options, work } = parts;
  const { changeSet, clock } = options;
  const startedAt = new Date(clock.now()).toISOString();
  const reports: StepReport[] = [];
  const report = (state: RunReport["state"]): RunReport => ({
    version: 1,
    changeSet: changeSet.name,
    destination: changeSet.destination,
    work,
    state,
    startedAt,
    endedAt: new Date(clock.now()).toISOString(),
    steps: reports,
    left: steps.slice(reports.length).map(({ id }) => id),
    folder: run.folder,
  });
  try {
    if (work === "apply") await countAll(run, options);
    for (const step of steps) reports.push(await runStep(run, step, parts));
  } catch (error) {
    if (!(error instanceof AppError) || error.code === "INTERNAL") throw error;
    await run.writeReport(report({ kind: "stopped", code: error.code, message: error.message }));
    throw error;
  }
  const whole = report({ kind: work === "apply" ? "applied" : "undone" });
  await run.journal.put(work === "apply" ? "applied" : "undone", whole.endedAt);
  await run.writeReport(whole);
  return whole;
}

/**
 * Applies a set, or goes on with it.
 *
 * @throws {AppError} one of the `CLEANUP_` codes when it stopped; the report in the folder says how far it came.
 */
export async function applyChangeSet(options: RunOptions): Promise<RunReport> {
  refuseStateOwned(options);
  const run = await openRunFolder(options.folder, options);
  try {
    if (run.journal.get("undoing") !== undefined)
      throw new AppError(
        "CLEANUP_CHANGED_SINCE",
        "Cannot apply this change set: it was undone, at least in part",
      );
    return await runSteps(run, enabledSteps(options.changeSet), { options, work: "apply" });
  } finally {
    await run.close();
  }
}

/**
 * Undoes what was applied of a set, the last step first.
 *
 * @throws {AppError} one of the `CLEANUP_` codes when it stopped; the report in the folder says how far it came.
 */
export async function undoChangeSet(options: RunOptions): Promise<RunReport> {
  const run = await openRunFolder(options.folder, { ...options, isUndo: true });
  try {
    const steps = enabledSteps(options.changeSet)
      .filter((step) => run.hasStep(step))
      .toReversed();
    if (steps.length === 0)
      throw new AppError("CLEANUP_NOT_APPLIED", "Cannot undo this change set: no step of it was begun");
    if (run.journal.get("undoing") === undefined) await run.journal.put("undoing", true);
    return await runSteps(run, steps, { options, work: "undo" });
  } finally {
    await run.close();
  }
}
