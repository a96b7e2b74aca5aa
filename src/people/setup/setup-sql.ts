// What set-up and its removal do, as steps with their SQL. Pure: nothing runs here.
import type { CapturePlan } from "../capture/capture-plan.ts";
import type { ServerFacts } from "./server-facts.ts";
import { type Step, step } from "./step.ts";
import { dropTriggerSteps, staleTriggerSteps, triggerSteps } from "./trigger-steps.ts";
import { dropSlotSteps, restoreSteps, staleWalSteps, walSteps } from "./wal-steps.ts";

/** Steps that are missing for a plan, in order; and removal of what an earlier plan left. Empty: everything stands as it should. */
export function setupSql(plan: CapturePlan, facts: ServerFacts): readonly Step[] {
  return [
    ...triggerSteps(plan, facts),
    ...walSteps(plan, facts),
    ...staleTriggerSteps(plan, facts),
    ...staleWalSteps(plan, facts),
  ];
}

/** Removes the schema with everything in it: outbox, trigger functions, and the state, where it is kept there. */
export function dropSchemaStep(): Step {
  return step({
    what: "remove the schema plumbline",
    sql: "drop schema if exists plumbline cascade",
    why: "It holds nothing but Plumbline's own: marks, fingerprints, positions, and the list of erased ids, which is gone with it.",
  });
}

/**
 * Steps that remove every trace from the application's database. The slot comes first: while something still reads it, nothing is removed.
 *
 * @param facts Read with or without a mapping: what is to be removed is known by its name and by what set-up remembered.
 */
export function teardownSql(facts: ServerFacts): readonly Step[] {
  return [
    ...dropSlotSteps(facts),
    ...dropTriggerSteps(facts),
    ...restoreSteps(facts, new Set()),
    ...(facts.hasSchema ? [dropSchemaStep()] : []),
  ];
}
