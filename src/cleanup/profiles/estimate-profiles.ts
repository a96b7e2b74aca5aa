// What a step on profiles will cost: pages read, updates sent, and how long that takes under the provider's limits. Pure.
import type { EstimateLimits, StepEstimate } from "../apply/executor.ts";
import type { Reversibility, Step } from "../change-set/change-set.ts";

const HOUR_MS = 3_600_000;

/** `updatesEach`: updates that one profile needs. */
export function estimateProfiles(
  step: Step,
  limits: EstimateLimits,
  parts: { readonly updatesEach: number; readonly reversibility: Reversibility },
): StepEstimate {
  const { reversibility } = parts;
  const count = step.expect?.count;
  if (count === undefined) return { count, requests: 0, durationMs: 0, reversibility };
  const { queriesPerHour, profilesPerPage } = limits.reader;
  const { profilesPerRequest, profileUpdatesPerSecond } = limits.provider;
  const updates = count * parts.updatesEach;
  // One page more to count, one to read back.
  const queries = Math.ceil(count / profilesPerPage) + 2;
  const queryMs = (Math.max(0, queries - queriesPerHour) / queriesPerHour) * HOUR_MS;
  const updateMs = profileUpdatesPerSecond === undefined ? 0 : (updates / profileUpdatesPerSecond) * 1000;
  return {
    count,
    requests: queries + Math.ceil(updates / profilesPerRequest),
    durationMs: Math.round(queryMs + updateMs),
    reversibility,
  };
}
