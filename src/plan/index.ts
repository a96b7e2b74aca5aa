export type {
  EventJudgement,
  EventToJudge,
  ProfileJudgement,
  ProfileToJudge,
  Validator,
} from "./judgement.ts";
export type {
  Lock,
  LockDataClass,
  LockDeprecation,
  LockEvent,
  LockIdentity,
  LockProfileProperty,
  LockProperty,
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
export type { KeyedHash } from "./validator/property-rule.ts";
export { eventJsonSchema, planJsonSchema, valueTypeJsonSchema } from "./json-schema.ts";
