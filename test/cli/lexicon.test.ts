// `plumbline lexicon` as a process, against the local Mixpanel with its limits on.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { request } from "undici";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Emulator, startEmulator } from "../../src/emulator/index.ts";
import { ensureDist } from "../support/dist.ts";
import { plumbline } from "../support/run-plumbline.ts";
import { tempDirectory } from "../support/temp.ts";

const PLAN = `plumbline: 1
name: shop
sources: { web: { trust: client } }
identity: { user_id: { format: uuid } }
events:
  itemAdded:
    name: Item added
    description: Something was put into the cart
    owner: ada@example.com
    tags: [cart]
    sources: [web]
    properties:
      cart_id: { type: string, presence: required, data: none, description: Id of the cart }
      added_at: { type: datetime, data: none, description: When }
  addClicked:
    name: Add clicked
    description: A click
    owner: storefront
    sources: [web]
    deprecated: { to: itemAdded, remove_after: 2099-01-01 }
people:
  tier: { type: string, owner: state, data: none, description: What the customer pays for }
`;

const folder = tempDirectory("lexicon");
let emulator: Emulator;
const run = (...args: string[]) => plumbline(["lexicon", ...args, "--no-color"], { cwd: folder });
const schemas = (path = "") => `${emulator.url}/api/app/projects/1/schemas${path}`;
const headers = {
  authorization: `Basic ${Buffer.from("sa:sa_secret").toString("base64")}`,
  "content-type": "application/json",
};

interface Stored {
  readonly name: string;
  readonly schemaJson: {
    readonly description?: string;
    readonly metadata?: { readonly "com.mixpanel": Readonly<Record<string, unknown>> };
    readonly properties?: Readonly<Record<string, object>>;
  };
}

async function stored(): Promise<readonly Stored[]> {
  const answer = await request(schemas(), { headers });
  return ((await answer.body.json()) as { readonly results: readonly Stored[] }).results;
}

async function write(entries: readonly object[]): Promise<void> {
  const body = JSON.stringify({ entries });
  const answer = await request(schemas(), { method: "POST", headers, body });
  expect(answer.statusCode, await answer.body.text()).toBe(200);
}

beforeAll(() => {
  ensureDist();
});
async function begin(switches: Readonly<Record<string, string>> = {}): Promise<void> {
  emulator = await startEmulator({ store: "memory", serviceAccounts: { sa: "sa_secret" }, switches });
  writeFileSync(join(folder, "plan.yaml"), PLAN);
  writeFileSync(
    join(folder, "plumbline.yaml"),
    `plumbline: 1
plan: plan.yaml
sources: { web: { token: web_token } }
destinations:
  product: { kind: mixpanel, host: "${emulator.url}", token: mp_token, project_id: 1, service_account: { username: sa, secret: sa_secret } }
`,
  );
}

beforeEach(() => begin());
afterEach(() => emulator.close());

