// The executors of operations on ids, for the engine of change sets: those that fit how the provider's project joins ids, and no others.
import type { StepExecutor } from "../apply/executor.ts";
import { mergeIds } from "./merge-ids.ts";
import { moveProfiles } from "./move-profiles.ts";
import type { IdMergeMode } from "./plan-ids.ts";
import { reimportIds } from "./reimport-ids.ts";

/** Executors of `merge_ids`, or of `move_profiles` and `reimport_ids`; none while nobody said how the project joins ids. */
export function idExecutors(mode: IdMergeMode | undefined): readonly StepExecutor[] {
  switch (mode) {
    case "original":
      return [mergeIds];
    case "simplified":
      return [moveProfiles, reimportIds];
    case undefined:
      return [];
  }
}
