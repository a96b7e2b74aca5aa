// What cleanup writes: every kind of step that touches profiles or events, applied and taken back.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { applyChangeSet, type RunOptions, undoChangeSet } from "../../src/cleanup/apply/run-change-set.ts";
import type { Operation } from "../../src/cleanup/change-set/change-set.ts";
import { idExecutors } from "../../src/cleanup/ids/executors.ts";
import { writeMapping } from "../../src/cleanup/ids/mapping.ts";
import { profileExecutors } from "../../src/cleanup/profiles/profile-executors.ts";
import { lockText } from "../../src/plan/index.ts";
import { makeSet, makeOptions } from "../cleanup/steps-system.ts";
import { compile } from "../support/plans.ts";
import { tempDirectory } from "../support/temp.ts";
import type { Stage } from "./home.ts";

const lock = lockText(
  compile(`plumbline: 1
name: safety
sources: { web: { trust: client } }
identity: { user_id: { format: uuid } }
lint: { rules: { missing-description: off, missing-data-class: off, missing-owner: off } }
events:
  orderPlaced: { name: Order placed, was: [order_placed], sources: [web], properties: { total: { type: number } } }
`),
);
const DAY_MS = 86_400_000;
const day = (ago: number): string => new Date(Date.now() - ago * DAY_MS).toISOString().slice(0, 10);
export const OLD = "ada@example.com";
export const NEW = "0190a5e0-1111-7222-8333-000000000001";

export interface CleanupCase {
  readonly operation: (folder: string) => Operation;
  readonly mode?: "original" | "simplified";
  /** Also taken back. */
  readonly isUndone: boolean;
}

/** An event as an app sent it from home, a day ago. */
async function plantEvent({ emulator }: Stage, distinctId: string): Promise<void> {
  const properties = {
    time: Date.now() - DAY_MS,
    distinct_id: distinctId,
    $insert_id: "old-1",
    total: "12",
    ip: "81.2.69.142",
  };
  const answer = await fetch(`${emulator.url}/import?strict=1&project_id=1`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      authorization: `Basic ${Buffer.from("sa:sa_secret").toString("base64")}`,
    },
    body: JSON.stringify([{ event: "order_placed", properties }]),
  });
  if (!answer.ok) throw new Error("planting was refused");
}

function optionsOf(stage: Stage, { operation, mode }: CleanupCase): RunOptions {
  const folder = tempDirectory("safety");
  const of = { kind: "where", where: 'defined(properties["$city"])' } as const;
  const changeSet = makeSet([{ operation: operation(folder), ...(mode === undefined ? { of } : {}) }]);
  const options = makeOptions({ url: stage.url, folder, changeSet, lock });
  const profiles = profileExecutors({ isUserId: (id) => id === NEW });
  return { ...options, executors: [...options.executors, ...profiles, ...idExecutors(mode)] };
}

/** Applies a step to two profiles and an event, and takes it back where it can be. */
export async function cleanUp(stage: Stage, its: CleanupCase): Promise<void> {
  const person = { $email: OLD, old_plan: "free", age: "12" };
  await stage.plant({ [OLD]: person, "second-id": { ...person, only_here: 1 } });
  await plantEvent(stage, its.mode === undefined ? NEW : OLD);
  const options = optionsOf(stage, its);
  const report = await applyChangeSet(options);
  const changed = report.steps.reduce((sum, step) => sum + step.changed, 0);
  if (changed === 0) throw new Error(`nothing was changed: ${JSON.stringify(report)}`);
  if (its.isUndone) await undoChangeSet(options);
}

const mapping = (folder: string): string => {
  const path = join(folder, "mapping.ndjson");
  writeFileSync(path, writeMapping([{ new: NEW, olds: [OLD] }]));
  return path;
};

/** By operation; `placesOnly`: it writes events, which have no "last seen". */
export const CLEANUP_CASES: Readonly<Record<string, CleanupCase & { readonly placesOnly?: true }>> = {
  unset: { operation: () => ({ do: "unset", properties: ["old_plan"] }), isUndone: true },
  rename: {
    operation: () => ({ do: "rename", from: "old_plan", to: "plan", onBoth: "keep" }),
    isUndone: true,
  },
  merge_spellings: {
    operation: () => ({ do: "merge_spellings", from: ["old_plan", "oldPlan"], to: "plan" }),
    isUndone: false,
  },
  retype: {
    operation: () => ({ do: "retype", property: "age", to: "integer", onMisfit: "keep" }),
    isUndone: true,
  },
  map_values: {
    operation: () => ({ do: "map_values", property: "old_plan", values: [{ from: "free", to: "basic" }] }),
    isUndone: false,
  },
  "delete_profiles, and undo": {
    operation: () => ({ do: "delete_profiles", ignoreAlias: true }),
    isUndone: true,
  },
  deduplicate: {
    operation: () => ({
      do: "deduplicate",
      by: "$email",
      isCaseSensitive: false,
      survivor: "oldest_created",
      merge: true,
    }),
    isUndone: false,
  },
  reimport_events: {
    operation: () => ({ do: "reimport_events", from: day(2), to: day(1) }),
    isUndone: false,
    placesOnly: true,
  },
  merge_ids: {
    operation: (folder) => ({ do: "merge_ids", mapping: mapping(folder), onConflict: "keep_new" }),
    mode: "original",
    isUndone: false,
  },
  move_profiles: {
    operation: (folder) => ({ do: "move_profiles", mapping: mapping(folder), onConflict: "keep_new" }),
    mode: "simplified",
    isUndone: true,
  },
  reimport_ids: {
    operation: (folder) => ({ do: "reimport_ids", mapping: mapping(folder), from: day(2), to: day(1) }),
    mode: "simplified",
    isUndone: false,
    placesOnly: true,
  },
};
