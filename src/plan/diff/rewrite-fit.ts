// Whether what shipped releases send fits the event that the gateway makes of it. Found by comparing the two as if one became the other.
import type { Lock, LockEvent } from "../lock.ts";
import { ChangeList } from "./change-list.ts";
import { diffProperties } from "./diff-properties.ts";

/** Rewrites that follow each other; `check` finds circles. */
const REWRITES_MAX = 20;
const STRICTNESS = { accept: 0, strip: 1, quarantine: 2 } as const;
const POLICIES = ["unknown_property", "invalid_property", "missing_property"] as const;

/** The event by whose rules a plan judges what is sent under another's name. */
export function judgedAs(event: LockEvent, lock: Lock): LockEvent {
  let now = event;
  for (let left = REWRITES_MAX; left > 0; left--) {
    const { deprecated } = now;
    const next =
      deprecated?.gateway === "rewrite" && deprecated.to !== undefined
        ? lock.events[deprecated.to]
        : undefined;
    if (next === undefined) return now;
    now = next;
  }
  return now;
}

function sourcesOf({ sources }: LockEvent, lock: Lock): readonly string[] {
  const own = Object.keys(sources);
  return own.length > 0 ? own : Object.keys(lock.sources);
}

/** True when nothing that passed as the one is refused or stripped as the other. */
export function isFit(list: ChangeList, before: LockEvent, after: LockEvent): boolean {
  const { base, head } = list.plans;
  const [old, now] = [sourcesOf(before, base), sourcesOf(after, head)];
  if (after.deprecated?.gateway === "drop" || old.some((source) => !now.includes(source))) return false;
  if (POLICIES.some((policy) => STRICTNESS[after[policy]] > STRICTNESS[before[policy]])) return false;
  const trial = new ChangeList(list.plans);
  diffProperties(trial, { id: "", before, after, sources: old });
  return trial.changes.every(({ axes }) => axes.rollout.grade === "none");
}