describe("plumbline lexicon", () => {
  test("push is a dry run until --apply, and then Lexicon says what the plan says", async () => {
    const dry = await run("push");
    expect(dry.code).toBe(0);
    expect(dry.stdout).toContain("A dry run");
    expect(await stored()).toEqual([]);
    const applied = await run("push", "--apply");
    expect(applied.stdout).toContain("3 entities sent; Lexicon of product says what the plan says");
    const item = (await stored()).find(({ name }) => name === "Item added");
    expect(item?.schemaJson).toMatchObject({
      description: "Something was put into the cart",
      required: ["cart_id"],
      metadata: { "com.mixpanel": { tags: ["cart"], contacts: ["ada@example.com"] } },
      properties: { cart_id: { type: "string" }, added_at: { type: "string" } },
    });
    expect((await run("diff")).code).toBe(0);
  });

  test("what people wrote beside the plan stays; what the plan took away is cleared by an explicit null", async () => {
    await write([
      { entityType: "event", name: "Old thing", schemaJson: { description: "Nobody's" } },
      {
        entityType: "event",
        name: "Add clicked",
        schemaJson: {
          description: "Something else",
          metadata: { "com.mixpanel": { displayName: "Add (click)", tags: ["old"], dropped: true } },
        },
      },
    ]);
    const { code, stdout } = await run("diff");
    expect(code).toBe(1);
    expect(stdout).toContain("Add clicked description: Something else → A click");
    expect(stdout).toContain("1 entities are in Lexicon and not in the plan; they are left alone");
    expect((await run("push", "--apply")).code).toBe(0);
    const all = await stored();
    expect(all.find(({ name }) => name === "Old thing")?.schemaJson.description).toBe("Nobody's");
    expect(all.find(({ name }) => name === "Add clicked")?.schemaJson.metadata?.["com.mixpanel"]).toEqual({
      displayName: "Add (click)",
      dropped: true,
    });
  });

  test("only what differs is sent, and --hide-deprecated hides", async () => {
    await run("push", "--apply");
    const { stdout } = await run("push", "--apply", "--hide-deprecated", "--json");
    expect(JSON.parse(stdout)).toMatchObject({ applied: true, sent: 1, changes: [] });
    const clicked = (await stored()).find(({ name }) => name === "Add clicked");
    expect(clicked?.schemaJson.metadata?.["com.mixpanel"]).toMatchObject({ hidden: true });
  });

  test("--truncate needs a backup, which is on disk before anything is deleted", async () => {
    await write([{ entityType: "event", name: "Old thing", schemaJson: { description: "Nobody's" } }]);
    expect((await run("push", "--apply", "--truncate")).code).toBe(2);
    expect((await stored()).length).toBe(1);
    const backup = join(folder, "before.json");
    const dry = await run("push", "--truncate", "--backup", backup);
    expect(dry.stdout).toContain("would delete all 1 entities");
    expect((await run("push", "--apply", "--truncate", "--backup", backup)).code).toBe(0);
    expect((await stored()).map(({ name }) => name)).not.toContain("Old thing");
    expect(JSON.parse(readFileSync(backup, "utf8"))).toMatchObject({ entries: [{ name: "Old thing" }] });
    const again = await run("push", "--apply", "--truncate", "--backup", backup);
    expect(again.stderr).toContain("FILE_EXISTS");
  });

  test("pull writes what `infer` reads", async () => {
    await run("push", "--apply");
    const file = join(folder, "lexicon.json");
    expect((await run("pull", "--out", file)).code).toBe(0);
    const { stdout, code } = await plumbline(["infer", file], { cwd: folder });
    expect(code).toBe(0);
    expect(stdout).toContain("Item added");
  });

  test("the limits of Mixpanel end it with 75 when waiting would be too long", async () => {
    await emulator.close();
    await begin({ rate_limits: "documented" });
    for (let calls = 0; calls < 5; calls++) await stored();
    const { code, stderr } = await run("diff", "--wait", "1");
    expect(code).toBe(75);
    expect(stderr).toContain("LEXICON_BUSY");
  });

  test("a wrong secret, a missing service account and an unknown destination are named", async () => {
    const file = join(folder, "plumbline.yaml");
    const config = readFileSync(file, "utf8");
    writeFileSync(file, config.replace("sa_secret", "wrong"));
    const refused = await run("diff");
    expect(refused.stderr).toContain("LEXICON_REFUSED");
    expect(refused.stderr).not.toContain("wrong");
    writeFileSync(file, config);
    expect((await run("diff", "--destination", "other")).code).toBe(2);
  });

  test("one that is away or broken is worth another try", async () => {
    await request(`${emulator.url}/emulator/faults`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify([{ route: "app", status: 503 }]),
    });
    expect(await run("diff")).toMatchObject({ code: 75, stderr: expect.stringContaining("503") as string });
    await emulator.close();
    const away = await run("diff");
    expect(away.code).toBe(75);
    expect(away.stderr).toContain("LEXICON_UNREACHABLE");
  });
});
