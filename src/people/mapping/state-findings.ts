// What compiling a mapping may find, with its level. Each has a page in docs/findings.

export const STATE_FINDINGS = {
  "state-mapping": "error",
  "state-type-mismatch": "error",
  "state-no-source": "warn",
  "state-no-index": "warn",
} as const;

export type StateFindingId = keyof typeof STATE_FINDINGS;
