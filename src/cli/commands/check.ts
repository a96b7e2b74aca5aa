// `plumbline check`, `compile` and `export`: what can be said about a plan without any traffic.
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { type Command, Option } from "commander";
import pc from "picocolors";
import type { Finding } from "../../core/index.ts";
import {
  exportCsv,
  exportHtml,
  exportMarkdown,
  formatFindings,
  type Lock,
  lockText,
  planJsonSchema,
} from "../../plan/index.ts";
import { reconcile } from "../../scan/index.ts";
import { findCode } from "../scan/code-files.ts";
import { needsBaseline, scanFiles, startAgain } from "../scan/scan-files.ts";
import { EXIT, UsageError } from "../terminal/exit-codes.ts";
import { findingLines, makeOutput, printLine } from "../terminal/output.ts";
import { loadPlan } from "../up/load-plan.ts";
import type { GlobalOptions } from "./global-options.ts";
import { planPath, requirePlan } from "./plan-argument.ts";

const FAIL_LEVELS = { error: ["error"], warn: ["error", "warn"], info: ["error", "warn", "info"] } as const;

interface CheckFlags extends GlobalOptions {
  readonly format: "text" | "json" | "sarif" | "github";
  readonly failOn: keyof typeof FAIL_LEVELS;
  readonly code?: string;
}

/** What servers send past the plan's clients without keeping a user's place and "last seen"; `undefined`: the command was started again. */
async function codeFindings(
  folder: string,
  { lock, isJson }: { readonly lock: Lock; readonly isJson: boolean },
): Promise<readonly Finding[] | undefined> {
  const root = resolve(folder);
  if (statSync(root, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw new UsageError(`There is no folder ${folder}`);
  const code = findCode(root, { includeTests: false });
  if (needsBaseline(code)) {
    startAgain();
    return undefined;
  }
  const { findings } = reconcile(lock, await scanFiles(root, code, { lock, isJson }), {});
  return findings.filter(({ id }) => id === "server-side-flags");
}

async function check(plan: string | undefined, flags: CheckFlags): Promise<void> {
  const { findings: inPlan, lock } = loadPlan(planPath(plan, flags));
  const inCode =
    flags.code !== undefined && lock
      ? await codeFindings(flags.code, { lock, isJson: flags.json === true })
      : [];
  if (!inCode) return;
  const findings = [...inPlan, ...inCode];
  const levels: readonly string[] = FAIL_LEVELS[flags.failOn];
  const failed = findings.some(({ level }) => levels.includes(level));
  const format = flags.json === true ? "json" : flags.format;
  if (format !== "text") printLine(formatFindings(findings, format));
  else {
    for (const finding of findings) printLine(findingLines(finding));
    const counts = (["error", "warn", "info"] as const).map(
      (level) => `${findings.filter((finding) => finding.level === level).length} ${level}`,
    );
    const events = lock
      ? `${Object.keys(lock.events).length} events, plan ${lock.hash.slice(0, 12)}`
      : "not usable";
    printLine(`${failed ? pc.red("✗") : pc.green("✓")} ${counts.join(", ")}; ${events}`);
  }
  if (failed) process.exitCode = EXIT.findings;
}

export function addCheck(program: Command): void {
  program
    .command("check [plan]")
    .description("Check a plan; all findings at once")
    .addOption(
      new Option("--format <format>", "how findings are printed")
        .choices(["text", "json", "sarif", "github"])
        .default("text"),
    )
    .addOption(
      new Option("--fail-on <level>", "least level that ends with 1")
        .choices(["error", "warn", "info"])
        .default("error"),
    )
    .option("--code <folder>", "also look there for calls of servers that lack `$ip`, `ip` or `$ignore_time`")
    .action((plan: string | undefined, _: unknown, command: Command) =>
      check(plan, command.optsWithGlobals<CheckFlags>()),
    );
}

export function addCompile(program: Command): void {
  program
    .command("compile [plan]")
    .description("Compile a plan to its lock: canonical JSON")
    .option("--out <file>", "write the lock here instead of to stdout")
    .option("--check", "end with 1 when the file named by --out is not up to date")
    .action((plan: string | undefined, _: unknown, command: Command) => {
      const flags = command.optsWithGlobals<GlobalOptions & { out?: string; check?: boolean }>();
      const text = lockText(requirePlan(plan, flags));
      const { out } = flags;
      const output = makeOutput(flags.json === true);
      if (out === undefined) {
        process.stdout.write(text);
        return;
      }
      const same = existsSync(out) && readFileSync(out, "utf8") === text;
      if (flags.check !== true && !same) writeFileSync(out, text);
      output.result(
        { file: out, current: same },
        () => `${out}: ${same ? "up to date" : flags.check === true ? "not up to date" : "written"}`,
      );
      if (flags.check === true && !same) process.exitCode = EXIT.findings;
    });
}

const EXPORTS = { markdown: exportMarkdown, csv: exportCsv, html: exportHtml } as const;

export function addExport(program: Command): void {
  program
    .command("export [plan]")
    .description("Export a plan for people and tools")
    .addOption(
      new Option("--format <format>", "what to write")
        .choices(["json-schema", "markdown", "csv", "html"])
        .default("markdown"),
    )
    .action((plan: string | undefined, _: unknown, command: Command) => {
      const flags = command.optsWithGlobals<
        GlobalOptions & { format: keyof typeof EXPORTS | "json-schema" }
      >();
      const lock = requirePlan(plan, flags);
      if (flags.format === "json-schema") printLine(JSON.stringify(planJsonSchema(lock), null, 2));
      else process.stdout.write(EXPORTS[flags.format](lock));
    });
}
