// Makes the validator and normaliser of one lock. Immutable for its users: it remembers names it has seen, in bounds, and nothing else.
import type { EventToJudge, ProfileToJudge, Validator } from "../judgement.ts";
import type { Lock } from "../lock.ts";
import { Call } from "./call.ts";
import { EventRoutes, planEvents } from "./event-rules.ts";
import { compileFit } from "./fit.ts";
import { Identity } from "./identity.ts";
import { judgeEvent } from "./judge-event.ts";
import { judgeProfile } from "./judge-profile.ts";
import { MEMO_MAX_NAMES } from "./names.ts";
import type { KeyedHash } from "./property-rule.ts";

export interface ValidatorOptions {
  /**
   * Keyed hash (HMAC) for data classes with `gateway: hash`: 16 to 128 lower-case hexadecimal digits.
   * Without it such properties are removed: an unkeyed hash of an e-mail address is found by trying.
   */
  readonly hash?: KeyedHash;
}

/** Compiles every profile property once, so that a broken pattern shows when the plan is loaded. */
function checkProfiles(lock: Lock): void {
  for (const properties of [lock.people, ...Object.values(lock.groups)]) {
    for (const { type } of Object.values(properties)) compileFit(type);
  }
}

/**
 * Makes the validator of a plan. Judging never throws, whatever it is given.
 *
 * @throws {AppError} `PLAN_PATTERN_UNSUPPORTED` for a pattern that RE2 cannot compile.
 */
export function makeValidator(lock: Lock, options: ValidatorOptions = {}): Validator {
  const memo = { left: MEMO_MAX_NAMES };
  const hash = options.hash;
  const identity = new Identity(lock.identity);
  const plan = planEvents(lock, { hash, memo });
  checkProfiles(lock);
  const sources = new Map(
    Object.entries(lock.sources).map(([source, { trust }]) => [source, new EventRoutes(plan, source, trust)]),
  );
  const eventJudge = { sources, identity, unknownEvent: lock.unknown_event };
  const profileJudge = { lock, hash, memo, identity, tables: new Map() };
  const call = new Call();
  return {
    hash: lock.hash,
    judgeEvent: (input: EventToJudge) => judgeEvent(eventJudge, input, call),
    judgeProfile: (input: ProfileToJudge) => judgeProfile(profileJudge, input, call),
  };
}
