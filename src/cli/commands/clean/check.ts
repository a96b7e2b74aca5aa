// `plumbline clean check`: holds a change set to its format, to the plan and to itself, for a pull request. Asks the provider nothing.
import { writeFileSync } from "node:fs";
import { type Command, Option } from "commander";
import { refreshEstimates } from "../../../cleanup/index.ts";
import { AppError } from "../../../core/index.ts";
import { type FindingsFormat, formatFindings } from "../../../plan/index.ts";
import { estimateSteps } from "../../cleanup/estimate-steps.ts";
import { checkFile, readChangeSet } from "../../cleanup/read-change-set.ts";
import { loadConfig } from "../../config/load-config.ts";
import { EXIT } from "../../terminal/exit-codes.ts";
import { findingLines, printLine } from "../../terminal/output.ts";
import type { GlobalOptions } from "../global-options.ts";
import { requireLock } from "./clean-command.ts";

interface CheckFlags extends GlobalOptions {
  readonly write?: boolean;
  readonly format: "text" | FindingsFormat;
}

function write(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (cause) {
    throw new AppError("FILE_UNWRITABLE", `Cannot write ${file}`, { cause });
  }
}

async function check(file: string, flags: CheckFlags): Promise<void> {
  const config = loadConfig(flags.config);
  const lock = requireLock(config);
  const read = readChangeSet(file);
  const findings = checkFile(read, { config, lock });
  const format = flags.json === true ? "json" : flags.format;
  if (flags.write === true) {
    const fresh = refreshEstimates(read.text, await estimateSteps(config, lock, read.changeSet));
    if (fresh !== read.text) write(file, fresh);
  }
  if (format === "text") {
    for (const finding of findings) printLine(findingLines(finding));
    const off = read.changeSet.steps.filter(({ enabled }) => enabled === false).length;
    printLine(
      `${read.changeSet.steps.length} steps, ${off} of them not enabled; ${findings.length} findings`,
    );
  } else printLine(formatFindings(findings, format));
  if (findings.some(({ level }) => level === "error")) process.exitCode = EXIT.findings;
}

export function addCleanCheck(clean: Command): void {
  clean
    .command("check <change-set>")
    .description("Check a change set; asks the provider nothing; ends with 1 when it has errors")
    .option("--write", "write the lines with counts, cost and reversibility anew; other lines stay")
    .addOption(
      new Option("--format <format>", "how findings are printed")
        .choices(["text", "json", "sarif", "github"])
        .default("text"),
    )
    .action((file: string, _: unknown, command: Command) =>
      check(file, command.optsWithGlobals<CheckFlags>()),
    );
}
