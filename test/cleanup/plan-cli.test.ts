// From what a project holds to a reviewed change set and back, as a person goes: inventory, plan, a look at the file, apply, inventory again.
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { parseChangeSet } from "../../src/cleanup/index.ts";
import { type Local, startLocal } from "../emulator/local.ts";
import { ensureDist } from "../support/dist.ts";
import { type Ran, plumbline } from "../support/run-plumbline.ts";
import { tempDirectory } from "../support/temp.ts";
import { plant, profilesOf } from "./local-project.ts";

const PLAN = `plumbline: 1
name: acme
sources: { web: { trust: client }, api: { trust: server } }
identity: { user_id: { format: uuid } }
events: { done: { name: Thing done, description: It is done, owner: us, sources: { api: {} }, properties: {} } }
people:
  plan_tier: { type: string, data: none, owner: server, was: [tier], description: What they pay for }
  opens: { type: integer, data: none, owner: client, description: Starts of the app }
`;
/** Few days are few exports, of which there are three a second. */
const FROM = ["--from", new Date(Date.now() - 2 * 86_400_000).toISOString().slice(0, 10)];
const uuid = (person: number): string => `00000000-0000-4000-8000-${String(person).padStart(12, "0")}`;

interface Project {
  readonly folder: string;
  readonly local: Local;
  readonly clean: (...args: readonly string[]) => Promise<Ran>;
}

async function makeProject(
  profiles: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
): Promise<Project> {
  const folder = tempDirectory("plan-cli");
  const local = await startLocal();
  writeFileSync(join(folder, "plan.yaml"), PLAN);
  writeFileSync(
    join(folder, "plumbline.yaml"),
    `plumbline: 1
plan: plan.yaml
data: data
sources: { web: { token: web_token }, api: { token: api_token } }
destinations: { product: { kind: mixpanel, host: "${local.url}", token: t, project_id: 1, service_account: { username: sa, secret: sa_secret }, backoff_ms: 5, backoff_max_ms: 20 } }
`,
  );
  await plant(local.url, profiles);
  const clean = (...args: readonly string[]): Promise<Ran> =>
    plumbline(["clean", ...args, "--no-color"], { cwd: folder });
  return { folder, local, clean };
}

/** Ten people each: an old name, another spelling, a text for a number, a property that nobody writes. */
const MESSY = Object.fromEntries(
  Array.from({ length: 40 }, (_, person) => [
    uuid(person),
    {
      opens: 10 <= person && person < 20 ? "12" : 12,
      ...(person < 10 ? { tier: "pro" } : person < 20 ? { "Plan Tier": "pro" } : { plan_tier: "pro" }),
      ...(30 <= person ? { legacy: 1 } : {}),
    },
  ]),
);

beforeAll(() => {
  ensureDist();
});

