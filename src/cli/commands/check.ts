// `plumbline check`, `compile` and `export`: what can be said about a plan without any traffic.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { type Command, Option } from "commander";
import pc from "picocolors";
import {
  exportCsv,
  exportHtml,
  exportMarkdown,
  formatFindings,
  lockText,
  planJsonSchema,
} from "../../plan/index.ts";
import { EXIT } from "../terminal/exit-codes.ts";
import { findingLines, makeOutput, printLine } from "../terminal/output.ts";
import { loadPlan } from "../up/load-plan.ts";
import type { GlobalOptions } from "./global-options.ts";
import { planPath, requirePlan } from "./plan-argument.ts";

const FAIL_LEVELS = { error: ["error"], warn: ["error", "warn"], info: ["error", "warn", "info"] } as const;

interface CheckFlags extends GlobalOptions {
  readonly format: "text" | "json" | "sarif" | "github";
  readonly failOn: keyof typeof FAIL_LEVELS;
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
    .action((plan: string | undefined, _: unknown, command: Command) => {
      const flags = command.optsWithGlobals<CheckFlags>();
      const { findings, lock } = loadPlan(planPath(plan, flags));
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
    });
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
