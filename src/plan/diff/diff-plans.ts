// Compares two locks. Entries are matched by id; renames and heirs by `was` and by name. Pure.
import type { Lock } from "../lock.ts";
import { bareLock } from "./bare-lock.ts";
import { ChangeList } from "./change-list.ts";
import { diffDataClasses } from "./diff-data-classes.ts";
import { diffEvents } from "./diff-events.ts";
import { diffPeople } from "./diff-people.ts";
import { diffDefaults, diffIdentity, diffSources } from "./diff-plan-settings.ts";
import { foldChanges } from "./fold-changes.ts";
import type { PlanDiff, PlanIdentity } from "./plan-diff.ts";
import { isLess, nextVersion, stepDue } from "./version-due.ts";

function identityOf({ name, hash, version }: Lock): PlanIdentity {
  return { name, hash, ...(version === undefined ? {} : { version }) };
}

/** What changes from one plan to another, in the order of the plan. The same plans give the same list. */
export function diffPlans(base: Lock, head: Lock): PlanDiff {
  const list = new ChangeList({ base: bareLock(base), head: bareLock(head) });
  diffSources(list);
  diffIdentity(list);
  diffDefaults(list);
  diffDataClasses(list);
  diffEvents(list);
  diffPeople(list);
  const changes = foldChanges(list.changes);
  const step = stepDue(changes);
  const version = nextVersion(base.version, step);
  return {
    base: identityOf(base),
    head: identityOf(head),
    changes,
    due: { step, ...(version === undefined ? {} : { version }) },
    isVersionTooLow: isLess(head.version, version),
  };
}
