// A change set from its file. Paths in selectors are relative to the file.
import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import {
  type ChangeSet,
  type ChangeSetRules,
  checkChangeSet,
  parseChangeSet,
  type Selector,
  type Step,
} from "../../cleanup/index.ts";
import { AppError, type Finding } from "../../core/index.ts";
import type { Lock } from "../../plan/index.ts";
import { MIXPANEL_PLAN_LIMITS } from "../../providers/index.ts";
import type { Config } from "../config/config.ts";
import { FindingsError } from "../terminal/exit-codes.ts";

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new AppError("INPUT_UNREADABLE", `Cannot read ${file}`, { cause });
  }
}

function withPath(selector: Selector, folder: string): Selector {
  return selector.kind === "file" ? { kind: "file", file: resolve(folder, selector.file) } : selector;
}

/** Files that a step names are relative to the file of the set. */
function withPaths(step: Step, folder: string): Step {
  const { of, operation } = step;
  return {
    ...step,
    ...(of === undefined ? {} : { of: withPath(of, folder) }),
    ...("mapping" in operation && operation.mapping !== undefined
      ? { operation: { ...operation, mapping: resolve(folder, operation.mapping) } }
      : {}),
  };
}

/** A change set as it stands in its file. */
export interface ChangeSetFile {
  readonly file: string;
  readonly text: string;
  /** Paths as they are written. */
  readonly changeSet: ChangeSet;
  readonly locate: NonNullable<ChangeSetRules["locate"]>;
}

/**
 * Reads a change set.
 *
 * @throws {AppError} `INPUT_UNREADABLE`. @throws {FindingsError} every mistake in its shape, with its place.
 */
export function readChangeSet(file: string): ChangeSetFile {
  const text = readText(file);
  const parsed = parseChangeSet(text, file);
  if (parsed.kind === "findings") throw new FindingsError(parsed.findings);
  return { file, text, changeSet: parsed.changeSet, locate: parsed.locate };
}

/** The set with paths that hold in any folder. */
export function withFolder({ file, changeSet }: ChangeSetFile): ChangeSet {
  return { ...changeSet, steps: changeSet.steps.map((step) => withPaths(step, dirname(resolve(file)))) };
}

/** Holds it to the plan, to the destination's settings and to itself. */
export function checkFile(
  { changeSet, locate }: ChangeSetFile,
  { config, lock }: { readonly config: Config; readonly lock: Lock },
): readonly Finding[] {
  const destination = config.destinations.find(({ name }) => name === changeSet.destination);
  return checkChangeSet(changeSet, {
    lock,
    unofficial: destination?.unofficial ?? false,
    limits: MIXPANEL_PLAN_LIMITS,
    locate,
  });
}
