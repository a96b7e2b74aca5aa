// The executors of operations on ids, for the engine of change sets: those that fit how the provider's project joins ids, and no others.
import type { StepExecutor } from "../apply/executor.ts";
import { makeMergeIds } from "./merge-ids.ts";
import { makeMoveProfiles } from "./move-profiles.ts";
import type { IdMergeMode } from "./plan-ids.ts";
import { reimportIds } from "./reimport-ids.ts";

/**
 * Executors of `merge_ids`, or of `move_profiles` and `reimport_ids`; none while nobody said how the project joins ids.
 *
 * @param stateOwned Wire names of the profile properties that a people sync writes to this provider.
 */
export function idExecutors(
  mode: IdMergeMode | undefined,
  stateOwned: ReadonlySet<string> = new Set(),
): readonly StepExecutor[] {
  switch (mode) {
    case "original":
      return [makeMergeIds(stateOwned)];
    case "simplified":
      return [makeMoveProfiles(stateOwned), reimportIds];
    case undefined:
      return [];
  }
}
