// All steps on profiles, for whoever wires the engine.
import type { StepExecutor } from "../apply/executor.ts";
import { PROPERTY_EXECUTOR } from "./change-properties.ts";
import { makeDeduplicateExecutor } from "./deduplicate-profiles.ts";
import { DELETE_EXECUTOR } from "./delete-profiles.ts";

/** `isUserId`: an id has the form that the plan gives to ids of users. */
export function profileExecutors(options: {
  readonly isUserId: (id: string) => boolean;
}): readonly StepExecutor[] {
  return [PROPERTY_EXECUTOR, DELETE_EXECUTOR, makeDeduplicateExecutor(options.isUserId)];
}
