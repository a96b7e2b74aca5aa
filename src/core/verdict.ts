// The words for what the gateway did with one event or profile update.

/**
 * From best to worst. `repaired`: names or values were normalised, nothing was lost. `stripped`: at least one property was
 * removed. `quarantined`: kept aside with its findings, can be replayed. `dropped`: the plan says to let it go.
 */
export type Verdict = "accepted" | "repaired" | "stripped" | "quarantined" | "dropped";

/** All verdicts, best first. */
export const VERDICTS: readonly Verdict[] = ["accepted", "repaired", "stripped", "quarantined", "dropped"];

/** One change made on the way through, with the rule that made it. Names only, never values. */
export interface Repair {
  /** Rule id, kebab-case, for example `event-renamed`, `property-renamed`, `boolean-from-string`. */
  readonly rule: string;
  /** `event`, `properties.plan_tier`, `$set.plan_tier`. */
  readonly at: string;
  /** The name as it came, where a name changed. */
  readonly from?: string;
  /** The name as it went out, where a name changed. */
  readonly to?: string;
}
