// The one error class. Expected outcomes are data; only a broken operation throws.
import { ERROR_HINTS, type ErrorCode } from "./error-codes.ts";

/** Safe to log: names, counts and sizes. Never property values, tokens or SQL parameters. */
export type ErrorDetails = Readonly<Record<string, string | number>>;

/** An operation that could not be done. Branch on `code`, never on the text. */
export class AppError extends Error {
  override readonly name = "AppError";
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message: string, options: { details?: ErrorDetails; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.code = code;
    this.details = options.details ?? {};
  }

  /** What the reader can do next. */
  get hint(): string {
    return ERROR_HINTS[this.code];
  }
}

/** Ends a `switch` over a union: a new alternative stops compiling instead of falling through. */
export function assertNever(value: never): never {
  throw new AppError("INTERNAL", `Cannot handle the alternative ${JSON.stringify(value)}`);
}
