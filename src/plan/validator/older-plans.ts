// Judges an event by the plan that its client was made from, as long as `support` lets such releases live. What it lets through then goes through
// the present plan's names, replacements and data classes, so that one history comes of all releases. Pure, like every validator.
import type { EventJudgement, EventToJudge, Validator } from "../judgement.ts";
import type { Lock, LockEvent } from "../lock.ts";
import { RANK } from "./call.ts";
import { planStamp } from "./plan-stamp.ts";
import { isSupported } from "./support-window.ts";
import { makeValidator, type ValidatorOptions } from "./make-validator.ts";

/** A plan that held before. */
export interface OlderPlan {
  readonly lock: Lock;
  /** When it was replaced, in milliseconds. */
  readonly retiredAt: number;
}

/** Where older plans come from; asked once for each stamp that it knows. */
export interface OlderPlans {
  /** Stamps that `find` knows. Stamps in events come from outside: others are never asked for. */
  readonly stamps: ReadonlySet<string>;
  /** `undefined` when the plan cannot be read after all. */
  find(stamp: string): OlderPlan | undefined;
}

/** The present plan as far as it holds for releases of older ones: names, replacements and data classes, and no demands. */
function lenient(lock: Lock): Lock {
  const events = Object.entries(lock.events).map(([id, event]): [string, LockEvent] => {
    const properties = Object.entries(event.properties).map(([name, { sources: _sources, ...property }]) => [
      name,
      { ...property, presence: "optional" as const },
    ]);
    return [
      id,
      {
        ...event,
        // No source in the list means every source.
        sources: {},
        properties: Object.fromEntries(properties) as LockEvent["properties"],
        unknown_property: "accept",
        invalid_property: "accept",
        missing_property: "accept",
      },
    ];
  });
  return {
    ...lock,
    unknown_event: "accept",
    // The older plan has judged who it is.
    identity: { ...lock.identity, user_id: { format: "any" }, missing: "accept" },
    events: Object.fromEntries(events),
  };
}

/** The older plan; who it is, is judged by the present one where that translates old ids: it knows what the older plan took for the right ones. */
function judgingBy(older: Lock, present: Lock): Lock {
  return present.identity.translate === undefined ? older : { ...older, identity: present.identity };
}

/** What the present plan says about what it does not demand is no finding. */
const TOLD: ReadonlySet<string> = new Set(["data-class-dropped", "data-class-forbidden", "deprecated-used"]);

function joined(first: EventJudgement, second: EventJudgement): EventJudgement {
  return {
    verdict: RANK[second.verdict] > RANK[first.verdict] ? second.verdict : first.verdict,
    eventId: second.eventId ?? first.eventId,
    output: second.output,
    repairs: [...first.repairs, ...second.repairs],
    findings: [...first.findings, ...second.findings.filter(({ id }) => TOLD.has(id))],
    withhold: second.withhold ?? first.withhold,
  };
}

/** A validator of the present plan that judges releases of older ones by their own. */
export function makeSupportingValidator(
  lock: Lock,
  older: OlderPlans,
  options: ValidatorOptions = {},
): Validator {
  const present = makeValidator(lock, options);
  const own = planStamp(lock);
  const known = new Map<string, { readonly plan: OlderPlan; readonly validator: Validator } | undefined>();
  let after: Validator | undefined;

  const validatorOf = (
    stamp: string,
  ): { readonly plan: OlderPlan; readonly validator: Validator } | undefined => {
    if (known.has(stamp)) return known.get(stamp);
    const plan = older.find(stamp);
    const found = plan && { plan, validator: makeValidator(judgingBy(plan.lock, lock), options) };
    known.set(stamp, found);
    return found;
  };

  const judgeEvent = (input: EventToJudge): EventJudgement => {
    const stamp: unknown = input.properties?.[lock.plan_property];
    if (typeof stamp !== "string" || stamp === own || !older.stamps.has(stamp))
      return present.judgeEvent(input);
    const found = validatorOf(stamp);
    if (!found || !isSupported(lock.support?.[input.source], found.plan.retiredAt, input.properties))
      return present.judgeEvent(input);
    const first = found.validator.judgeEvent(input);
    if (first.output === undefined) return first;
    after ??= makeValidator(lenient(lock), options);
    return joined(first, after.judgeEvent({ source: input.source, ...first.output }));
  };
  return {
    hash: lock.hash,
    judgeEvent: (input) => judgeEvent(input),
    judgeProfile: (input) => present.judgeProfile(input),
  };
}
