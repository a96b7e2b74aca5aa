// One side of a comparison: a lock, a plan file, or the plan as it stood at a git ref (`main`, `HEAD~3`, `v2:old/plan.yaml`).
import { existsSync, readFileSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { AppError, type Finding, isObject } from "../../core/index.ts";
import { type CheckedPlan, checkPlan, type Lock, parseLock } from "../../plan/index.ts";
import { MIXPANEL_PLAN_LIMITS } from "../../providers/index.ts";
import { FindingsError } from "../terminal/exit-codes.ts";
import { loadPlan, todayIso } from "../up/load-plan.ts";
import { gitPlanFiles } from "./git-plan-files.ts";
import { commitOf, repositoryRoot } from "./git.ts";

export interface Side {
  readonly lock: Lock;
  /** Folder that the plan's places are named from. */
  readonly folder: string;
  /** Of a plan; a lock has no settings. */
  readonly settings: CheckedPlan["diff"];
}

/** A lock is JSON with the member `lock`; a plan in JSON has none. */
function isLockText(text: string): boolean {
  if (!/^\s*\{/.test(text)) return false;
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) && typeof value["lock"] === "number";
  } catch (error) {
    // A plan may begin with a brace and be YAML.
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

function usable(
  { lock, findings, diff }: Pick<CheckedPlan, "lock" | "findings" | "diff">,
  folder: string,
): Side {
  if (lock === undefined) throw new FindingsError(findings.filter(({ level }) => level === "error"));
  return { lock, folder, settings: diff };
}

/** Reads a plan or a lock from disk. */
export function openFile(path: string): Side {
  const file = resolve(path);
  if (file.endsWith(".json") && existsSync(file)) {
    const text = readFileSync(file, "utf8");
    if (isLockText(text)) return { lock: parseLock(text), folder: dirname(file), settings: {} };
  }
  return usable(loadPlan(file), dirname(file));
}

/** Findings of a plan that is only in git name the ref, so that nobody looks for them in the working tree. */
function atRef(finding: Finding, { root, ref }: { readonly root: string; readonly ref: string }): Finding {
  const { where } = finding;
  if (where === undefined) return finding;
  return { ...finding, where: { ...where, file: `${ref}:${relative(root, where.file)}` } };
}

/** Real path, so that a folder reached over a link is still inside its repository. The file need not be there. */
function realPath(file: string): string {
  let folder = dirname(file);
  const rest: string[] = [basename(file)];
  while (!existsSync(folder) && dirname(folder) !== folder) {
    rest.unshift(basename(folder));
    folder = dirname(folder);
  }
  return join(realpathSync(folder), ...rest);
}

/**
 * Reads the plan at a ref.
 *
 * @throws {AppError} `GIT_NOT_A_REPOSITORY`, `GIT_REF_UNKNOWN`, `GIT_PLAN_MISSING`.
 * @throws {FindingsError} when the plan there has errors.
 */
export function openRef(ref: string, plan: string): Side {
  const file = realPath(plan);
  let folder = dirname(file);
  while (!existsSync(folder)) folder = dirname(folder);
  const root = realpathSync(repositoryRoot(folder));
  const commit = commitOf(root, ref);
  const name = relative(root, file).replaceAll("\\", "/");
  const files = gitPlanFiles(root, commit);
  const text = name.startsWith("..") ? undefined : files.read(file);
  if (text === undefined)
    throw new AppError("GIT_PLAN_MISSING", `Cannot read ${name} at ${ref}: there is no such file`);
  if (isLockText(text)) return { lock: parseLock(text), folder: dirname(file), settings: {} };
  const checked = checkPlan(file, files, { limits: [MIXPANEL_PLAN_LIMITS], today: todayIso() });
  return usable(
    { ...checked, findings: checked.findings.map((one) => atRef(one, { root, ref })) },
    dirname(file),
  );
}

/**
 * Opens a side by what it was called: a file that is there, else `<ref>:<file>`, else a ref at which the plan is looked for.
 */
export function openSide(named: string, plan: string): Side {
  if (statSync(named, { throwIfNoEntry: false })?.isFile() === true) return openFile(named);
  const [, ref, path] = /^([^:]+):(.+)$/.exec(named) ?? [];
  if (ref === undefined || path === undefined) return openRef(named, plan);
  const root = repositoryRoot(process.cwd());
  // As git has it: from the root of the repository, or from here with a leading `./`.
  return openRef(ref, path.startsWith("./") || path.startsWith("../") ? resolve(path) : join(root, path));
}
