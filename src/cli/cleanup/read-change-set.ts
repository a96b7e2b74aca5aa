// A change set from its file. Paths in selectors are relative to the file.
import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { parse } from "yaml";
import type { ChangeSet, Selector, Step } from "../../cleanup/index.ts";
import { AppError, isObject } from "../../core/index.ts";
import { UsageError } from "../terminal/exit-codes.ts";

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
    ...("mapping" in operation
      ? { operation: { ...operation, mapping: resolve(folder, operation.mapping) } }
      : {}),
  };
}

function isStep(value: unknown): value is Step {
  return isObject(value) && typeof value["id"] === "string" && isObject(value["operation"]);
}

/**
 * Reads a change set.
 *
 * @throws {AppError} `INPUT_UNREADABLE`. @throws {UsageError} when it is not a change set.
 */
export function readChangeSet(file: string): ChangeSet {
  const value: unknown = parse(readText(file));
  if (!isObject(value) || !Array.isArray(value["steps"]))
    throw new UsageError(`${file} is not a change set: it needs \`steps\``);
  for (const key of ["name", "destination", "plan"])
    if (typeof value[key] !== "string")
      throw new UsageError(`${file} is not a change set: it needs \`${key}\``);
  const steps = (value["steps"] as readonly unknown[]).filter(isStep);
  if (steps.length < value["steps"].length)
    throw new UsageError(`${file}: every step needs \`id\` and \`operation\``);
  if (new Set(steps.map(({ id }) => id)).size < steps.length)
    throw new UsageError(`${file}: two steps have the same id`);
  return {
    ...(value as unknown as ChangeSet),
    steps: steps.map((step) => withPaths(step, dirname(resolve(file)))),
  };
}
