// What can be wrong with a change set, and how bad it is. An error keeps `clean apply` from beginning.
import type { Finding } from "../../core/index.ts";

/** Ids of findings about change sets, with their levels. */
export const CHANGE_SET_FINDINGS = {
  "change-set-unknown-key": "error",
  "change-set-bad-value": "error",
  "change-set-duplicate-step": "error",
  "change-set-everyone": "warn",
  "change-set-no-selector": "error",
  "change-set-state-owned": "error",
  "change-set-unknown-target": "warn",
  "change-set-type-differs": "warn",
  "change-set-undoes": "error",
  "change-set-order": "warn",
  "change-set-unofficial": "error",
  "change-set-reserved-name": "error",
  "change-set-plan-changed": "error",
} as const satisfies Readonly<Record<string, Finding["level"]>>;

export type ChangeSetFindingId = keyof typeof CHANGE_SET_FINDINGS;

/** A mistake at a path of the file, before it has its place. */
export interface ChangeSetProblem {
  readonly id: ChangeSetFindingId;
  /** Keys and list indexes from the root of the file. */
  readonly path: readonly (string | number)[];
  readonly message: string;
  readonly fix: string;
}
