// Other tools' plans from files: YAML documents of one project together, each JSON document by itself.
import { readFileSync, statSync } from "node:fs";
import { extname } from "node:path";
import { parseAllDocuments } from "yaml";
import { AppError } from "../../core/index.ts";
import { joinDrafts, type PlanDraft, readPlanExport } from "../../infer/index.ts";

/** A larger JSON file is traffic: plans are written by people. */
const PLAN_MAX_BYTES = 64 * 2 ** 20;
const YAML_EXTENSIONS: ReadonlySet<string> = new Set([".yaml", ".yml"]);

export interface SortedInputs {
  /** Files of events, and `-`. */
  readonly traffic: readonly string[];
  readonly plan: PlanDraft | undefined;
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new AppError("INPUT_UNREADABLE", `Cannot read ${path}`, { cause });
  }
}

function readYaml(path: string): readonly unknown[] {
  return [...parseAllDocuments(readText(path))].map((document) => {
    const [error] = document.errors;
    if (error !== undefined)
      throw new AppError(
        "INPUT_UNREADABLE",
        `Cannot read ${path}:${error.linePos?.[0].line ?? 1}: it is no YAML`,
        {
          cause: error,
        },
      );
    return document.toJS() as unknown;
  });
}

/** The document of a JSON file; undefined for lines of JSON and for what is too large to be a plan. */
function readJson(path: string): unknown {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size === 0 || size > PLAN_MAX_BYTES) return undefined;
  try {
    return JSON.parse(readText(path)) as unknown;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/**
 * Tells traffic from plans, and reads the plans.
 *
 * @throws {AppError} `INPUT_UNREADABLE` for a file that cannot be read, or a YAML file that is no plan.
 */
export function sortInputs(inputs: readonly string[], name: string): SortedInputs {
  const yaml = inputs.filter((path) => YAML_EXTENSIONS.has(extname(path)));
  const plans: PlanDraft[] = [];
  if (yaml.length > 0) {
    const plan = readPlanExport(yaml.flatMap(readYaml), name);
    if (plan === undefined)
      throw new AppError(
        "INPUT_UNREADABLE",
        `Cannot read ${yaml.join(", ")}: no plan of a tool that is known`,
      );
    plans.push(plan);
  }
  const traffic = inputs.filter((path) => {
    if (yaml.includes(path)) return false;
    if (extname(path) !== ".json") return true;
    const document = readJson(path);
    const plan = document === undefined ? undefined : readPlanExport([document], name);
    if (plan !== undefined) plans.push(plan);
    return plan === undefined;
  });
  const [first, ...rest] = plans;
  return { traffic, plan: first === undefined ? undefined : rest.reduce(joinDrafts, first) };
}
