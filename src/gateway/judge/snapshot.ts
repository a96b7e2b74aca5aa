// One compiled plan with its validator, immutable. The judge works under exactly one at a time.
import {
  type Lock,
  makeSupportingValidator,
  makeValidator,
  type OlderPlans,
  type Validator,
  type ValidatorOptions,
} from "../../plan/index.ts";

export interface PlanSnapshot {
  readonly hash: string;
  readonly lock: Lock;
  readonly validator: Validator;
}

/**
 * Makes the snapshot of a lock; with `older`, events of releases that older plans made are judged by those.
 *
 * @throws {AppError} `PLAN_PATTERN_UNSUPPORTED` for a pattern that RE2 cannot compile.
 */
export function makeSnapshot(
  lock: Lock,
  { older, ...options }: ValidatorOptions & { readonly older?: OlderPlans } = {},
): PlanSnapshot {
  const validator = older ? makeSupportingValidator(lock, older, options) : makeValidator(lock, options);
  return { hash: lock.hash, lock, validator };
}
