// Which version a difference asks for: breaking code is major, words alone are a patch, all else is minor.
import { CHANGE_KINDS } from "./change-kinds.ts";
import type { PlanChange, VersionStep } from "./plan-diff.ts";

const STEPS: readonly VersionStep[] = ["none", "patch", "minor", "major"];

type Version = readonly [number, number, number];

/** Parses `1.2.3`; undefined for anything else. */
function parseVersion(text: string | undefined): Version | undefined {
  const [, major, minor, patch] = /^(\d+)\.(\d+)\.(\d+)$/.exec(text ?? "") ?? [];
  return major === undefined ? undefined : [Number(major), Number(minor), Number(patch)];
}

function stepOf({ kind, axes }: PlanChange): VersionStep {
  if (axes.code.grade === "breaks" || CHANGE_KINDS[kind].always === true) return "major";
  return CHANGE_KINDS[kind].words === true ? "patch" : "minor";
}

/** The largest step that one of the changes asks for. */
export function stepDue(changes: readonly PlanChange[]): VersionStep {
  return STEPS[Math.max(0, ...changes.map((change) => STEPS.indexOf(stepOf(change))))] ?? "none";
}

/** The next version; undefined where the old one is not `MAJOR.MINOR.PATCH`. Below 1.0.0 a breaking step is a minor one. */
export function nextVersion(version: string | undefined, step: VersionStep): string | undefined {
  const parsed = parseVersion(version);
  if (parsed === undefined) return undefined;
  const [major, minor, patch] = parsed;
  if (step === "none") return `${major}.${minor}.${patch}`;
  if (step === "patch" || (major === 0 && step === "minor")) return `${major}.${minor}.${patch + 1}`;
  if (step === "minor" || major === 0) return `${major}.${minor + 1}.0`;
  return `${major + 1}.0.0`;
}

/** Whether a version is less than the one due. Unknown forms are never too low: nothing can be said. */
export function isLess(version: string | undefined, due: string | undefined): boolean {
  const [have, need] = [parseVersion(version), parseVersion(due)];
  if (have === undefined || need === undefined) return false;
  const index = have.findIndex((part, at) => part !== need[at]);
  return index >= 0 && (have[index] ?? 0) < (need[index] ?? 0);
}
