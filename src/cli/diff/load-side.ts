// One side of a diff: a lock, a plan file, or the plan as a git ref has it.
import { existsSync, readFileSync, realpathSync, statSync } from "node:fs";
import { dirname, join, basename, resolve } from "node:path";
import { AppError } from "../../core/index.ts";
import { type Gates, type Lock, parseLock } from "../../plan/index.ts";
import { FindingsError } from "../terminal/exit-codes.ts";
import { type LoadedPlan, loadPlan } from "../up/load-plan.ts";
import { gitPlanFiles } from "./git-plan-files.ts";

export interface Side {
  readonly lock: Lock;
  /** What the plan asks of a diff; a lock asks nothing. */
  readonly gates: Gates | undefined;
}

function checked({ lock, findings, gates }: LoadedPlan, of: string): Side {
  if (lock) return { lock, gates };
  const errors = findings.filter(({ level }) => level === "error");
  throw new FindingsError(errors.map((finding) => ({ ...finding, message: `${of}: ${finding.message}` })));
}

function isLock(text: string): boolean {
  return /^\s*\{/.test(text) && text.includes('"provenance"');
}

/** Git names files by where they really are. */
function realPath(path: string): string {
  return join(realpathSync(dirname(path)), basename(path));
}

/**
 * Loads what a command line names.
 *
 * @param named A file that is there, else a git ref.
 * @param plan Path of the plan here: the one that is looked for at a ref.
 * @throws {AppError} `GIT_UNUSABLE`, `GIT_REF_UNKNOWN`, `GIT_PLAN_MISSING`, `PLAN_LOCK_INVALID`
 * @throws {FindingsError} when the plan there has errors.
 */
export function loadSide(named: string, plan: string): Side {
  if (existsSync(named) && statSync(named).isFile()) {
    const path = resolve(named);
    const text = readFileSync(path, "utf8");
    return isLock(text) ? { lock: parseLock(text), gates: undefined } : checked(loadPlan(path), named);
  }
  const entry = realPath(plan);
  const files = gitPlanFiles(named, dirname(entry));
  if (files.read(entry) === undefined)
    throw new AppError(
      "GIT_PLAN_MISSING",
      `Cannot read ${named}: ${basename(entry)} is not there at that commit`,
    );
  return checked(loadPlan(entry, files), named);
}
