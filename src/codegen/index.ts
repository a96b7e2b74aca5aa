export { EVENT_NAMES } from "./event-names.ts";
export type { GeneratedFile, Generator } from "./generator.ts";
export { generateClient, GENERATORS } from "./generate-client.ts";
export { GENERATED_MARK } from "./header.ts";
export type {
  ClientDeprecation,
  ClientDomain,
  ClientEvent,
  ClientModel,
  ClientProfileProperty,
  ClientProperty,
} from "./model/client-model.ts";
export type { ClientRule } from "./model/client-rule.ts";
export type { GenerateSettings } from "./settings.ts";
