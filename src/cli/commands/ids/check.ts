// `plumbline ids check`: which ids can change, name a person, or are several people's. Reads only; prints counts, and ids only to a person who asks.
import type { Command } from "commander";
import { IdTally, makeIdRules } from "../../../cleanup/index.ts";
import { AppError } from "../../../core/index.ts";
import { loadConfig } from "../../config/load-config.ts";
import { openDestinationExport } from "../../ids/open-export.ts";
import { pickDestination } from "../../ids/open-destination.ts";
import { tallyEvents, tallyGateway, tallyProfiles } from "../../ids/read-ids.ts";
import { idReportText } from "../../ids/report-text.ts";
import { openIdReader } from "../../ids/open-id-reader.ts";
import { parseWait, WAIT_DEFAULT_S } from "../../ids/wait.ts";
import { openTraffic } from "../../infer/open-traffic.ts";
import { EXIT, UsageError } from "../../terminal/exit-codes.ts";
import { makeOutput, makeProgress, type Output } from "../../terminal/output.ts";
import { makeReceivers } from "../../up/pipeline.ts";
import type { GlobalOptions } from "../global-options.ts";
import { withJournal } from "../open-stores.ts";
import { interruptible } from "../people/people-command.ts";
import { requirePlan } from "../plan-argument.ts";
import { parseSince } from "../quarantine.ts";

interface CheckFlags extends GlobalOptions {
  readonly plan?: string;
  readonly gateway?: boolean;
  readonly since: number;
  readonly profiles?: boolean;
  readonly export?: boolean;
  readonly from?: string;
  readonly to?: string;
  readonly destination?: string;
  readonly wait: number;
  readonly show?: boolean;
}

interface Telling {
  readonly output: Output;
  readonly progress: ReturnType<typeof makeProgress>;
  readonly signal: AbortSignal;
}

/** What the destination holds: its events, its profiles. */
async function checkDestination(
  tally: IdTally,
  flags: CheckFlags,
  { output, progress, signal }: Telling,
): Promise<void> {
  const config = loadConfig(flags.config);
  const destination = pickDestination(config, flags.destination);
  const opened = openIdReader(config, destination, {
    waitMaxMs: flags.wait * 1000,
    signal,
    note: (line) => output.note(line),
  });
  if (flags.export === true) {
    if (!(await opened.limits.turn("export", 1)))
      throw new AppError("CLEANUP_STOPPED", "Cannot go on: the command was told to stop");
    await tallyEvents(tally, await openDestinationExport(destination, flags), { output, progress });
  }
  if (flags.profiles === true)
    await tallyProfiles(tally, opened.reader, {
      ...opened,
      onProgress: (done, total) => progress.show(`ids: ${done} of ${total} profiles`),
    });
}

async function check(files: readonly string[], flags: CheckFlags): Promise<void> {
  const output = makeOutput(flags.json === true);
  if (files.length === 0 && !flags.gateway && !flags.profiles && !flags.export)
    throw new UsageError("Name a file of events, `-` for stdin, --gateway, --profiles or --export");
  if (flags.show === true && !process.stdout.isTTY)
    throw new UsageError("--show prints ids: only to a terminal");
  const tally = new IdTally(makeIdRules(requirePlan(flags.plan, flags)));
  const progress = makeProgress(output.json);
  for (const file of files) await tallyEvents(tally, openTraffic(file), { output, progress });
  if (flags.gateway === true) {
    const config = loadConfig(flags.config);
    await withJournal(config, (journal) =>
      tallyGateway(tally, journal, { receivers: makeReceivers(config), since: flags.since }),
    );
  }
  if (flags.export === true || flags.profiles === true)
    await interruptible((signal) => checkDestination(tally, flags, { output, progress, signal }));
  progress.end();
  if (tally.events === 0 && tally.ids === 0)
    throw new AppError("INPUT_EMPTY", "Cannot say anything about ids: no event and no profile was read");
  const report = tally.report({ withExamples: flags.show === true });
  output.result(report, () => idReportText(report));
  if (report.problems.length > 0) process.exitCode = EXIT.findings;
}

export function addIdsCheck(group: Command): void {
  group
    .command("check [files...]")
    .description("Which ids can change, name a person, or are several people's: counts, no ids")
    .option("--plan <file>", "plan that says what an id looks like; default: the configured one")
    .option("--gateway", "read what the gateway's journal still holds")
    .option("--since <when>", "with --gateway: received since: 30m, 12h, 7d or a date", parseSince, 0)
    .option("--profiles", "walk the profiles of the destination")
    .option("--export", "read the raw export of the destination, with --from and --to")
    .option("--from <date>", "first day of the export")
    .option("--to <date>", "last day of the export")
    .option("--destination <name>", "destination, where the configuration has several")
    .option("--wait <seconds>", "longest wait for the provider's limits", parseWait, WAIT_DEFAULT_S)
    .option("--show", "print some of the ids; only to a terminal")
    .action((files: readonly string[], _: unknown, command: Command) =>
      check(files, command.optsWithGlobals<CheckFlags>()),
    );
}
