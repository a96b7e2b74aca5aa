// Cleanup: what a provider holds, change sets, applying and undoing them, and ids that were never meant to change.
export type {
  EstimateLimits,
  RequestKind,
  StepEstimate,
  StepExecutor,
  StepProgress,
  StepReport,
  StepSettings,
} from "./apply/executor.ts";
export { openRequestBudget, type RequestBudget } from "./apply/request-budget.ts";
export {
  applyChangeSet,
  checkExpectation,
  countStep,
  enabledSteps,
  executorOf,
  refuseStateOwned,
  type RunOptions,
  undoChangeSet,
} from "./apply/run-change-set.ts";
export { folderName } from "./apply/run-folder.ts";
export { isClean, type RunReport, runReportText } from "./apply/run-report.ts";
export { BACKOFF_DEFAULTS, makeStepLimits } from "./apply/step-limits.ts";
export { type ChangeSetRules, checkChangeSet } from "./change-set/check-change-set.ts";
export { CHANGE_SET_FINDINGS, type ChangeSetFindingId } from "./change-set/change-set-findings.ts";
export { CHANGE_SET_SCHEMA } from "./change-set/change-set-schema.ts";
export { costText, reversibilityText } from "./change-set/estimate-text.ts";
export { parseChangeSet, type ParsedChangeSet } from "./change-set/parse-change-set.ts";
export { refreshEstimates, type StepEstimates, writeChangeSet } from "./change-set/write-change-set.ts";
export type { ChangeSet, Operation, Reversibility, Selector, Step } from "./change-set/change-set.ts";
export { profileExecutors } from "./profiles/profile-executors.ts";
export {
  type ComparedMapping,
  compareProfiles,
  type ProfileFacts,
  walkIds,
  type WalkOptions,
} from "./ids/compare-profiles.ts";
export { idExecutors } from "./ids/executors.ts";
export { type IdRules, makeIdRules } from "./ids/id-shape.ts";
export { type IdProblem, type IdReport, IdTally } from "./ids/id-tally.ts";
export { type MappedPerson, readMapping, writeMapping } from "./ids/mapping.ts";
export { type IdMergeMode, type IdsToPlan, type PlannedIds, planIds } from "./ids/plan-ids.ts";
export { createDictionaryExecutor } from "./dictionary/dictionary-executor.ts";
export { createDeleteEventsExecutor } from "./events/delete-events.ts";
export { createDropFilterExecutor } from "./events/drop-filters.ts";
export { createReimportExecutor, type ReimportOptions } from "./events/reimport-events.ts";
export {
  type FollowedStep,
  type FollowedTask,
  followPrivacy,
  type FollowOptions,
} from "./privacy/follow-privacy.ts";
export type { DictionaryEvent } from "./inventory/event-items.ts";
export { inventoryHtml } from "./inventory/inventory-html.ts";
export { inventoryText } from "./inventory/inventory-text.ts";
export {
  BUCKETS,
  type Bucket,
  type Inventory,
  type InventoryItem,
  type Subject,
} from "./inventory/inventory.ts";
export { InventoryFiles, type InventoryBinding } from "./inventory/inventory-files.ts";
export {
  INVENTORY_FILE,
  type InventoryOptions,
  isTidy,
  personProperty,
  takeInventory,
} from "./inventory/take-inventory.ts";
export type { UserExists } from "./inventory/walk-profiles.ts";
export { type ParsedInventory, parseInventory } from "./inventory/parse-inventory.ts";
export { createPrivacyExecutor } from "./privacy/privacy-executor.ts";
export type { ProposedChangeSet, ToPropose } from "./plan/proposal.ts";
export { proposeChangeSet } from "./plan/propose-change-set.ts";
