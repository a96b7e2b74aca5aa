// `plumbline listen`: a throw-away endpoint for CI runs of an app; ends with a report, and with 1 when something is wrong.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { type Command, InvalidArgumentError, Option } from "commander";
import type { FindingLevel, Log, Metrics } from "../../core/index.ts";
import { formatReport, type ListenFormat, startListener } from "../../gateway/index.ts";
import type { Lock } from "../../plan/index.ts";
import { systemClock } from "../adapters/system-clock.ts";
import { CONFIG_FILE, loadConfig } from "../config/load-config.ts";
import { EXIT, UsageError } from "../terminal/exit-codes.ts";
import { findingLines, printLine } from "../terminal/output.ts";
import { untilStopped } from "../terminal/until-stopped.ts";
import { readSdkFiles } from "../up/sdk-files.ts";
import { parsePort } from "./emulator.ts";
import type { GlobalOptions } from "./global-options.ts";
import { requirePlan } from "./plan-argument.ts";

interface Flags extends GlobalOptions {
  readonly plan?: string;
  readonly port: number;
  readonly host: string;
  readonly failOn: FindingLevel;
  readonly expect?: readonly string[];
  readonly source?: string;
  readonly token?: Readonly<Record<string, string>>;
  readonly origin?: readonly string[];
  readonly format: ListenFormat;
  readonly timeout?: number;
}

const SILENT: Metrics = { count: () => undefined, gauge: () => undefined, observe: () => undefined };

function parseList(text: string): string[] {
  return text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
}

function parseToken(text: string, before: Readonly<Record<string, string>> = {}): Record<string, string> {
  const [token = "", source] = text.split("=", 2);
  if (source === undefined) throw new InvalidArgumentError("write it as token=source");
  return { ...before, [token]: source };
}

function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (!(seconds > 0)) throw new InvalidArgumentError("seconds, more than 0");
  return seconds;
}

/** Tokens and origins of the configuration, where there is one. */
function fromConfig(flags: Flags): {
  readonly tokens: Record<string, string>;
  readonly origins: readonly string[];
} {
  if (flags.config === undefined && !existsSync(CONFIG_FILE)) return { tokens: {}, origins: [] };
  const { sources } = loadConfig(flags.config);
  const tokens = Object.fromEntries(
    sources.flatMap(({ id, tokens: own }) => own.map((token) => [token, id])),
  );
  return { tokens, origins: sources.flatMap(({ origins }) => origins) };
}

function defaultSource(lock: Lock, flags: Flags): string {
  const ids = Object.keys(lock.sources);
  const source = flags.source ?? ids[0];
  if (source !== undefined && ids.includes(source)) return source;
  throw new UsageError(`The plan has no such source; it has: ${ids.join(", ")}`);
}

function checkExpected(lock: Lock, expect: readonly string[]): void {
  const unknown = expect.filter((id) => lock.events[id] === undefined);
  if (unknown.length > 0) throw new UsageError(`The plan has no event with the id ${unknown.join(", ")}`);
}

/** stderr lines for what people must see while it runs. */
function makeLog(): Log {
  const line = (_: object, message: string): void => {
    process.stderr.write(`${message}\n`);
  };
  return { debug: () => undefined, info: () => undefined, warn: line, error: line };
}

/** Runs the command behind `--` with the listener's address; resolves with its exit code. */
async function runCommand([program = "", ...args]: readonly string[], url: string): Promise<number> {
  const child = spawn(program, args, {
    stdio: ["inherit", 2, "inherit"],
    env: { ...process.env, PLUMBLINE_LISTEN_URL: url },
  });
  const [code] = (await once(child, "exit")) as [number | null];
  return code ?? 1;
}

/** Waits for a signal or the time limit. */
async function untilOver(timeoutSeconds: number | undefined): Promise<number> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => {
    if (timeoutSeconds !== undefined) timer = setTimeout(resolve, timeoutSeconds * 1000);
  });
  await Promise.race([untilStopped(), limit]);
  clearTimeout(timer);
  return 0;
}

async function listen(command: readonly string[], flags: Flags): Promise<void> {
  const lock = requirePlan(flags.plan, flags);
  const { tokens, origins } = fromConfig(flags);
  const expect = flags.expect ?? [];
  checkExpected(lock, expect);
  const format = flags.json === true ? "json" : flags.format;
  const listener = await startListener({
    lock,
    failOn: flags.failOn,
    expect,
    host: flags.host,
    port: flags.port,
    tokens: { ...tokens, ...flags.token },
    defaultSource: defaultSource(lock, flags),
    origins: [...origins, ...(flags.origin ?? [])],
    files: readSdkFiles(),
    clock: systemClock,
    log: makeLog(),
    metrics: SILENT,
    onFinding: ({ event, finding }) => process.stderr.write(`${event}: ${findingLines(finding)}\n`),
  });
  // A signal counts from the moment at which somebody can read that it listens.
  const over = command.length === 0 ? untilOver(flags.timeout) : undefined;
  process.stderr.write(`plumbline listen: accepting on ${listener.url}\n`);
  if (format === "text" && command.length === 0) printLine(`plumbline listen: accepting on ${listener.url}`);
  const code = await (over ?? runCommand(command, listener.url));
  await listener.close();
  const report = listener.report();
  printLine(formatReport(report, format));
  if (!report.passed) process.exitCode = EXIT.findings;
  else if (code !== 0) process.exitCode = code;
}

export function addListen(program: Command): void {
  program
    .command("listen [command...]")
    .description("A throw-away endpoint for tests of an app: judges at once and ends with a report")
    .option("--plan <file>", "plan to judge by")
    .option("--port <port>", "port; 0 takes any free one", parsePort, 0)
    .option("--host <host>", "address to listen on", "127.0.0.1")
    .addOption(
      new Option("--fail-on <level>", "least level that ends with 1")
        .choices(["error", "warn", "info"])
        .default("error"),
    )
    .option("--expect <ids>", "events that must come, by id, separated by commas", parseList)
    .option("--source <id>", "source of tokens that nobody knows; default: the plan's first")
    .option("--token <token=source>", "source of a token; repeatable", parseToken)
    .option(
      "--origin <origin>",
      "browser origin that may send; repeatable",
      (one: string, before: readonly string[] | undefined) => [...(before ?? []), one],
    )
    .addOption(
      new Option("--format <format>", "form of the report")
        .choices(["text", "json", "junit", "github"])
        .default("text"),
    )
    .option("--timeout <seconds>", "end by itself", parseSeconds)
    .addHelpText(
      "after",
      "\nRun a test suite behind it:  plumbline listen --plan plan.yaml -- npm test\nThe command finds the address in PLUMBLINE_LISTEN_URL.",
    )
    .action((command: string[], _: unknown, self: Command) => listen(command, self.optsWithGlobals<Flags>()));
}
