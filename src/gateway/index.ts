export {
  GATEWAY_LIMITS,
  startGateway,
  type Gateway,
  type GatewayLimits,
  type GatewayOptions,
} from "./gateway-server.ts";
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
