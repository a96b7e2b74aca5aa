// Every error code of the project with its hint. Codes are public API: never reused, never renamed.
// `docs/errors.md` is generated from this table. Keep the table sorted by part, then by code.

export const ERROR_HINTS = {
  // core
  INTERNAL: "This is a bug in Plumbline. Please report it with the command and the stack.",
  // plan
  PLAN_PATTERN_UNSUPPORTED: "Write the pattern in RE2 syntax: no look-around and no back-references.",
} as const;

/** One of the codes in {@link ERROR_HINTS}. */
export type ErrorCode = keyof typeof ERROR_HINTS;
