// `plumbline clean apply`: does what a change set says, after a backup, and goes on where it stopped. A dry run until --apply.
import type { Command } from "commander";
import {
  applyChangeSet,
  type ChangeSetFindingId,
  checkExpectation,
  countStep,
  enabledSteps,
  executorOf,
  isClean,
  refuseStateOwned,
  reversibilityText,
  type RunOptions,
  runReportText,
  type StepEstimate,
} from "../../../cleanup/index.ts";
import { AppError, type Finding } from "../../../core/index.ts";
import { EXIT, FindingsError } from "../../terminal/exit-codes.ts";
import { noteFinding } from "../../terminal/output.ts";
import { durationText } from "../../terminal/time-left.ts";
import { type CleanFlags, withClean, withCleanOptions } from "./clean-command.ts";

interface PlannedStep {
  readonly step: string;
  readonly operation: string;
  readonly because: string;
  readonly expected: number | undefined;
  /** `undefined`: only doing it tells. */
  readonly found: number | undefined;
  readonly estimate: StepEstimate;
  readonly surprise: string | undefined;
}

/** By reading only. */
async function planSteps(options: RunOptions): Promise<readonly PlannedStep[]> {
  const limits = { reader: options.reader.limits, provider: options.provider.limits };
  const planned: PlannedStep[] = [];
  for (const step of enabledSteps(options.changeSet)) {
    const found = await countStep(options, step);
    const counted = found === undefined ? step : { ...step, expect: { ...step.expect, count: found } };
    let surprise: string | undefined;
    try {
      if (found !== undefined) checkExpectation(step, found);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      surprise = error.message;
    }
    planned.push({
      step: step.id,
      operation: step.operation.do,
      because: step.because,
      expected: step.expect?.count,
      found,
      estimate: executorOf(step, options.executors).estimate(counted, limits),
      surprise,
    });
  }
  return planned;
}

function plannedText({ step, operation, found, expected, estimate, surprise, because }: PlannedStep): string {
  const count = found === undefined ? "as many as it lists" : String(found);
  const of = expected === undefined ? "" : ` (expected ${expected})`;
  const cost = `${estimate.requests} requests, at least ${durationText(estimate.durationMs / 1000)} under the provider's limits`;
  return [
    `${step}: ${operation}: ${count}${of}; ${cost}`,
    `    ${because}`,
    `    ${reversibilityText(estimate.reversibility)}`,
    ...(surprise === undefined ? [] : [`    ${surprise}`]),
  ].join("\n");
}

/** The engine refuses these itself, by a code of their own. */
const OF_ENGINE: ReadonlySet<string> = new Set<ChangeSetFindingId>([
  "change-set-plan-changed",
  "change-set-state-owned",
]);
const UNOFFICIAL: ChangeSetFindingId = "change-set-unofficial";

/**
 * Before the first step: a set that cannot be done to its end is not begun.
 *
 * @throws {AppError} `CLEANUP_UNOFFICIAL_OFF`. @throws {FindingsError} what would do harm, or could not be done.
 */
function refuseUnsound(findings: readonly Finding[]): void {
  const own = findings.filter(({ id }) => !OF_ENGINE.has(id));
  const off = own.filter(({ id }) => id === UNOFFICIAL).length;
  if (off > 0)
    throw new AppError(
      "CLEANUP_UNOFFICIAL_OFF",
      `Cannot apply this change set: ${off} of its steps ${off === 1 ? "needs" : "need"} an API that is switched off`,
    );
  if (own.some(({ level }) => level === "error")) throw new FindingsError(own);
  for (const finding of own) noteFinding(finding);
}

async function apply(file: string, flags: CleanFlags): Promise<void> {
  await withClean(file, flags, async ({ changeSet, findings, output, options }) => {
    refuseUnsound(findings);
    if (flags.apply !== true) {
      refuseStateOwned(options);
      const steps = await planSteps(options);
      output.result({ applied: false, changeSet: changeSet.name, steps }, () =>
        [...steps.map(plannedText), "A dry run: nothing was changed. Add --apply."].join("\n"),
      );
      if (steps.some(({ surprise }) => surprise !== undefined)) process.exitCode = EXIT.findings;
      return;
    }
    const report = await applyChangeSet(options);
    output.result(report, () => runReportText(report));
    if (!isClean(report)) process.exitCode = EXIT.findings;
  });
}

export function addCleanApply(clean: Command): void {
  withCleanOptions(clean.command("apply <change-set>"))
    .description(
      "Do what a change set says, after a backup; goes on where it stopped; a dry run until --apply",
    )
    .action((file: string, _: unknown, command: Command) =>
      apply(file, command.optsWithGlobals<CleanFlags>()),
    );
}
