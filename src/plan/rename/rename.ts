// One act: the id stays, the name changes, the old name joins `was`. Pure: says what a file becomes, and writes nothing.
import { AppError, type Finding } from "../../core/index.ts";
import { checkPlan, type CheckOptions } from "../check-plan.ts";
import type { PlanFiles } from "../files/plan-files.ts";
import { readPlan } from "../files/read-plan.ts";
import type { Lock } from "../lock.ts";
import { editEntry } from "./edit-entry.ts";
import { findEntry, type RenameKind } from "./find-entry.ts";
import { type RenameStep, renameSteps } from "./rename-steps.ts";

export interface RenameRequest {
  readonly kind: RenameKind;
  /** As a person calls it: `orderPlaced`, `events.orderPlaced.total`, `groups.company.seats`. */
  readonly id: string;
  /** New wire name. */
  readonly to: string;
}

export interface PlannedRename {
  readonly kind: "planned";
  /** Plan path of what is renamed. */
  readonly at: string;
  readonly from: string;
  readonly to: string;
  readonly file: string;
  readonly before: string;
  readonly after: string;
  /** Findings that the plan has after the edit and had not before. An error among them: nothing may be written. */
  readonly gained: readonly Finding[];
  readonly steps: readonly RenameStep[];
}

const keyOf = ({ id, at, message }: Finding): string => JSON.stringify([id, at, message]);

function countProperties(lock: Lock | undefined): number {
  return Object.values(lock?.events ?? {}).reduce(
    (total, { properties }) => total + Object.keys(properties).length,
    0,
  );
}

/**
 * Plans a rename.
 *
 * @throws {AppError} `RENAME_ID_UNKNOWN`, `RENAME_AMBIGUOUS`, `RENAME_NOT_HERE`; `RENAME_NAME_TAKEN` when it has the name
 *   already, or the new name would make two properties of an event one.
 */
export function planRename(
  {
    entry,
    files,
    options,
  }: { readonly entry: string; readonly files: PlanFiles; readonly options: CheckOptions },
  { kind, id, to }: RenameRequest,
): PlannedRename | { readonly kind: "unusable"; readonly findings: readonly Finding[] } {
  const old = checkPlan(entry, files, options);
  const read = readPlan(entry, files);
  const { plan } = read;
  if (plan === undefined || old.lock === undefined) return { kind: "unusable", findings: old.findings };
  const { path, name: from } = findEntry(kind, id, plan);
  const at = path.join(".");
  if (from === to)
    throw new AppError("RENAME_NAME_TAKEN", `Cannot rename ${at}: it has the name "${to}" already`);
  const { file } = read.locate(path);
  const before = files.read(file) ?? "";
  const after = editEntry(before, { path, from, to });
  const changed: PlanFiles = {
    expand: (globs, fromFile) => files.expand(globs, fromFile),
    read: (one) => (one === file ? after : files.read(one)),
  };
  const now = checkPlan(entry, changed, options);
  if (now.lock !== undefined && countProperties(now.lock) < countProperties(old.lock))
    throw new AppError("RENAME_NAME_TAKEN", `Cannot rename ${at}: an event has another property "${to}"`);
  const known = new Set(old.findings.map(keyOf));
  return {
    kind: "planned",
    at,
    from,
    to,
    file,
    before,
    after,
    gained: now.findings.filter((finding) => !known.has(keyOf(finding))),
    steps: renameSteps(kind, from, to),
  };
}
