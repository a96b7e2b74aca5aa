// What `clean apply` and `clean undo` share: their options, and the opened run.
import { type Command, InvalidArgumentError } from "commander";
import type { ChangeSet, RunOptions } from "../../../cleanup/index.ts";
import type { Finding } from "../../../core/index.ts";
import type { Lock } from "../../../plan/index.ts";
import { openRun } from "../../cleanup/open-run.ts";
import { type ReadLimits, readLimitsOf, withReadLimits } from "../../cleanup/read-limits.ts";
import { checkFile, readChangeSet, withFolder } from "../../cleanup/read-change-set.ts";
import { makeRunProgress } from "../../cleanup/run-progress.ts";
import type { Config } from "../../config/config.ts";
import { loadConfig } from "../../config/load-config.ts";
import { FindingsError } from "../../terminal/exit-codes.ts";
import { makeOutput, type Output } from "../../terminal/output.ts";
import { loadPlan } from "../../up/load-plan.ts";
import type { GlobalOptions } from "../global-options.ts";
import { interruptible } from "../people/people-command.ts";

export interface CleanFlags extends GlobalOptions, ReadLimits {
  readonly apply?: boolean;
  readonly force?: boolean;
  readonly verify?: "sample" | "all";
  readonly wait: number;
  readonly maxFailures?: number;
}

/** Default of `--wait`: an hour's limit, and a little. */
const WAIT_DEFAULT_S = 3900;
/** Default of `--max-failures`, in percent. */
const FAILURES_MAX_PERCENT = 5;

function parseCount(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError("A whole number.");
  return Number(text);
}

function parsePercent(text: string): number {
  const value = Number(text);
  if (!/^\d{1,3}(\.\d+)?$/.test(text) || value > 100)
    throw new InvalidArgumentError("A number from 0 to 100.");
  return value;
}

function parseVerify(text: string): "sample" | "all" {
  if (text !== "sample" && text !== "all") throw new InvalidArgumentError("`sample` or `all`.");
  return text;
}

/** Options of both commands. */
export function withCleanOptions(command: Command): Command {
  return withReadLimits(command)
    .option("--apply", "do it; without, nothing is changed")
    .option("--verify <how much>", "read back a `sample`, or `all`", parseVerify, "sample")
    .option(
      "--wait <seconds>",
      "longest wait for the provider's limits; then it ends with 75",
      parseCount,
      WAIT_DEFAULT_S,
    )
    .option(
      "--max-failures <percent>",
      "share of failures from which on a step stops",
      parsePercent,
      FAILURES_MAX_PERCENT,
    );
}

export interface OpenedClean {
  readonly changeSet: ChangeSet;
  /** What is wrong with it, beside its shape. */
  readonly findings: readonly Finding[];
  readonly output: Output;
  readonly options: RunOptions;
}

/** The compiled plan of a configuration. @throws {FindingsError} when it has errors. */
export function requireLock(config: Config): Lock {
  const { lock, findings } = loadPlan(config.plan);
  if (!lock) throw new FindingsError(findings.filter(({ level }) => level === "error"));
  return lock;
}

/** Opens everything, works, and closes it. Ctrl-C ends the work in good order. */
export async function withClean<T>(
  file: string,
  flags: CleanFlags,
  work: (opened: OpenedClean) => Promise<T>,
): Promise<T> {
  const config = loadConfig(flags.config);
  const read = readChangeSet(file);
  const changeSet = withFolder(read);
  const lock = requireLock(config);
  const findings = checkFile(read, { config, lock });
  const output = makeOutput(flags.json === true);
  const progress = makeRunProgress(output.json);
  return interruptible(async (signal) => {
    const run = openRun({
      config,
      lock,
      changeSet,
      signal,
      flags: {
        waitMaxMs: flags.wait * 1000,
        readLimits: readLimitsOf(flags),
        settings: {
          verify: flags.verify ?? "sample",
          force: flags.force === true,
          failuresMaxPercent: flags.maxFailures ?? FAILURES_MAX_PERCENT,
        },
      },
      onWait: (kind, waitMs) => progress.waiting(kind, waitMs),
    });
    try {
      const onProgress: RunOptions["onProgress"] = (step, told) => progress.show(step, told);
      return await work({ changeSet, findings, output, options: { ...run, onProgress } });
    } finally {
      progress.end();
      await run.provider.close();
    }
  });
}
