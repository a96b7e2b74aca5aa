// The commands as a person runs them, by the change set that the guide prints.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { diskPlanFiles } from "../../src/cli/plan-files.ts";
import { checkPlan } from "../../src/plan/index.ts";
import { MIXPANEL_PLAN_LIMITS } from "../../src/providers/index.ts";
import { type Local, startLocal } from "../emulator/local.ts";
import { ensureDist } from "../support/dist.ts";
import { eventually } from "../support/emulator-client.ts";
import { type Ran, plumbline } from "../support/run-plumbline.ts";
import { tempDirectory } from "../support/temp.ts";
import { plant, profilesOf } from "./local-project.ts";

const directory = tempDirectory("clean-cli");
const MAIN = new URL("../../dist/cli/main.js", import.meta.url).pathname;
const GUIDE = readFileSync(new URL("../../docs/guide/cleaning-up.md", import.meta.url), "utf8");
const PLAN = `plumbline: 1
name: acme
sources: { api: { trust: server } }
identity: { user_id: { format: uuid } }
events: { done: { name: Thing done, sources: { api: {} }, properties: {} } }
`;

beforeAll(() => {
  ensureDist();
});

interface Project {
  readonly folder: string;
  readonly local: Local;
  /** The guide's change set, with counts that fit. */
  readonly file: string;
  readonly clean: (...args: readonly string[]) => Promise<Ran>;
}

let made = 0;
async function makeProject(change: (text: string) => string = (text) => text): Promise<Project> {
  made += 1;
  const folder = join(directory, `project-${made}`);
  const local = await startLocal();
  mkdirSync(folder);
  const planFile = join(folder, "plan.yaml");
  writeFileSync(planFile, PLAN);
  const { lock } = checkPlan(planFile, diskPlanFiles(), {
    limits: [MIXPANEL_PLAN_LIMITS],
    today: "2026-11-25",
  });
  writeFileSync(
    join(folder, "plumbline.yaml"),
    `plumbline: 1
plan: plan.yaml
data: data
sources: { api: { token: api_token } }
destinations: { product: { kind: mixpanel, host: "${local.url}", token: t, project_id: 1, service_account: { username: sa, secret: sa_secret }, backoff_ms: 5, backoff_max_ms: 20 } }
`,
  );
  const printed = /```yaml\n(name: spring-clean[\s\S]*?)```/.exec(GUIDE)?.[1] ?? "";
  const file = join(folder, "changes.yaml");
  const text = printed
    .replace('"…"', lock?.hash ?? "")
    .replace("count: 48210", "count: 40")
    .replace("count: 310", "count: 10");
  writeFileSync(file, change(text));
  await plant(
    local.url,
    Object.fromEntries(
      Array.from({ length: 60 }, (_, at) => [
        `u${at}`,
        at < 20
          ? { planTier: "free" }
          : at < 40
            ? { "Plan Tier": "pro", planTier: "team" }
            : at < 50
              ? { plan_tier: "loadtest" }
              : { plan_tier: "pro" },
      ]),
    ),
  );
  const clean = (...args: readonly string[]): Promise<Ran> => plumbline(["clean", ...args], { cwd: folder });
  return { folder, local, file, clean };
}

test("the guide's change set: a dry run changes nothing, apply does it, undo brings it back", async () => {
  const { local, folder, file, clean } = await makeProject();
  const before = await profilesOf(local.url);
  const dry = await clean("apply", file);
  expect(dry.code, dry.stderr).toBe(0);
  expect(dry.stdout).toContain("one-spelling: merge_spellings: 40 (expected 40)");
  expect(dry.stdout).toContain("A dry run");
  expect(await profilesOf(local.url)).toEqual(before);
  expect(existsSync(join(folder, "data/cleanup/spring-clean"))).toBe(false);

  const applied = await clean("apply", file, "--apply", "--json", "--verify", "all");
  expect(applied.code, applied.stderr).toBe(0);
  expect(JSON.parse(applied.stdout)).toMatchObject({
    state: { kind: "applied" },
    steps: [
      { step: "one-spelling", changed: 40, verified: { checked: 40, wrong: 0 } },
      { step: "bots", changed: 10, verified: { checked: 10, wrong: 0 } },
    ],
  });
  const after = await profilesOf(local.url);
  expect(Object.keys(after)).toHaveLength(50);
  expect(new Set(Object.values(after).flatMap(Object.keys))).toEqual(new Set(["plan_tier"]));
  expect(readFileSync(join(folder, "data/cleanup/spring-clean/apply.txt"), "utf8")).toContain("40 changed");

  const undone = await clean("undo", file, "--apply");
  expect(undone.code, undone.stderr).toBe(0);
  expect(await profilesOf(local.url)).toEqual(before);
});

test("a count that is off ends with 1 and changes nothing, in a dry run as well", async () => {
  const { local, file, clean } = await makeProject((text) => text.replace("count: 10", "count: 20"));
  const before = await profilesOf(local.url);
  expect((await clean("apply", file)).code).toBe(1);
  const refused = await clean("apply", file, "--apply", "--json");
  expect(refused.code).toBe(1);
  expect(JSON.parse(refused.stdout)).toMatchObject({ error: { code: "CLEANUP_SURPRISE" } });
  expect(await profilesOf(local.url)).toEqual(before);
});

test("a plan that has changed since ends with 1, and does not keep anybody from undoing", async () => {
  const { local, folder, file, clean } = await makeProject();
  const before = await profilesOf(local.url);
  expect((await clean("apply", file, "--apply")).code).toBe(0);
  writeFileSync(join(folder, "plan.yaml"), PLAN.replace("Thing done", "Other thing done"));
  const again = await clean("apply", file, "--apply", "--json");
  expect([again.code, JSON.parse(again.stdout)]).toMatchObject([
    1,
    { error: { code: "CLEANUP_CHANGED_SINCE" } },
  ]);
  expect((await clean("undo", file, "--apply")).code).toBe(0);
  expect(await profilesOf(local.url)).toEqual(before);
});

test("no patience for a limit ends with 75, and a wrong credential with 3; the same command then goes on", async () => {
  const { local, file, clean } = await makeProject();
  await local.fault({ route: "engage", status: 429, retryAfterSeconds: 60 });
  expect((await clean("apply", file, "--apply", "--wait", "1")).code).toBe(75);
  await local.send("/emulator/faults", { method: "DELETE" });
  await local.fault({ route: "engage", status: 401 });
  expect((await clean("apply", file, "--apply")).code).toBe(3);
  await local.send("/emulator/faults", { method: "DELETE" });
  const done = await clean("apply", file, "--apply");
  expect(done.code, done.stderr).toBe(0);
});

test("Ctrl-C ends it in good order with 75", async () => {
  const { local, folder, file, clean } = await makeProject();
  await local.fault({ route: "engage", delayMs: 3000 });
  const child = spawn(process.execPath, [MAIN, "clean", "apply", file, "--apply"], {
    cwd: folder,
    stdio: "ignore",
  });
  const closed = once(child, "close");
  const journal = join(folder, "data/cleanup/spring-clean/steps/one-spelling/journal");
  await eventually(
    () => Promise.resolve(existsSync(journal) && readFileSync(journal, "utf8")),
    (text) => text !== false && text.includes("backup"),
  );
  child.kill("SIGINT");
  expect((await closed)[0]).toBe(75);
  expect(existsSync(join(folder, "data/cleanup/spring-clean/lock"))).toBe(false);
  await local.send("/emulator/faults", { method: "DELETE" });
  expect((await clean("apply", file, "--apply")).code).toBe(0);
});
