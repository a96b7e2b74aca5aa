// Every plan that held here, kept in the data folder by its stamp: releases in the wild are judged by the plan that they were made from.
// One file a plan: its lock, and when it was replaced. Written by `up` alone; read by the judge, wherever it runs.
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isObject } from "../../core/index.ts";
import {
  type Lock,
  lockText,
  type OlderPlan,
  type OlderPlans,
  parseLock,
  planStamp,
} from "../../plan/index.ts";

const FOLDER = "plans";
const NAME = /^([0-9a-f]{12})\.json$/;
/** More plans than this, and the one that was replaced first goes. */
export const ARCHIVED_PLANS_MAX = 200;

interface Archived {
  /** `null`: it holds now. */
  readonly retired_at: number | null;
  readonly lock: string;
}

function stampsIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).flatMap((file) => NAME.exec(file)?.[1] ?? []);
  } catch {
    // No folder: no plan held here yet.
    return [];
  }
}

function read(folder: string, stamp: string): Archived | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(join(folder, `${stamp}.json`), "utf8"));
    if (!isObject(value) || typeof value["lock"] !== "string") return undefined;
    const at = value["retired_at"];
    return { lock: value["lock"], retired_at: typeof at === "number" ? at : null };
  } catch {
    // Half a file, or one that somebody changed: events of that plan are judged by the present one.
    return undefined;
  }
}

function write(folder: string, stamp: string, archived: Archived): void {
  const part = join(folder, `${stamp}.json.part`);
  writeFileSync(part, JSON.stringify(archived));
  renameSync(part, join(folder, `${stamp}.json`));
}

/** Notes that a plan holds from now on, and that the one before does not. */
export function archivePlan(dataFolder: string, lock: Lock, now: number): void {
  const folder = join(dataFolder, FOLDER);
  mkdirSync(folder, { recursive: true });
  const current = planStamp(lock);
  const retired: { readonly stamp: string; readonly at: number }[] = [];
  for (const stamp of stampsIn(folder)) {
    if (stamp === current) continue;
    const archived = read(folder, stamp);
    if (archived === undefined) continue;
    if (archived.retired_at === null) write(folder, stamp, { ...archived, retired_at: now });
    retired.push({ stamp, at: archived.retired_at ?? now });
  }
  retired.sort((a, b) => b.at - a.at);
  for (const { stamp } of retired.slice(ARCHIVED_PLANS_MAX))
    rmSync(join(folder, `${stamp}.json`), { force: true });
  write(folder, current, { retired_at: null, lock: lockText(lock) });
}

/** The plans that held before `lock`. */
export function olderPlans(dataFolder: string, lock: Lock): OlderPlans {
  const folder = join(dataFolder, FOLDER);
  const current = planStamp(lock);
  return {
    stamps: new Set(stampsIn(folder).filter((stamp) => stamp !== current)),
    find: (stamp): OlderPlan | undefined => {
      const archived = read(folder, stamp);
      if (archived === undefined || archived.retired_at === null) return undefined;
      try {
        return { lock: parseLock(archived.lock), retiredAt: archived.retired_at };
      } catch {
        return undefined;
      }
    },
  };
}
