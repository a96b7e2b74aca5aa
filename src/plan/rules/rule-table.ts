// Every rule of `check`, with its level unless the plan says otherwise. `docs/findings/<id>.md` explains each, with examples that are its tests.
import type { FindingLevel } from "../../core/index.ts";

interface RuleEntry {
  readonly level: FindingLevel;
  /** Cannot be turned off or ignored: without it there is no plan to compile. */
  readonly fixed?: true;
}

export const PLAN_RULES = {
  "yaml-syntax": { level: "error", fixed: true },
  "yaml-feature": { level: "error", fixed: true },
  "unresolved-include": { level: "error", fixed: true },
  "unknown-key": { level: "error", fixed: true },
  "bad-value": { level: "error", fixed: true },
  "duplicate-id": { level: "error", fixed: true },
  "dangling-reference": { level: "error", fixed: true },
  "group-collision": { level: "error", fixed: true },
  "duplicate-name": { level: "error", fixed: true },
  "one-name-two-types": { level: "error" },
  "widened-property": { level: "error" },
  "contradictory-constraints": { level: "error", fixed: true },
  "unsafe-pattern": { level: "error", fixed: true },
  "reserved-name": { level: "error" },
  "provider-limit": { level: "error" },
  "naming-style": { level: "warn" },
  "similar-names": { level: "error" },
  "missing-description": { level: "warn" },
  "missing-owner": { level: "warn" },
  "missing-data-class": { level: "warn" },
  "undeclared-data-class": { level: "error", fixed: true },
  expired: { level: "warn" },
  "sunset-passed": { level: "warn" },
  "deprecated-without-way-out": { level: "error" },
  "state-owned-writable-by-client": { level: "error" },
  "owner-source-mismatch": { level: "error" },
  "identity-missing": { level: "error", fixed: true },
  "identity-translate": { level: "error", fixed: true },
  "unused-ignore": { level: "warn" },
  "expired-ignore": { level: "warn" },
} as const satisfies Record<string, RuleEntry>;

/** Id of a rule of `check`. */
export type PlanRuleId = keyof typeof PLAN_RULES;

export function isPlanRule(id: string): id is PlanRuleId {
  return Object.hasOwn(PLAN_RULES, id);
}
