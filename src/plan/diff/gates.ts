// From a diff to findings: what a gate stops is an error, what it warns of a warning.
import type { FileLocation, Finding } from "../../core/index.ts";
import type { Lock } from "../lock.ts";
import { AXES, type Axis, type Change, rowOf } from "./change-table.ts";
import type { PlanDiff } from "./diff-plans.ts";

export type Gate = "fail" | "warn" | "off";
export type Gates = Readonly<Record<Axis, Gate>>;

/** Shipped releases cannot be repaired; the rest is for the review to weigh. */
export const DEFAULT_GATES: Gates = { code: "warn", data: "warn", rollout: "fail", provider: "warn" };

const AXIS_WORDS: Readonly<Record<Axis, string>> = {
  code: "Code",
  data: "Data",
  rollout: "Rollout",
  provider: "Provider",
};

const PLACE = /^(.*):(\d+):(\d+)$/;

/** Where a change stands: in the head, else nowhere; a removal stands at nothing. */
export function placeOf(head: Lock, at: string): FileLocation | undefined {
  for (let path = at; path !== ""; path = path.slice(0, Math.max(0, path.lastIndexOf(".")))) {
    const found = PLACE.exec(head.provenance[path] ?? "");
    if (found) return { file: found[1] ?? "", line: Number(found[2]), column: Number(found[3]) };
  }
  return undefined;
}

/** The change as one sentence. */
export function sentenceOf({ kind, detail, sources }: Change): string {
  const about = [detail, sources && `for ${sources.join(", ")}`].filter((text) => text !== undefined);
  return `${rowOf(kind).title}${about.length === 0 ? "" : `: ${about.join(", ")}`}`;
}

/** Findings of a diff, worst first. One change may be a finding on several axes. */
export function diffFindings(diff: PlanDiff, head: Lock, gates: Gates): readonly Finding[] {
  return diff.changes.flatMap((change): readonly Finding[] => {
    const { kind, at } = change;
    const row = rowOf(kind);
    const where = placeOf(head, at);
    const base = { at, ...(where === undefined ? {} : { where }) };
    const message = sentenceOf(change);
    if (row.always === true)
      return [
        {
          ...base,
          id: "diff-reused",
          level: "error",
          message,
          fix: "Take another id or name: this one has a history.",
        },
      ];
    return AXES.flatMap((axis): readonly Finding[] => {
      const { grade, why } = row[axis];
      if (grade === "none" || gates[axis] === "off") return [];
      const level = grade === "breaks" && gates[axis] === "fail" ? "error" : "warn";
      return [
        {
          ...base,
          id: `diff-${axis}`,
          level,
          message: `${AXIS_WORDS[axis]}: ${message}`,
          ...(why === undefined ? {} : { fix: why }),
        },
      ];
    });
  });
}
