// From changes to findings: gates say, by axis, whether what breaks ends the command, is told, or is let pass.
import type { Finding, FindingLevel } from "../../core/index.ts";
import type { GateLevel } from "../raw-plan.ts";
import { CHANGE_KINDS } from "./change-kinds.ts";
import { AXES, type Axis, type Grade, GRADES, type PlanChange, type PlanDiff } from "./plan-diff.ts";

/** What happens where something breaks, by axis. */
export type Gates = Readonly<Record<Axis, GateLevel>>;

/**
 * Gates of a plan that says nothing. Only the rollout axis fails: what it loses, nobody sees. The compiler sees what breaks
 * code; who reads the data and what the provider needs, people decide.
 */
export const GATES_DEFAULT: Gates = { code: "warn", data: "warn", rollout: "fail", provider: "warn" };

/** Ids of findings that are no single change. */
export const DIFF_FINDINGS = ["version-too-low", "traffic-lost"] as const;

/** What a breaking change is under each gate. */
export const GATE_LEVELS = { fail: "error", warn: "warn", off: "info" } as const satisfies Record<
  GateLevel,
  FindingLevel
>;
const LEVELS: readonly FindingLevel[] = ["info", "warn", "error"];

/** Whether a grade is what gates are for. */
export function isBreaking(grade: Grade): boolean {
  return GRADES.indexOf(grade) >= GRADES.indexOf("needs-approval");
}

function levelOn(grade: Grade, gate: GateLevel): FindingLevel {
  if (isBreaking(grade)) return GATE_LEVELS[gate];
  return grade === "warns" && gate !== "off" ? "warn" : "info";
}

function worst(levels: readonly FindingLevel[]): FindingLevel {
  return LEVELS[Math.max(0, ...levels.map((level) => LEVELS.indexOf(level)))] ?? "info";
}

/** How bad a change is under the gates. */
export function levelOf({ kind, axes }: PlanChange, gates: Gates): FindingLevel {
  if (CHANGE_KINDS[kind].always === true) return "error";
  return worst(AXES.map((axis) => levelOn(axes[axis].grade, gates[axis])));
}

/** `before → after`, or the one there is. */
export function stepText({ before, after }: Pick<PlanChange, "before" | "after">): string {
  if (before === undefined) return after ?? "";
  return after === undefined ? before : `${before} → ${after}`;
}

function messageOf(change: PlanChange): string {
  const step = stepText(change);
  const said = AXES.flatMap((axis) => {
    const { grade, why } = change.axes[axis];
    return grade === "none" ? [] : [`${axis} ${grade}: ${why}`];
  });
  return [`${CHANGE_KINDS[change.kind].title}${step === "" ? "" : ` (${step})`}`, ...said].join("; ");
}

function toFinding(change: PlanChange, gates: Gates): Finding {
  const { kind, at, where, sources } = change;
  const { fix } = CHANGE_KINDS[kind];
  const [source] = sources;
  return {
    id: kind,
    level: levelOf(change, gates),
    at,
    ...(where === undefined ? {} : { where }),
    ...(source !== undefined && sources.length === 1 ? { source } : {}),
    message: messageOf(change),
    ...(fix === undefined ? {} : { fix }),
  };
}

/** Findings of a difference: one for each change, and one for a version that is too low. */
export function diffFindings(diff: PlanDiff, gates: Gates): readonly Finding[] {
  const { due, head, isVersionTooLow } = diff;
  const version: readonly Finding[] = isVersionTooLow
    ? [
        {
          id: "version-too-low",
          level: "error",
          at: "version",
          message: `The plan says version ${head.version ?? ""}, and ${due.version ?? ""} is due`,
          fix: `Set \`version: ${due.version ?? ""}\`, or more.`,
        },
      ]
    : [];
  return [...version, ...diff.changes.map((change) => toFinding(change, gates))];
}

/** Whether a change ends the command with findings. */
export function failsGate(findings: readonly Finding[]): boolean {
  return findings.some(({ level }) => level === "error");
}
