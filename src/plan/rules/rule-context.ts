// What a rule reads, and what it answers.
import type { PlanLimits } from "../../core/index.ts";
import type { DocumentPath } from "../files/located-document.ts";
import type { RawPlan } from "../raw-plan.ts";
import type { ResolvedPlan } from "../resolve/resolve-plan.ts";
import type { PlanRuleId } from "./rule-table.ts";

/** One thing wrong, before its level and place are known. */
export interface RuleHit {
  readonly id: PlanRuleId;
  readonly path: DocumentPath;
  readonly message: string;
  readonly fix?: string;
}

export interface RuleContext {
  readonly raw: RawPlan;
  readonly resolved: ResolvedPlan;
  readonly limits: readonly PlanLimits[];
  /** `YYYY-MM-DD`. */
  readonly today: string;
}
