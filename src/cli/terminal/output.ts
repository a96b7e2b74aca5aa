// stdout is the result, stderr is for people. The only file that writes to either, beside the log and the prompts.
import pc from "picocolors";
import { AppError, type Finding } from "../../core/index.ts";
import { FindingsError } from "./exit-codes.ts";

export interface Output {
  readonly json: boolean;
  /** The result: as JSON, or as the lines that `text` gives. */
  result(value: unknown, text: () => string): void;
  /** For people; nothing with `--json`. */
  note(line: string): void;
}

/** Writes a line to stdout. */
export function printLine(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Makes the output of one command. */
export function makeOutput(json: boolean): Output {
  return {
    json,
    result: (value, text) => printLine(json ? JSON.stringify(value, null, 2) : text()),
    note: (line) => {
      if (!json) process.stderr.write(`${line}\n`);
    },
  };
}

const LEVEL_COLOURS = { error: pc.red, warn: pc.yellow, info: pc.cyan } as const;

/** One finding on one or two lines. */
export function findingLines(finding: Finding): string {
  const { level, id, at, where, message, fix } = finding;
  const place = where === undefined ? "" : `${where.file}:${where.line}:${where.column} `;
  const head = `${place}${LEVEL_COLOURS[level](level)} ${message} ${pc.dim(`[${id}] ${at}`)}`;
  return fix === undefined ? head : `${head}\n    ${pc.dim(fix)}`;
}

/** A finding that stops nothing, for people: on stderr, also with `--json`. */
export function noteFinding(finding: Finding): void {
  process.stderr.write(`${findingLines(finding)}\n`);
}

/** Prints what ended a command early. */
export function reportError(error: unknown, json: boolean): void {
  if (error instanceof FindingsError) {
    if (json) printLine(JSON.stringify({ findings: error.findings }, null, 2));
    else process.stderr.write(`${error.findings.map(findingLines).join("\n")}\n`);
    return;
  }
  const { message } = error instanceof Error ? error : new Error(String(error));
  if (error instanceof AppError) {
    if (json) printLine(JSON.stringify({ error: { code: error.code, message, hint: error.hint } }, null, 2));
    else
      process.stderr.write(`${pc.red("error")} ${message} ${pc.dim(`[${error.code}]`)}\n    ${error.hint}\n`);
    if (error.code !== "INTERNAL") return;
  } else if (json) printLine(JSON.stringify({ error: { code: "INTERNAL", message } }, null, 2));
  else process.stderr.write(`${pc.red("error")} ${message}\n`);
  if (error instanceof Error && error.name !== "UsageError") process.stderr.write(`${error.stack ?? ""}\n`);
}

/** A table with aligned columns. */
export function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const all = [head, ...rows.map((row) => row.map(String))];
  const widths = head.map((_, column) => Math.max(...all.map((row) => (row[column] ?? "").length)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd();
  return [pc.bold(line(head)), ...all.slice(1).map(line)].join("\n");
}

const PROGRESS_EVERY_MS = 200;
const PROGRESS_LINE_EVERY_MS = 5000;

/** Progress of long work: one line that changes on a terminal, plain lines elsewhere. */
export function makeProgress(json: boolean): { show(text: string): void; end(): void } {
  const isTerminal = process.stderr.isTTY;
  let at = 0;
  let shown = false;
  return {
    show: (text) => {
      const now = performance.now();
      if (json || now - at < (isTerminal ? PROGRESS_EVERY_MS : PROGRESS_LINE_EVERY_MS)) return;
      at = now;
      shown = isTerminal;
      process.stderr.write(isTerminal ? `\r\u001B[K${text}` : `${text}\n`);
    },
    end: () => {
      if (shown) process.stderr.write("\r\u001B[K");
    },
  };
}
