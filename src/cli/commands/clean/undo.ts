// `plumbline clean undo`: brings back from the backup what apply changed, the last step first. A dry run until --apply.
import type { Command } from "commander";
import { enabledSteps, executorOf, isClean, runReportText, undoChangeSet } from "../../../cleanup/index.ts";
import { EXIT } from "../../terminal/exit-codes.ts";
import { type CleanFlags, withClean, withCleanOptions } from "./clean-command.ts";

async function undo(file: string, flags: CleanFlags): Promise<void> {
  await withClean(file, flags, async ({ changeSet, output, options }) => {
    if (flags.apply !== true) {
      const limits = { reader: options.reader.limits, provider: options.provider.limits };
      const steps = enabledSteps(changeSet)
        .toReversed()
        .map((step) => ({
          step: step.id,
          reversibility: executorOf(step, options.executors).estimate(step, limits).reversibility,
        }));
      output.result({ undone: false, changeSet: changeSet.name, folder: options.folder, steps }, () =>
        [
          ...steps.map(({ step, reversibility }) =>
            reversibility.kind === "whole"
              ? `${step}: brought back, except where somebody has changed it since`
              : `${step}: ${reversibility.kind === "partly" ? `brought back, but ${reversibility.but}` : `cannot be undone: ${reversibility.because}`}`,
          ),
          `backup: ${options.folder}`,
          "A dry run: nothing was changed. Add --apply.",
        ].join("\n"),
      );
      return;
    }
    const report = await undoChangeSet(options);
    output.result(report, () => runReportText(report));
    if (!isClean(report)) process.exitCode = EXIT.findings;
  });
}

export function addCleanUndo(clean: Command): void {
  withCleanOptions(clean.command("undo <change-set>"))
    .description("Bring back what a change set changed, from its backup; a dry run until --apply")
    .option("--force", "write also over what somebody has changed since")
    .action((file: string, _: unknown, command: Command) =>
      undo(file, command.optsWithGlobals<CleanFlags>()),
    );
}
