// The people sync: profiles as a one-way copy of the application's database.
export type { CaptureMethod, CapturePlan, CaptureSettings, TableCapture } from "./capture/capture-plan.ts";
export { CAPTURE_NAME } from "./capture/capture-plan.ts";
export { type Database, openDatabase, sqlState } from "./database/database.ts";
export { quoteTable, shortName } from "./database/identifiers.ts";
export { type Catalogue, readCatalogue } from "./mapping/catalogue.ts";
export { type CompiledMapping, compileMapping } from "./mapping/compile-mapping.ts";
export { type ExplainedMapping, explainMapping } from "./mapping/explain-mapping.ts";
export { captureStanding, type CaptureStanding } from "./setup/capture-standing.ts";
export { databasesOf, lockOfDatabase } from "./mapping/lock-of-database.ts";
export type { Mapping } from "./mapping/mapping.ts";
export { usersAmong } from "./mapping/user-ids.ts";
export {
  checkReachable,
  type OpenedPeople,
  openPeopleContext,
  openSource,
  type PeopleContext,
  type PeopleDestination,
  type PeopleOptions,
} from "./people-context.ts";
export type { CaptureState } from "./capture/capture.ts";
export {
  createPeopleSync,
  type PeopleSync,
  type PeopleSyncOptions,
  type PeopleSyncState,
} from "./people-sync.ts";
export type { ExternalDrift } from "./operate/drift-tally.ts";
export { type ErasureProgress, pollErasures, runErasure, startErasure } from "./operate/erase.ts";
export { type DestinationExplanation, explainUser, type UserExplanation } from "./operate/explain.ts";
export { externalDrift, type ExternalDriftOptions } from "./operate/external-drift.ts";
export { type InternalDrift, internalDrift, type InternalDriftOptions } from "./operate/internal-drift.ts";
export { type QuarantinedUser, quarantinedUsers, retryQuarantined } from "./operate/quarantined-users.ts";
export { type DestinationStatus, peopleStatus, type PeopleStatus } from "./operate/status.ts";
export type { DeletedUsers } from "./sync/plan-update.ts";
export { SYNC_SETTINGS, type SyncSettings } from "./sync/settings.ts";
export type { AcknowledgedNotice } from "./sync/run-batch.ts";
export type { WorkerState } from "./sync/worker.ts";
export { type Job, type JobKind, type JobRequest, readJobs, requestJob } from "./jobs/jobs.ts";
export { applySetup, applyTeardown } from "./setup/apply-setup.ts";
export { checkCapture } from "./setup/check-capture.ts";
export { isReadyToCapture } from "./setup/findings.ts";
export { planCapture } from "./setup/plan-capture.ts";
export { readServerFacts } from "./setup/read-server-facts.ts";
export type { ServerFacts } from "./setup/server-facts.ts";
export { setupSql, teardownSql } from "./setup/setup-sql.ts";
export type { Step } from "./setup/step.ts";
export { migrateState, migrationSql, stateVersion } from "./state/migrations.ts";
