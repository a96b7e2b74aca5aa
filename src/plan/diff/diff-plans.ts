// What changed from one plan to another, what it breaks and for whom, and the version bump that is due. Pure.
import type { Lock } from "../lock.ts";
import { AXES, type Axis, type Bump, type Change, type Grade, rowOf } from "./change-table.ts";
import { compareEvents } from "./compare-events.ts";
import { comparePeople } from "./compare-people.ts";
import { comparePolicy } from "./compare-policies.ts";

export interface PlanDiff {
  readonly base: string;
  readonly head: string;
  /** Worst first, then by place. */
  readonly changes: readonly Change[];
  /** The worst grade on each axis. */
  readonly grades: Readonly<Record<Axis, Grade>>;
  readonly bump: Bump;
}

const GRADES: readonly Grade[] = ["none", "warns", "breaks"];
const BUMPS: readonly Bump[] = ["none", "patch", "minor", "major"];

/** Grades of a change added up: what sorts it. */
function weight(change: Change): number {
  const row = rowOf(change.kind);
  return AXES.reduce(
    (sum, axis) => sum + GRADES.indexOf(row[axis].grade) ** 2,
    row.always === true ? 100 : 0,
  );
}

function compareWhole(base: Lock, head: Lock): readonly Change[] {
  const changes: Change[] = [
    ...comparePolicy(
      { unknown_event: base.unknown_event },
      { unknown_event: head.unknown_event },
      "defaults",
    ),
  ];
  for (const [id, { trust }] of Object.entries(head.sources)) {
    const before = base.sources[id];
    if (!before) changes.push({ kind: "plan-source-added", at: `sources.${id}` });
    else if (before.trust !== trust)
      changes.push({ kind: "trust-changed", at: `sources.${id}`, detail: `${before.trust} → ${trust}` });
  }
  for (const id of Object.keys(base.sources))
    if (!Object.hasOwn(head.sources, id)) changes.push({ kind: "plan-source-removed", at: `sources.${id}` });
  if (JSON.stringify(base.identity.user_id) !== JSON.stringify(head.identity.user_id))
    changes.push({ kind: "user-id-changed", at: "identity.user_id" });
  if (base.identity.reset_on.join("\n") !== head.identity.reset_on.join("\n"))
    changes.push({ kind: "reset-changed", at: "identity.reset_on" });
  changes.push(
    ...comparePolicy(
      { missing_property: base.identity.missing },
      { missing_property: head.identity.missing },
      "identity.missing",
    ),
  );
  return changes;
}

/** Compares two plans. */
export function diffPlans(base: Lock, head: Lock): PlanDiff {
  const sides = { base, head };
  const changes = [...compareWhole(base, head), ...compareEvents(sides), ...comparePeople(sides)].sort(
    (a, b) => weight(b) - weight(a) || (a.at < b.at ? -1 : a.at > b.at ? 1 : 0),
  );
  const worst = (axis: Axis): Grade =>
    GRADES[Math.max(0, ...changes.map(({ kind }) => GRADES.indexOf(rowOf(kind)[axis].grade)))] ?? "none";
  return {
    base: base.hash,
    head: head.hash,
    changes,
    grades: {
      code: worst("code"),
      data: worst("data"),
      rollout: worst("rollout"),
      provider: worst("provider"),
    },
    bump: BUMPS[Math.max(0, ...changes.map(({ kind }) => BUMPS.indexOf(rowOf(kind).bump)))] ?? "none",
  };
}
