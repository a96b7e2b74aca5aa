// The people sync: profiles as a one-way copy of the application's database.
export type { CaptureMethod, CapturePlan, CaptureSettings, TableCapture } from "./capture/capture-plan.ts";
export { CAPTURE_NAME } from "./capture/capture-plan.ts";
export { type Database, openDatabase, sqlState } from "./database/database.ts";
export { shortName } from "./database/identifiers.ts";
export { type Catalogue, readCatalogue } from "./mapping/catalogue.ts";
export { type CompiledMapping, compileMapping } from "./mapping/compile-mapping.ts";
export { type ExplainedMapping, explainMapping } from "./mapping/explain-mapping.ts";
export type { Mapping } from "./mapping/mapping.ts";
export {
  checkReachable,
  type OpenedPeople,
  openPeopleContext,
  openSource,
  type PeopleContext,
  type PeopleDestination,
  type PeopleOptions,
} from "./people-context.ts";
export {
  type CaptureState,
  createPeopleSync,
  type PeopleSync,
  type PeopleSyncOptions,
  type PeopleSyncState,
} from "./people-sync.ts";
export type { DeletedUsers } from "./sync/plan-update.ts";
export { SYNC_SETTINGS, type SyncSettings } from "./sync/settings.ts";
export type { AcknowledgedNotice, WorkerState } from "./sync/worker.ts";
export { migrationSql, stateVersion } from "./state/migrations.ts";
