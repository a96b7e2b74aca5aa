// Every trouble that `infer` can name, with its level. docs/guide/inferring-a-plan.md explains each.
import type { Finding, FindingLevel } from "../../core/index.ts";

export const INFER_FINDINGS = {
  "many-spellings": "warn",
  "spellings-together": "warn",
  "mixed-types": "warn",
  "text-for-boolean": "warn",
  "types-clash": "error",
  "personal-data": "error",
  "event-unseen": "warn",
  "event-renamed": "warn",
  "event-repurposed": "warn",
  "id-is-email": "error",
  "id-is-phone": "error",
  "id-is-placeholder": "error",
  "id-malformed": "error",
  "id-missing": "warn",
  "id-forms-mixed": "warn",
  "server-place": "warn",
  "names-from-values": "error",
  "event-nameless": "error",
  "over-the-cap": "warn",
} as const satisfies Record<string, FindingLevel>;

/** Id of a finding of `infer`. */
export type InferFindingId = keyof typeof INFER_FINDINGS;

/** Makes a finding of `infer`. */
export function inferFinding(id: InferFindingId, finding: Omit<Finding, "id" | "level">): Finding {
  return { id, level: INFER_FINDINGS[id], ...finding };
}
