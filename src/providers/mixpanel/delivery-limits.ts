// What Mixpanel takes in one request, as data. Shared code reads these numbers and never asks which provider it talks to.
import type { DeliveryLimits } from "../../core/index.ts";

/**
 * Limits of `/import` (service account, or token as Basic user).
 * Source (read 2026-11): Mixpanel "Import Events" allows 2000 events; its text says 10 MB uncompressed, its example of a 413 says
 * 2 097 152 bytes. The smaller reading is used, with room for the line feeds; the same page advises 10 to 20 parallel clients.
 * "Create Profile" allows 2000 updates of 1 MB; another page advises 200, with which a sync of everybody takes ten times the requests.
 */
export const MIXPANEL_IMPORT_LIMITS: DeliveryLimits = {
  eventsPerRequest: 2000,
  eventRequestMaxBytes: 2_000_000,
  profilesPerRequest: 2000,
  profileRequestMaxBytes: 1_000_000,
  parallelEventRequests: 10,
  parallelProfileRequests: 4,
  // "Rate limits" has updates of profiles under the heading of events: about 30 000 a second.
  profileUpdatesPerSecond: 30_000,
};

/** Limits of `/track`, which takes events of the last 5 days only. Source (read 2026-11): Mixpanel "Track Events". */
export const MIXPANEL_TRACK_LIMITS: DeliveryLimits = {
  ...MIXPANEL_IMPORT_LIMITS,
  // Less than for `/import`: the token is added to each of up to 2000 events.
  eventRequestMaxBytes: 1_850_000,
  eventMaxAgeDays: 5,
};

/**
 * Events a second that a project takes, for delivery's `eventsPerSecond` setting.
 * Source (read 2026-11): Mixpanel "Rate limits": 2 GB of JSON a minute or about 30 000 events a second.
 */
export const MIXPANEL_EVENTS_PER_SECOND = 30_000;
