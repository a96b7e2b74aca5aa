// Before anything happens: what the steps on ids cost. Pure.
import type { Reversibility, Step } from "../change-set/change-set.ts";
import type { EstimateLimits, StepEstimate } from "../apply/executor.ts";

const HOUR_MS = 3_600_000;
const UPDATES_PER_SECOND = 30_000;
/** Old and new id. */
const IDS_A_PERSON = 2;

export interface IdWork {
  /** How often a person's ids are asked for. */
  readonly reads: number;
  /** Updates or events a person. */
  readonly sends: number;
  readonly perRequest: number;
  readonly reversibility: Reversibility;
}

/** Reckons by the count that the step expects. */
export function estimateIds(step: Step, { reader, provider }: EstimateLimits, work: IdWork): StepEstimate {
  const count = step.expect?.count;
  const people = count ?? 0;
  const queries = work.reads * Math.ceil((people * IDS_A_PERSON) / reader.profilesPerPage);
  const sends = Math.ceil((people * work.sends) / work.perRequest);
  const beyond = Math.max(0, queries - reader.queriesPerHour);
  const perSecond = provider.profileUpdatesPerSecond ?? UPDATES_PER_SECOND;
  const durationMs = (beyond / reader.queriesPerHour) * HOUR_MS + ((people * work.sends) / perSecond) * 1000;
  return {
    count,
    requests: queries + sends,
    durationMs: Math.round(durationMs),
    reversibility: work.reversibility,
  };
}
