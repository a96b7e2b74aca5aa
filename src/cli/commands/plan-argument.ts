// The plan a command works on: named on the command line, else by the configuration, else `plan.yaml` here.
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { Lock } from "../../plan/index.ts";
import { CONFIG_FILE, loadConfig } from "../config/load-config.ts";
import { FindingsError } from "../terminal/exit-codes.ts";
import { loadPlan } from "../up/load-plan.ts";
import type { GlobalOptions } from "./global-options.ts";

const PLAN_FILE = "plan.yaml";

/** Path of the plan. */
export function planPath(named: string | undefined, globals: GlobalOptions): string {
  if (named !== undefined) return resolve(named);
  if (globals.config !== undefined || (existsSync(CONFIG_FILE) && !existsSync(PLAN_FILE)))
    return loadConfig(globals.config).plan;
  return resolve(PLAN_FILE);
}

/**
 * The compiled plan.
 *
 * @throws {FindingsError} when the plan has errors.
 */
export function requirePlan(named: string | undefined, globals: GlobalOptions): Lock {
  const { lock, findings } = loadPlan(planPath(named, globals));
  if (!lock) throw new FindingsError(findings.filter(({ level }) => level === "error"));
  return lock;
}
