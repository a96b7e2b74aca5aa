// Compiles plans from text, as the command line does from files.
import { checkPlan, type Lock, type PlanFiles } from "../../src/plan/index.ts";
import { MIXPANEL_PLAN_LIMITS } from "../../src/providers/index.ts";

export const TODAY = "2026-11-23";

/** Files in memory; `*` in a glob stands for any name. */
export function memoryFiles(files: Readonly<Record<string, string>>): PlanFiles {
  return {
    read: (path) => files[path],
    expand: (globs) =>
      Object.keys(files)
        .filter((path) =>
          globs.some((glob) =>
            new RegExp(`^${glob.replaceAll(".", "\\.").replaceAll("*", ".*")}$`).test(path),
          ),
        )
        .sort(),
  };
}

/** Checks a plan in memory. */
export function check(files: Readonly<Record<string, string>>, entry = "plan.yaml", today = TODAY) {
  return checkPlan(entry, memoryFiles(files), { limits: [MIXPANEL_PLAN_LIMITS], today });
}

/** Compiles a plan that must be right. */
export function compile(text: string): Lock {
  const { lock, findings } = check({ "plan.yaml": text });
  if (!lock) throw new Error(`the plan is wrong: ${JSON.stringify(findings)}`);
  return lock;
}

/** Compiles the people of a plan, whose property ids are their names; `state` says where the users are, `translate` where old ids are. */
export function lockOf({
  people,
  state = {},
  translate = {},
}: {
  readonly people: object;
  readonly state?: object;
  readonly translate?: object;
}): Lock {
  const plan = {
    plumbline: 1,
    name: "people",
    sources: { web: { trust: "client" }, api: { trust: "server" } },
    identity: { user_id: { format: "uuid" }, translate },
    state,
    people,
    lint: { rules: { "missing-description": "off", "missing-data-class": "off", "missing-owner": "off" } },
  };
  return compile(JSON.stringify(plan));
}
