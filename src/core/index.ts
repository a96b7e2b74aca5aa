export { AppError, assertNever, type ErrorDetails } from "./errors.ts";
export { ERROR_HINTS, type ErrorCode } from "./error-codes.ts";
export type { FileLocation, Finding, FindingLevel } from "./findings.ts";
export { canonicalJson, isObject, type JsonObject, type JsonValue } from "./json.ts";
export {
  appendOutbox,
  encodeOutbox,
  OUTBOX_LOG,
  type OutboxHeader,
  type OutboxRecord,
  readOutboxEntry,
} from "./outbox.ts";
export {
  lockFile,
  type HeldLock,
  type LockAnswer,
  type LockHolder,
  type LockOptions,
} from "./process-lock.ts";
export { Pace, type PaceSettings, type PaceState } from "./pace.ts";
export { gunzipStream } from "./gunzip.ts";
export type {
  Clock,
  DeliveryKind,
  DeliveryLimits,
  DeliveryOutcome,
  DeliveryRequest,
  EpochMs,
  ItemFailure,
  Journal,
  JournalRecord,
  JournalTable,
  JournalWrite,
  Labels,
  Log,
  LogStats,
  Metrics,
  OldIdProgress,
  OldIdTable,
  PeopleMarks,
  PlanLimits,
  ProfileAnswer,
  ProfileStore,
  ProfileStoreLimits,
  Position,
  Provider,
  StoredProfile,
} from "./ports.ts";
export { type SendOptions, sendUpdates, type UserOutcome, type UserUpdate } from "./send-updates.ts";
export { VERDICTS, type Repair, type Verdict } from "./verdict.ts";
export { WakeUp } from "./wake-up.ts";
export type {
  DictionaryEntry,
  ExportWindow,
  ProfilePage,
  ProfileQuery,
  ProviderReader,
  ProviderReadLimits,
} from "./provider-reading.ts";
export type {
  DictionaryLimits,
  DictionaryName,
  DropFilter,
  EventDeletion,
  EventGovernance,
  EventGovernanceLimits,
  PrivacyLaw,
  PrivacyLimits,
  PrivacyRequest,
  PrivacyRequests,
  PrivacyState,
  PrivacyTaskState,
  ProviderDictionary,
  StoredDropFilter,
  StoredEventDeletion,
} from "./provider-governance.ts";
