// One compiled plan with its validator, immutable. The judge works under exactly one at a time.
import { makeValidator, type Lock, type Validator, type ValidatorOptions } from "../../plan/index.ts";

export interface PlanSnapshot {
  readonly hash: string;
  readonly lock: Lock;
  readonly validator: Validator;
}

/**
 * Makes the snapshot of a lock.
 *
 * @throws {AppError} `PLAN_PATTERN_UNSUPPORTED` for a pattern that RE2 cannot compile.
 */
export function makeSnapshot(lock: Lock, options: ValidatorOptions = {}): PlanSnapshot {
  return { hash: lock.hash, lock, validator: makeValidator(lock, options) };
}
