// The table: every kind of change, and what it does on each axis. Detection knows the kinds, gates know the grades.
// A kind's id is public: configuration, SARIF and comments name it, and `docs/guide/changing-the-plan.md` explains it.
import { EVENT_KINDS, PROPERTY_KINDS } from "./event-kinds.ts";
import type { KindEntry } from "./kind-entry.ts";
import type { Axis, AxisGrade } from "./plan-diff.ts";
import { PEOPLE_KINDS, PLAN_KINDS } from "./plan-kinds.ts";

/** Said of an axis on which a kind changes nothing. */
export const NOTHING_CHANGES: Readonly<Record<Axis, string>> = {
  code: "Callers go on compiling",
  data: "What is stored keeps its meaning",
  rollout: "Releases already shipped are judged as before",
  provider: "The provider needs no step",
};

const TABLE = { ...EVENT_KINDS, ...PROPERTY_KINDS, ...PEOPLE_KINDS, ...PLAN_KINDS };

/** Kind of a change; its id in configuration, comments and findings. */
export type ChangeKind = keyof typeof TABLE;

/** Every kind of change with its row of the table. */
export const CHANGE_KINDS: Readonly<Record<ChangeKind, KindEntry>> = TABLE;

function gradeOf(kind: ChangeKind, axis: Axis): AxisGrade {
  const [grade, why] = CHANGE_KINDS[kind][axis] ?? (["none", NOTHING_CHANGES[axis]] as const);
  return { grade, why };
}

/** What a kind of change does on each axis. */
export function axesOf(kind: ChangeKind): Readonly<Record<Axis, AxisGrade>> {
  return {
    code: gradeOf(kind, "code"),
    data: gradeOf(kind, "data"),
    rollout: gradeOf(kind, "rollout"),
    provider: gradeOf(kind, "provider"),
  };
}
