// `plumbline scan`: the tracking calls in application code, held against the plan.
import { existsSync, readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { type Command, Option } from "commander";
import pc from "picocolors";
import { AppError, isObject } from "../../core/index.ts";
import { formatFindings } from "../../plan/index.ts";
import { type Inventory, reconcile } from "../../scan/index.ts";
import { findCode } from "../scan/code-files.ts";
import { needsBaseline, scanFiles, startAgain } from "../scan/scan-files.ts";
import { EXIT, UsageError } from "../terminal/exit-codes.ts";
import { findingLines, printLine } from "../terminal/output.ts";
import type { GlobalOptions } from "./global-options.ts";
import { requirePlan } from "./plan-argument.ts";

interface ScanFlags extends GlobalOptions {
  readonly plan?: string;
  readonly format: "text" | "json" | "sarif" | "github";
  readonly source?: readonly string[];
  readonly includeTests?: boolean;
  readonly baseline?: string;
  readonly failOn: keyof typeof FAIL_LEVELS;
}

const FAIL_LEVELS = { error: ["error"], warn: ["error", "warn"], off: [] } as const;

/** Calls by event of an earlier `--json`. */
function readBaseline(path: string): Readonly<Record<string, number>> {
  const wrong = (cause?: unknown) =>
    new AppError(
      "SCAN_BASELINE_INVALID",
      `Cannot read ${path}: it is no output of \`plumbline scan --json\``,
      { cause },
    );
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    throw wrong(cause);
  }
  const events = isObject(value) ? value["events"] : undefined;
  if (!isObject(events)) throw wrong();
  return Object.fromEntries(
    Object.entries(events).map(([id, its]) => {
      const calls = isObject(its) ? its["calls"] : undefined;
      if (!Array.isArray(calls)) throw wrong();
      return [id, calls.length];
    }),
  );
}

function textOf({ events, unplanned, dynamic, findings }: Inventory): string {
  const calls = Object.entries(events).flatMap(([id, { calls: sites }]) => {
    if (sites.length === 0) return [];
    const places = sites.map(
      ({ file, line, kind }) => `    ${file}:${line}${kind === "raw" ? pc.dim(" (raw)") : ""}`,
    );
    return [`${pc.bold(id)} ${sites.length}`, ...places];
  });
  const never = Object.values(events).filter((event) => event.calls.length === 0).length;
  return [
    ...calls,
    ...findings.map(findingLines),
    `${Object.keys(events).length - never} of ${Object.keys(events).length} events have a call; ${unplanned.length} unplanned, ${dynamic.length} dynamic`,
  ].join("\n");
}

async function scan(folder: string, flags: ScanFlags): Promise<void> {
  const root = resolve(folder);
  if (!existsSync(root) || !statSync(root).isDirectory())
    throw new UsageError(`There is no folder ${folder}`);
  const code = findCode(root, { includeTests: flags.includeTests === true });
  if (needsBaseline(code)) {
    startAgain();
    return;
  }
  const lock = requirePlan(flags.plan, flags);
  const unknown = (flags.source ?? []).find((source) => !Object.hasOwn(lock.sources, source));
  if (unknown !== undefined)
    throw new UsageError(
      `There is no source ${unknown}; the plan has: ${Object.keys(lock.sources).join(", ")}`,
    );
  const baseline = flags.baseline === undefined ? undefined : readBaseline(flags.baseline);
  const inventory = reconcile(lock, await scanFiles(root, code, { lock, isJson: flags.json === true }), {
    sources: flags.source,
    baseline,
  });
  const format = flags.json === true ? "json" : flags.format;
  if (format === "json") printLine(JSON.stringify(inventory, null, 2));
  else if (format === "text") printLine(textOf(inventory));
  else printLine(formatFindings(inventory.findings, format));
  const levels: readonly string[] = FAIL_LEVELS[flags.failOn];
  if (inventory.findings.some(({ level }) => levels.includes(level))) process.exitCode = EXIT.findings;
}

export function addScan(program: Command): void {
  program
    .command("scan [folder]")
    .description("Find the tracking calls in application code, and hold them against the plan")
    .option("--plan <file>", "the plan")
    .option("--source <ids...>", "whose code it is: only what these sources may send is missed")
    .option("--include-tests", "read tests, too")
    .option("--baseline <file>", "output of an earlier --json: tells events that lost calls")
    .addOption(
      new Option("--format <format>", "how it is printed")
        .choices(["text", "json", "sarif", "github"])
        .default("text"),
    )
    .addOption(
      new Option("--fail-on <level>", "least level that ends with 1")
        .choices(["error", "warn", "off"])
        .default("error"),
    )
    .action((folder: string | undefined, _: unknown, command: Command) =>
      scan(folder ?? ".", command.optsWithGlobals<ScanFlags>()),
    );
}
