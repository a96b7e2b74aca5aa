export {
  GATEWAY_LIMITS,
  startGateway,
  type Gateway,
  type GatewayLimits,
  type GatewayOptions,
} from "./gateway-server.ts";
export type { MarkTaker } from "./admission/plan-marks.ts";
export { RAW_LOG } from "./raw-record.ts";
export type { Answer, DecodeResult, HttpAnswer, ReceivedItem, Receiver } from "./receiver.ts";
export { makeJsonReceiver } from "./receivers/json/index.ts";
export { makeMixpanelReceiver } from "./receivers/mixpanel/index.ts";
export { MIXPANEL_ROUTES, makeSideRoutes, type MixpanelRoutes } from "./receivers/mixpanel/side-routes.ts";
export {
  makeSourceTable,
  type ClientAddressPolicy,
  type SourceSettings,
  type SourceTable,
} from "./sources.ts";
export { openGeolocation, type Geolocate, type Place } from "./enrich/geolocation.ts";
export {
  createJudge,
  judgeNow,
  JUDGE_CONSUMER,
  type Judge,
  type JudgeOptions,
} from "./judge/create-judge.ts";
export type { VerdictNotice } from "./judge/judge-batch.ts";
export { judgeUserId, type JudgedUserId } from "./judge/judge-user-id.ts";
export { makeSnapshot, type PlanSnapshot } from "./judge/snapshot.ts";
export { type JudgedPair, previewPlan, type PreviewReport, type PreviewRow } from "./preview/preview-plan.ts";
export { readReceived, type Received } from "./preview/read-received.ts";
export {
  findQuarantined,
  showQuarantined,
  summariseQuarantine,
  type QuarantineFilter,
  type QuarantineGroup,
} from "./quarantine/find-quarantined.ts";
export type { QuarantinedItem, QuarantineRecord } from "./quarantine/record.ts";
export { discardQuarantine, replayQuarantine, type ReplayReport } from "./quarantine/replay.ts";
export { makeOldIdTable, OldIdOwners } from "./old-ids/owners.ts";
export { countWaiting } from "./old-ids/waiting.ts";
export { trimQuarantine } from "./quarantine/retention.ts";
export type { ListenReport, SeenFinding } from "./listen/collect.ts";
export { formatReport, type ListenFormat } from "./listen/format-report.ts";
export { startListener, type Listener } from "./listen/start-listener.ts";
