// Reads, checks and compiles the plan from disk, and remembers which files it came from.
import { relative } from "node:path";
import { MIXPANEL_PLAN_LIMITS } from "../../providers/index.ts";
import type { Finding } from "../../core/index.ts";
import { type CheckedPlan, checkPlan, type Lock } from "../../plan/index.ts";
import { diskPlanFiles } from "../plan-files.ts";

export interface LoadedPlan {
  readonly findings: readonly Finding[];
  /** Undefined when a finding is an error. */
  readonly lock: Lock | undefined;
  readonly clients: CheckedPlan["clients"];
  readonly diff: CheckedPlan["diff"];
  readonly files: readonly string[];
}

/** Today as the plan's dates are written. */
export function todayIso(): string {
  return new Date().toISOString().slice(0, 10);
}

/** Names a file as people here do, and as annotations of a code host need it: from the working folder. */
export function fromHere(finding: Finding): Finding {
  const { where } = finding;
  if (where === undefined) return finding;
  const file = relative(process.cwd(), where.file);
  return file.startsWith("..") ? finding : { ...finding, where: { ...where, file } };
}

/** Loads a plan; mistakes are findings. */
export function loadPlan(entry: string): LoadedPlan {
  const disk = diskPlanFiles();
  const files = new Set<string>([entry]);
  const { findings, lock, clients, diff } = checkPlan(
    entry,
    {
      expand: (globs, from) => disk.expand(globs, from),
      read: (path) => {
        files.add(path);
        return disk.read(path);
      },
    },
    { limits: [MIXPANEL_PLAN_LIMITS], today: todayIso() },
  );
  return { findings: findings.map(fromHere), lock, clients, diff, files: [...files] };
}
