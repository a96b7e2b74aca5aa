// Collects changes with what every one of them has: its axes, its sources, its place in the new plan or in the old one.
import type { FileLocation } from "../../core/index.ts";
import type { Lock } from "../lock.ts";
import { axesOf, type ChangeKind } from "./change-kinds.ts";
import type { PlanChange } from "./plan-diff.ts";

/** The two plans that are compared. */
export interface Plans {
  readonly base: Lock;
  readonly head: Lock;
}

/** What a detector says of one change. */
export interface FoundChange {
  readonly before?: string | undefined;
  readonly after?: string | undefined;
  /** Default: every source of the new plan. */
  readonly sources?: readonly string[];
}

function placeIn(lock: Lock, at: string): FileLocation | undefined {
  const text = lock.provenance[at];
  const [, file, line, column] = /^(.*):(\d+):(\d+)$/.exec(text ?? "") ?? [];
  return file === undefined ? undefined : { file, line: Number(line), column: Number(column) };
}

function parentsOf(at: string): readonly string[] {
  const steps = at.split(".");
  return steps.slice(1).map((_, index) => steps.slice(0, steps.length - index).join("."));
}

function placeOf({ base, head }: Plans, at: string): FileLocation | undefined {
  const own = placeIn(head, at) ?? placeIn(base, at);
  if (own !== undefined) return own;
  for (const parent of parentsOf(at)) {
    const place = placeIn(head, parent);
    if (place !== undefined) return place;
  }
  return undefined;
}

/** The changes found so far. */
export class ChangeList {
  readonly changes: PlanChange[] = [];
  readonly plans: Plans;

  constructor(plans: Plans) {
    this.plans = plans;
  }

  add(kind: ChangeKind, at: string, { before, after, sources }: FoundChange = {}): void {
    const where = placeOf(this.plans, at);
    this.changes.push({
      kind,
      at,
      ...(before === undefined ? {} : { before }),
      ...(after === undefined ? {} : { after }),
      sources: sources ?? Object.keys(this.plans.head.sources),
      axes: axesOf(kind),
      ...(where === undefined ? {} : { where }),
    });
  }
}

/** Values of the second list that the first does not have. */
export function addedTo<Value>(before: readonly Value[], after: readonly Value[]): readonly Value[] {
  return after.filter((value) => !before.includes(value));
}
