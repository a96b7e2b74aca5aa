// A difference in one line: how many changes, what they break, which version is due.
import { isBreaking } from "./gates.ts";
import { AXES, type PlanDiff } from "./plan-diff.ts";

function dueText({ due, base }: PlanDiff): string {
  const from = base.version === undefined ? "" : `${base.version} → `;
  return due.version === undefined
    ? `${due.step} version due`
    : `${due.step} version due: ${from}${due.version}`;
}

/** One line about a difference. */
export function summariseDiff(diff: PlanDiff): string {
  const { changes } = diff;
  if (changes.length === 0) return "The plans mean the same.";
  const broken = AXES.flatMap((axis) => {
    const count = changes.filter(({ axes }) => isBreaking(axes[axis].grade)).length;
    return count === 0 ? [] : [`${axis} ${count}`];
  });
  const count = `${changes.length} ${changes.length === 1 ? "change" : "changes"}`;
  return `${count}; ${broken.length === 0 ? "nothing breaks" : `breaking: ${broken.join(", ")}`}; ${dueText(diff)}`;
}
