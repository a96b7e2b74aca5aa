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
