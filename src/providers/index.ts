export {
  createMixpanelProvider,
  MIXPANEL_GZIP_LEVEL,
  MIXPANEL_TIMEOUT_MS,
  type MixpanelOptions,
} from "./mixpanel/create-mixpanel-provider.ts";
export {
  MIXPANEL_EVENTS_PER_SECOND,
  MIXPANEL_IMPORT_LIMITS,
  MIXPANEL_TRACK_LIMITS,
} from "./mixpanel/delivery-limits.ts";
export {
  createMixpanelProfileStore,
  MIXPANEL_PROFILE_STORE_LIMITS,
  type MixpanelProfileStoreOptions,
} from "./mixpanel/profile-store.ts";
export { exportOrigin } from "./mixpanel/app-host.ts";
export { containsFilter } from "./mixpanel/profile-pages.ts";
export { MIXPANEL_PLAN_LIMITS } from "./mixpanel/plan-limits.ts";
export { compareLexicon, type LexiconComparison, type StoredEntity } from "./mixpanel/lexicon/compare.ts";
export { createMixpanelDictionary } from "./mixpanel/lexicon/dictionary.ts";
export {
  createMixpanelGovernance,
  MIXPANEL_GOVERNANCE_LIMITS,
  type MixpanelGovernanceOptions,
} from "./mixpanel/data-definitions.ts";
export {
  createMixpanelPrivacy,
  MIXPANEL_PRIVACY_LIMITS,
  type MixpanelPrivacyOptions,
} from "./mixpanel/privacy.ts";
export { createLexiconClient, type LexiconClient } from "./mixpanel/lexicon/client.ts";
export type { LexiconEntity, LexiconProperty } from "./mixpanel/lexicon/entity.ts";
export {
  createMixpanelReader,
  MIXPANEL_READ_LIMITS,
  type MixpanelReaderOptions,
} from "./mixpanel/reader.ts";
