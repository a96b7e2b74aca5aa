// Cleanup: what a provider holds, change sets, applying and undoing them, and ids that were never meant to change.
export {
  type ComparedMapping,
  compareProfiles,
  type ProfileFacts,
  walkIds,
  type WalkOptions,
} from "./ids/compare-profiles.ts";
export { ID_EXECUTORS } from "./ids/executors.ts";
export { type IdRules, makeIdRules } from "./ids/id-shape.ts";
export { type IdProblem, type IdReport, IdTally } from "./ids/id-tally.ts";
export { type MappedPerson, readMapping, writeMapping } from "./ids/mapping.ts";
export { type IdMergeMode, type IdsToPlan, type PlannedIds, planIds } from "./ids/plan-ids.ts";
