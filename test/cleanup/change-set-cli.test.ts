// A change set in a pull request: `clean check` as a person runs it, and what `clean apply` does not begin with.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { checkPlan } from "../../src/plan/index.ts";
import { diskPlanFiles } from "../../src/cli/plan-files.ts";
import { MIXPANEL_PLAN_LIMITS } from "../../src/providers/index.ts";
import { startLocal } from "../emulator/local.ts";
import { ensureDist } from "../support/dist.ts";
import { plumbline } from "../support/run-plumbline.ts";
import { tempDirectory } from "../support/temp.ts";
import { plant, profilesOf } from "./local-project.ts";

beforeAll(() => {
  ensureDist();
});

async function makeProject() {
  const folder = tempDirectory("change-set-cli");
  const local = await startLocal();
  const plan = join(folder, "plan.yaml");
  writeFileSync(
    plan,
    `plumbline: 1
name: acme
sources: { web: { trust: client } }
identity: { user_id: { format: uuid } }
events: { done: { name: Thing done, sources: { web: {} } } }
people: { theme: { type: string, data: none, owner: client } }
`,
  );
  writeFileSync(
    join(folder, "plumbline.yaml"),
    `plumbline: 1
plan: plan.yaml
data: data
sources: { web: { token: web_token } }
destinations: { product: { kind: mixpanel, host: "${local.url}", token: t, project_id: 1, service_account: { username: sa, secret: sa_secret } } }
`,
  );
  const { lock } = checkPlan(plan, diskPlanFiles(), { limits: [MIXPANEL_PLAN_LIMITS], today: "2026-11-25" });
  const file = join(folder, "changes.yaml");
  const write = (steps: string): void =>
    writeFileSync(
      file,
      `name: spring
destination: product
plan: ${lock?.hash ?? ""}
madeAt: 2026-11-25T00:00:00Z
steps:
${steps}`,
    );
  const clean = (...args: readonly string[]) => plumbline(["clean", ...args, "--no-color"], { cwd: folder });
  return { local, file, write, clean };
}

const MERGE = `  # Ada: agreed with marketing
  - id: one-spelling # first
    because: Two spellings
    operation: { do: merge_spellings, from: [Theme], to: theme }
    expect: { count: 2000 }
`;

test("check names what is wrong with its place, and asks the provider nothing", async () => {
  const { local, write, clean } = await makeProject();
  await local.fault({ status: 500 });
  write(MERGE);
  const fine = await clean("check", "changes.yaml");
  expect([fine.code, fine.stdout], fine.stderr).toEqual([0, "1 steps, 0 of them not enabled; 0 findings\n"]);

  write(
    `${MERGE}  - id: bots\n    because: Bots\n    operation: { do: delete_profiles, ignoreAlias: true }\n`,
  );
  const wrong = await clean("check", "changes.yaml", "--json");
  expect([wrong.code, JSON.parse(wrong.stdout)]).toMatchObject([
    1,
    { findings: [{ id: "change-set-no-selector", where: { file: "changes.yaml", line: 13, column: 5 } }] },
  ]);
  const onGithub = await clean("check", "changes.yaml", "--format", "github");
  expect(onGithub.stdout).toContain("::error file=changes.yaml,line=13");

  write(MERGE.replace("because", "reason"));
  const shape = await clean("check", "changes.yaml");
  expect([shape.code, shape.stderr]).toEqual([1, expect.stringContaining("`reason`")]);
});

test("check --write says above each step what it costs, and leaves people's own lines", async () => {
  const { file, write, clean } = await makeProject();
  write(MERGE);
  const before = readFileSync(file, "utf8");
  expect((await clean("check", "changes.yaml", "--write")).code).toBe(0);
  const once = readFileSync(file, "utf8");
  expect(once).toContain("  #> 2,000 to change · 6 requests");
  expect(once).toContain("  #> undo brings it back\n  - id: one-spelling # first\n");
  const isTheirs = (line: string): boolean => !line.trimStart().startsWith("#>");
  expect(once.split("\n").filter(isTheirs).join("\n")).toBe(before);
  expect((await clean("check", "changes.yaml", "--write")).code).toBe(0);
  expect(readFileSync(file, "utf8")).toBe(once);
});

test("apply does not begin with a set that has errors, and warns of everybody", async () => {
  const { local, write, clean } = await makeProject();
  await plant(local.url, { u1: { theme: "dark", Theme: "light" } });
  const before = await profilesOf(local.url);
  write(`${MERGE}  - id: gone
    because: Twice
    operation: { do: unset, properties: [theme] }
`);
  const refused = await clean("apply", "changes.yaml", "--apply", "--json");
  expect([refused.code, JSON.parse(refused.stdout)]).toMatchObject([
    1,
    { findings: [{ id: "change-set-undoes" }] },
  ]);
  expect(await profilesOf(local.url)).toEqual(before);

  write(`  - id: all
    because: Everybody
    operation: { do: unset, properties: [Theme] }
    of: { kind: everyone }
`);
  const warned = await clean("apply", "changes.yaml", "--apply");
  expect([warned.code, warned.stderr]).toEqual([0, expect.stringContaining("change-set-everyone")]);
  expect(await profilesOf(local.url)).toEqual({ u1: { theme: "dark" } });
});