describe("plan", () => {
  test("what an inventory finds becomes a file that apply takes as it is, and nothing is asked of the provider for it", async () => {
    const { folder, local, clean } = await makeProject(MESSY);
    const before = await profilesOf(local.url);
    expect((await clean("inventory", ...FROM)).code).toBe(1);
    await local.fault({ status: 500 });
    const planned = await clean("plan", "--out", "spring.yaml");
    await local.send("/emulator/faults", { method: "DELETE" });
    expect(planned.code, planned.stderr).toBe(1);

    const text = readFileSync(join(folder, "spring.yaml"), "utf8");
    expect(text).toContain("#> undo brings it back");
    const parsed = parseChangeSet(text, "spring.yaml");
    const steps = parsed.kind === "change-set" ? parsed.changeSet.steps : [];
    expect(steps.map(({ operation, enabled }) => [operation.do, enabled ?? true])).toEqual([
      ["merge_spellings", true],
      ["retype", true],
      ["unset", true],
      ["dictionary", true],
    ]);

    const applied = await clean("apply", "spring.yaml", "--apply", "--verify", "all");
    expect(applied.code, `${applied.stdout}${applied.stderr}`).toBe(0);
    const after = await profilesOf(local.url);
    expect(Object.values(after)).toEqual(Object.values(after).map(() => ({ plan_tier: "pro", opens: 12 })));

    const again = await clean("inventory", "--fresh", ...FROM);
    expect(again.code, again.stdout).toBe(0);
    const nothing = await clean("plan", "--out", "summer.yaml");
    expect([nothing.code, nothing.stdout], nothing.stderr).toEqual([
      0,
      expect.stringContaining("Nothing to change"),
    ]);

    expect((await clean("undo", "spring.yaml", "--apply")).code).toBe(0);
    expect(await profilesOf(local.url)).toEqual(before);
  });

  test("an inventory of another plan, one that is not there, and a file that is, are refused", async () => {
    const { folder, clean } = await makeProject(MESSY);
    const missing = await clean("plan", "--json");
    expect([missing.code, JSON.parse(missing.stdout)]).toMatchObject([
      3,
      { error: { code: "INPUT_UNREADABLE" } },
    ]);
    expect((await clean("inventory", ...FROM)).code).toBe(1);
    writeFileSync(join(folder, "changes.yaml"), "mine");
    const there = await clean("plan", "--json");
    expect([there.code, JSON.parse(there.stdout)]).toMatchObject([3, { error: { code: "FILE_EXISTS" } }]);
    expect(readFileSync(join(folder, "changes.yaml"), "utf8")).toBe("mine");
    expect((await clean("plan", "--force")).code).toBe(1);
    writeFileSync(join(folder, "plan.yaml"), PLAN.replace("It is done", "It is quite done"));
    const other = await clean("plan", "--json", "--force");
    expect([other.code, JSON.parse(other.stdout)]).toMatchObject([
      1,
      { error: { code: "CLEANUP_CHANGED_SINCE" } },
    ]);
    const kept = readFileSync(join(folder, "data/cleanup/product.inventory/inventory.json"), "utf8");
    for (const [mended, place] of [
      ["{}", "`inventory`"],
      [kept.replace('"bucket": "mixed_types"', '"bucket": "mixed"'), /`items\.\d+\.bucket`/],
      [kept.replace('"kind": "profile_property"', '"kind": "profile"'), /`items\.\d+\.of\.kind`/],
      ["[", "no JSON object"],
    ] as const) {
      writeFileSync(join(folder, "inventory.json"), mended);
      const wrong = await clean("plan", "--inventory", "inventory.json");
      expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringMatching(place)]);
    }
  });

  test("ids go into a file for the owner alone, never into the set; what cannot be wholly undone is not taken on", async () => {
    const { folder, clean } = await makeProject(MESSY);
    expect((await clean("inventory", ...FROM)).code).toBe(1);
    const inventoryFolder = join(folder, "data/cleanup/product.inventory");
    const found = JSON.parse(readFileSync(join(inventoryFolder, "inventory.json"), "utf8")) as {
      readonly items: readonly unknown[];
    };
    // As an inventory with a database says it.
    writeFileSync(join(inventoryFolder, "gone.ids"), `${uuid(1)}\n${uuid(2)}\n`);
    const items = [
      { bucket: "profiles_without_user", of: { kind: "profiles" }, count: 2, idsFile: "gone.ids" },
      { bucket: "duplicate_profiles", of: { kind: "profiles" }, by: "plan_tier", people: 1, count: 3 },
    ];
    writeFileSync(join(inventoryFolder, "inventory.json"), JSON.stringify({ ...found, items }));
    const planned = await clean("plan", "--json");
    expect(planned.code, planned.stderr).toBe(1);
    const ids = join(folder, "changes.ids/gone.ids");
    expect(JSON.parse(planned.stdout)).toMatchObject({ ids: [ids] });
    expect([statSync(ids).mode & 0o777, readFileSync(ids, "utf8")]).toEqual([
      0o600,
      `${uuid(1)}\n${uuid(2)}\n`,
    ]);
    const text = readFileSync(join(folder, "changes.yaml"), "utf8");
    expect(`${text}${planned.stdout}`).not.toContain(uuid(1));
    const parsed = parseChangeSet(text, "changes.yaml");
    const steps = parsed.kind === "change-set" ? parsed.changeSet.steps : [];
    expect(steps.filter(({ enabled }) => enabled === false).map(({ operation }) => operation.do)).toEqual([
      "deduplicate",
      "delete_profiles",
    ]);
    // A person takes the deletion on: the file beside the set is found from it.
    const taken = text.replaceAll("    enabled: false\n", "");
    writeFileSync(join(folder, "changes.yaml"), taken);
    const dry = await clean("apply", "changes.yaml", "--json");
    expect(dry.code, dry.stderr).toBe(0);
  });
});
