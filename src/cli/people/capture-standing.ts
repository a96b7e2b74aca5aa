// How a mapping's changes are to be noticed, beside what there is: the method of each table and why, what is wrong, and the SQL that is missing.
import type { Finding } from "../../core/index.ts";
import {
  type CapturePlan,
  checkCapture,
  isReadyToCapture,
  type PeopleContext,
  planCapture,
  readServerFacts,
  type ServerFacts,
  setupSql,
  type Step,
} from "../../people/index.ts";

export interface CaptureStanding {
  readonly facts: ServerFacts;
  readonly plan: CapturePlan;
  readonly findings: readonly Finding[];
  /** What set-up would run; empty when everything is in place. */
  readonly steps: readonly Step[];
  /** Whether the sync can begin. */
  readonly isReady: boolean;
}

/** Reads and plans; changes nothing. */
export async function captureStanding({
  source,
  mapping,
  capture,
}: Pick<PeopleContext, "source" | "mapping" | "capture">): Promise<CaptureStanding> {
  const facts = await readServerFacts(source, mapping, capture);
  const { plan, findings: planned } = planCapture(mapping, facts, capture);
  const findings = [...planned, ...checkCapture(plan, facts, capture)];
  return { facts, plan, findings, steps: setupSql(plan, facts), isReady: isReadyToCapture(findings) };
}
