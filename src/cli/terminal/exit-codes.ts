// What a command ends with, and the two ways it can end early.
import { AppError, type Finding } from "../../core/index.ts";

/** Exit codes of every command. */
export const EXIT = { ok: 0, findings: 1, usage: 2, failed: 3, tryLater: 75 } as const;

/** A command found mistakes in its input; they are printed and the command ends with {@link EXIT}`.findings`. */
export class FindingsError extends Error {
  override readonly name = "FindingsError";
  readonly findings: readonly Finding[];

  constructor(findings: readonly Finding[]) {
    super(`${findings.length} findings`);
    this.findings = findings;
  }
}

/** The command line itself is wrong. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

const TRY_LATER: ReadonlySet<string> = new Set([
  "JOURNAL_FULL",
  "JOURNAL_LOCKED",
  "JOURNAL_IO",
  "LEXICON_BUSY",
  "LEXICON_UNREACHABLE",
  "CLEANUP_LOCKED",
  "CLEANUP_STOPPED",
  "CLEANUP_WAIT_TOO_LONG",
]);

/** No answer is worth another try; a refused password is not. */
function isWorthAnotherTry({ code, details }: AppError): boolean {
  return TRY_LATER.has(code) || (code === "PEOPLE_DATABASE_UNREACHABLE" && details["reason"] === "away");
}

/** Something is otherwise than the input says; nothing broke. */
const FOUND: ReadonlySet<string> = new Set([
  "CLEANUP_BACKUP_BROKEN",
  "CLEANUP_CHANGED_SINCE",
  "CLEANUP_STATE_OWNED",
  "CLEANUP_SURPRISE",
  "CLEANUP_TOO_MANY_FAILURES",
]);

/** The exit code for whatever ended a command. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof FindingsError) return EXIT.findings;
  if (error instanceof UsageError) return EXIT.usage;
  if (error instanceof AppError && FOUND.has(error.code)) return EXIT.findings;
  if (error instanceof AppError && isWorthAnotherTry(error)) return EXIT.tryLater;
  if (error instanceof AppError && error.code === "CONFIG_MISSING") return EXIT.usage;
  return EXIT.failed;
}
