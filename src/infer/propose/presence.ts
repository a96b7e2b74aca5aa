// Whether a property is in every event, of all sources or of some. Only what held without an exception is called required.
import type { Presence } from "../../plan/index.ts";
import { KINDS, type PropertyProfile } from "../profile/property-profile.ts";
import { type EventCluster, timesSeen } from "./event-cluster.ts";
import type { DraftUse } from "./plan-draft.ts";

/** Fewer events than this prove no rule. */
export const REQUIRED_MIN_EVENTS = 20;

function overlapping(profiles: readonly PropertyProfile[]): number {
  const overlaps = new Set(profiles.map(({ overlap }) => overlap));
  let events = 0;
  for (const overlap of overlaps) events += overlap?.events ?? 0;
  return events;
}

/** Events that have the property, at least. */
export function presentIn(profiles: readonly PropertyProfile[]): number {
  // An event with three spellings overlaps twice: what is left is never too many.
  return profiles.reduce((total, profile) => total + timesSeen(profile), 0) - overlapping(profiles);
}

function inSource(profiles: readonly PropertyProfile[], source: number): number {
  let count = 0;
  for (const { counts } of profiles)
    for (let kind = 0; kind < KINDS; kind++) count += counts[source * KINDS + kind] ?? 0;
  return count;
}

/** The presence of one property in one event. */
export function presenceOf(
  cluster: EventCluster,
  profiles: readonly PropertyProfile[],
  sourceIds: readonly string[],
): DraftUse {
  if (cluster.count < REQUIRED_MIN_EVENTS) return { presence: "optional", sources: {} };
  if (presentIn(profiles) === cluster.count) return { presence: "required", sources: {} };
  const sources: Record<string, Presence> = {};
  if (overlapping(profiles) === 0)
    for (const [index, id] of sourceIds.entries()) {
      const events = cluster.bySource[index] ?? 0;
      if (events >= REQUIRED_MIN_EVENTS && inSource(profiles, index) === events) sources[id] = "required";
    }
  return { presence: "optional", sources };
}
