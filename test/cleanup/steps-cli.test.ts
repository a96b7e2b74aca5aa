// The steps on dictionary, events and people through the command line, as a stranger configures it.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { compile } from "../support/plans.ts";
import { ensureDist } from "../support/dist.ts";
import { plumbline } from "../support/run-plumbline.ts";
import { tempDirectory } from "../support/temp.ts";
import { makeEvent, SERVICE_ACCOUNT, startLocal } from "../emulator/local.ts";

const PLAN = `plumbline: 1
name: shop
sources: { web: { trust: client } }
identity: { user_id: { format: uuid } }
`;

beforeAll(() => ensureDist());

async function begin(destination: string, steps: string) {
  const local = await startLocal({ switches: { data_definitions: "on" } });
  const cwd = tempDirectory("steps-cli");
  writeFileSync(join(cwd, "plan.yaml"), PLAN);
  writeFileSync(
    join(cwd, "plumbline.yaml"),
    `plumbline: 1
plan: plan.yaml
sources: { web: { token: t } }
destinations:
  product: { kind: mixpanel, host: "${local.url}", token: t, project_id: 1, service_account: { username: sa, secret: sa_secret }${destination} }
`,
  );
  const set = `name: set
destination: product
plan: ${compile(PLAN).hash}
madeAt: 2026-11-25T00:00:00Z
steps:
${steps}`;
  writeFileSync(join(cwd, "set.yaml"), set);
  const run = (...args: readonly string[]) => plumbline(["clean", ...args, "--no-color"], { cwd });
  return { local, run };
}

describe("plumbline clean", () => {
  test("makes privacy requests, follows them, and prints no id", async () => {
    const { local, run } = await begin(
      ", erasure_token: person",
      `  - { id: forget, because: asked, operation: { do: privacy_delete, compliance: GDPR }, of: { kind: ids, ids: [ada, bob] } }
  - { id: show, because: asked, operation: { do: privacy_retrieve, compliance: CCPA, disclosure: Data }, of: { kind: ids, ids: [eve] } }
`,
    );
    await local.engage([{ $token: "t", $distinct_id: "ada", $set: { tier: "pro" } }]);
    const dry = await run("apply", "set.yaml");
    expect(dry).toMatchObject({ code: 0 });
    expect(dry.stdout).toContain("privacy_delete: 2");
    expect(await local.profile("ada")).toBeDefined();
    const none = await run("privacy", "status");
    expect(none.stdout).toContain("No change set has made a privacy request");
    const applied = await run("apply", "set.yaml", "--apply");
    expect(applied).toMatchObject({ code: 0 });
    expect(await local.profile("ada")).toBeUndefined();
    const status = await run("privacy", "status");
    expect(status).toMatchObject({ code: 0 });
    expect(status.stdout).toMatch(/set\/forget +deletion +2 +0 days ago +done/);
    expect(status.stdout).toMatch(/set\/show +retrieval +1 +0 days ago +done/);
    expect(status.stdout).toContain("retrievals.ndjson");
    for (const { stdout, stderr } of [dry, applied, status])
      expect(stdout + stderr).not.toMatch(/\bada\b|\bbob\b|\beve\b|emulator\/retrievals/);
    const quiet = await run("privacy", "status", "--no-ask", "--json");
    expect(JSON.parse(quiet.stdout)).toMatchObject({ steps: [{ tasks: [{ state: "done" }] }, {}] });
  });

  test("refuses to delete events until the configuration says `unofficial: true`, also in a dry run", async () => {
    const day = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);
    const step = `  - { id: gone, because: a test, operation: { do: delete_events, event: Old, from: ${day}, to: ${day} } }
`;
    const off = await begin("", step);
    const refused = await off.run("apply", "set.yaml");
    expect(refused).toMatchObject({ code: 3 });
    expect(refused.stderr).toContain("CLEANUP_UNOFFICIAL_OFF");
    const on = await begin(", unofficial: true", step);
    const time = Date.parse(day);
    await on.local.importEvents([makeEvent({ time }, "Old"), makeEvent({ time }, "New")]);
    const dry = await on.run("apply", "set.yaml");
    expect(dry.stdout).toContain("delete_events: 1");
    expect(dry.stdout).toContain("called off within 7 days");
    expect(await on.run("apply", "set.yaml", "--apply")).toMatchObject({ code: 0 });
    expect((await on.local.exported()).map(({ event }) => event)).toEqual(["New"]);
    expect(await on.run("undo", "set.yaml", "--apply")).toMatchObject({ code: 0 });
    expect((await on.local.exported()).map(({ event }) => event).sort()).toEqual(["New", "Old"]);
  });

  test("changes names in the dictionary, there and back", async () => {
    const { local, run } = await begin(
      "",
      `  - { id: hide, because: a test, operation: { do: dictionary, entries: [{ entity: event, name: Old, set: { hidden: true } }] } }
`,
    );
    const hidden = async () => {
      const reply = await local.send("/api/app/projects/1/schemas", {
        headers: { authorization: SERVICE_ACCOUNT },
      });
      return reply.text.includes('"hidden":true');
    };
    expect(await run("apply", "set.yaml", "--apply")).toMatchObject({ code: 0 });
    expect(await hidden()).toBe(true);
    expect(await run("undo", "set.yaml", "--apply")).toMatchObject({ code: 0 });
    expect(await hidden()).toBe(false);
  });
});
