// The executors of operations on ids, for the engine of change sets.
import type { StepExecutor } from "../apply/executor.ts";
import { mergeIds } from "./merge-ids.ts";
import { moveProfiles } from "./move-profiles.ts";
import { reimportIds } from "./reimport-ids.ts";

/** Executors of `merge_ids`, `move_profiles` and `reimport_ids`. */
export const ID_EXECUTORS: readonly StepExecutor[] = [mergeIds, moveProfiles, reimportIds];
