// What the steps of a change set cost, for its comments: reckoned by the executors from what the steps expect. Asks the provider nothing.
import {
  type ChangeSet,
  executorOf,
  type RunOptions,
  type StepEstimate,
  type StepEstimates,
} from "../../cleanup/index.ts";
import { AppError } from "../../core/index.ts";
import type { Lock } from "../../plan/index.ts";
import type { Config } from "../config/config.ts";
import { UsageError } from "../terminal/exit-codes.ts";
import { openRun } from "./open-run.ts";

type Opened = Pick<RunOptions, "executors" | "reader" | "provider">;

/** What is needed to estimate; undefined: the destination cannot be read, and then nothing is known. */
function open(config: Config, lock: Lock, changeSet: ChangeSet): Opened | undefined {
  try {
    return openRun({
      config,
      lock,
      changeSet,
      signal: new AbortController().signal,
      flags: {
        waitMaxMs: 0,
        readLimits: {},
        settings: { verify: "sample", force: false, failuresMaxPercent: 0 },
      },
      onWait: () => undefined,
    });
  } catch (error) {
    if (error instanceof UsageError) return undefined;
    throw error;
  }
}

/** Estimates all steps, also those that are not enabled; a step that cannot be done here has none. */
export async function estimateSteps(
  config: Config,
  lock: Lock,
  changeSet: ChangeSet,
): Promise<StepEstimates> {
  const estimates = new Map<string, StepEstimate>();
  const opened = open(config, lock, changeSet);
  if (!opened) return estimates;
  const { executors, reader, provider } = opened;
  try {
    for (const step of changeSet.steps) {
      try {
        const executor = executorOf(step, executors);
        estimates.set(step.id, executor.estimate(step, { reader: reader.limits, provider: provider.limits }));
      } catch (error) {
        if (!(error instanceof AppError) || error.code !== "CLEANUP_OPERATION_UNKNOWN") throw error;
      }
    }
  } finally {
    await provider.close();
  }
  return estimates;
}
