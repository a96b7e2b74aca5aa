export type {
  EventJudgement,
  EventToJudge,
  OldIdLookup,
  OldIdOwner,
  ProfileJudgement,
  ProfileToJudge,
  Validator,
} from "./judgement.ts";
export { PROFILE_OPERATIONS } from "./lock.ts";
export type {
  Lock,
  LockDataClass,
  LockDeprecation,
  LockEvent,
  LockIdentity,
  LockOldIds,
  LockProfileProperty,
  LockProperty,
  OldIdForm,
  Owner,
  Presence,
  ProfileOperation,
  StringFormat,
  Trust,
  UnknownEventPolicy,
  UnknownPropertyPolicy,
  ValueType,
} from "./lock.ts";
export {
  REPAIR_RULES,
  RUNTIME_FINDINGS,
  type RepairRule,
  type RuntimeFindingId,
} from "./validator/finding-ids.ts";
export { makeValidator, type ValidatorOptions } from "./validator/make-validator.ts";
export {
  isBuiltInEvent,
  isGatewayProperty,
  isSdkEventProperty,
  isSdkProfileProperty,
  isUnsafeKey,
} from "./validator/built-in.ts";
export { datetimeFromNumber, datetimeFromText, eventTimeMs } from "./validator/datetime.ts";
export { numberFromText } from "./validator/fit-number.ts";
export {
  makeSupportingValidator,
  type OlderPlan,
  type OlderPlans,
} from "./validator/older-plans.ts";
export { isPlanStamp, planStamp } from "./validator/plan-stamp.ts";
export { releaseOf } from "./validator/release.ts";
export { isFormat } from "./validator/formats.ts";
export { looksLikePhone, oldIdSpelling } from "./validator/old-ids.ts";
export { foldName } from "./validator/names.ts";
export { similarName } from "./rules/similar-name.ts";
export type { KeyedHash } from "./validator/property-rule.ts";
export { eventJsonSchema, planJsonSchema, valueTypeJsonSchema } from "./json-schema.ts";
export { checkPlan, type CheckedPlan, type CheckOptions } from "./check-plan.ts";
export { lockText, parseLock, PLAN_DEFAULTS } from "./compile-lock.ts";
export { CHANGE_KINDS, type ChangeKind } from "./diff/change-kinds.ts";
export { COMMENT_MARKER, diffMarkdown, escapeMarkdown } from "./diff/diff-markdown.ts";
export { diffPlans } from "./diff/diff-plans.ts";
export { diffText, type Paint } from "./diff/diff-text.ts";
export {
  DIFF_FINDINGS,
  diffFindings,
  failsGate,
  GATE_LEVELS,
  type Gates,
  GATES_DEFAULT,
  levelOf,
} from "./diff/gates.ts";
export {
  AXES,
  type Axis,
  type AxisGrade,
  type Grade,
  type PlanChange,
  type PlanDiff,
  type VersionStep,
} from "./diff/plan-diff.ts";
export {
  trafficFindings,
  TrafficScale,
  type TrafficRow,
  type TrafficWeight,
  weighEvent,
} from "./diff/traffic-weight.ts";
export { exportCsv } from "./export/export-csv.ts";
export { exportHtml } from "./export/export-html.ts";
export { escapeHtml } from "./export/html/markup.ts";
export { exportMarkdown } from "./export/export-markdown.ts";
export { didYouMean, type LocatedDocument, parseLocated } from "./files/located-document.ts";
export type { PlanFiles } from "./files/plan-files.ts";
export { makeSchemaChecker, type SchemaChecker } from "./files/schema-findings.ts";
export { type FindingsFormat, formatFindings, type HelpUri } from "./findings-format.ts";
export type { GateLevel, RawDiff } from "./raw-plan.ts";
export { PLAN_SCHEMA, planSchemaDraft07 } from "./plan-schema.ts";
export { RENAME_KINDS, type RenameKind } from "./rename/find-entry.ts";
export { type PlannedRename, planRename, type RenameRequest } from "./rename/rename.ts";
export { PLAN_RULES, type PlanRuleId } from "./rules/rule-table.ts";
