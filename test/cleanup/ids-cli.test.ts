// `plumbline ids …` as processes: from what is wrong with ids, over a reviewed change set, to one immutable id a person.
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Emulator, startEmulator } from "../../src/emulator/index.ts";
import { ensureDist } from "../support/dist.ts";
import { queryProfiles } from "../support/emulator-client.ts";
import { startPostgres, type TestPostgres } from "../support/postgres.ts";
import { plumbline } from "../support/run-plumbline.ts";
import { tempDirectory } from "../support/temp.ts";

const PLAN = `plumbline: 1
name: shop
sources: { web: { trust: client } }
identity: { user_id: { format: uuid } }
events:
  viewed: { name: Viewed, description: Somebody looked, owner: growth, sources: { web: {} } }
`;
const USERS = 40;
/** Addresses with capitals, as people typed them: every second one. */
const SCHEMA = `
create table users (id uuid primary key default gen_random_uuid(), email text not null);
insert into users (email) select 'user' || n || '@shop.example' from generate_series(1, ${USERS}) n;
`;

const folder = tempDirectory("ids-cli");
let emulator: Emulator;
let postgres: TestPostgres;
let url = "";

const ids = (...args: string[]) =>
  plumbline(["ids", ...args, "--no-color"], { cwd: folder, env: { SHOP_URL: url } });

function configure(idMerge: string): void {
  writeFileSync(
    join(folder, "plumbline.yaml"),
    `plumbline: 1
plan: plan.yaml
data: data
sources: { web: { token: web_token } }
destinations:
  product: { kind: mixpanel, host: "${emulator.url}", token: mp_token, project_id: 1, service_account: { username: sa, secret: sa_secret }${idMerge} }
people: { database: "\${SHOP_URL}", destinations: [product] }
`,
  );
}

async function engage(updates: readonly object[]): Promise<void> {
  const answer = await fetch(`${emulator.url}/engage?verbose=1&ip=0`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(
      updates.map((one) => ({ $token: "mp_token", $ip: "0", $ignore_time: true, ...one })),
    ),
  });
  expect(await answer.json()).toMatchObject({ status: 1 });
}

const emailOf = (n: number): string => (n % 2 === 0 ? `User${n}@Shop.example` : `user${n}@shop.example`);

beforeAll(async () => {
  ensureDist();
  [emulator, postgres] = await Promise.all([
    startEmulator({ store: "memory", serviceAccounts: { sa: "sa_secret" } }),
    startPostgres(),
  ]);
  url = await postgres.createDatabase();
  await postgres.run(url, SCHEMA);
  writeFileSync(join(folder, "plan.yaml"), PLAN);
  configure(", id_merge: simplified");
  const people = Array.from({ length: USERS }, (_, index) => emailOf(index + 1));
  await engage(people.map((email) => ({ $distinct_id: email, $set: { $email: email, plan: "pro" } })));
  await engage([{ $distinct_id: "gone@shop.example", $set: { plan: "free" } }]);
});
afterAll(async () => {
  await emulator.close();
  await postgres.close();
});

describe("check", () => {
  test("profiles with e-mail ids are counted, end with 1, and no id is printed", async () => {
    const { code, stdout, stderr } = await ids("check", "--profiles", "--json");
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      version: 1,
      profiles: USERS + 1,
      problems: [{ problem: "email", people: USERS + 1, profiles: USERS + 1, examples: [] }],
    });
    expect(`${stdout}${stderr}`).not.toContain("@");
  });

  test("its requests are counted with those of clean; an hour that is used up ends it with 75", async () => {
    const budget = join(folder, "data/cleanup/product.queries");
    const before = readFileSync(budget, "utf8");
    const times = Array.from({ length: 60 }, () => Date.now());
    writeFileSync(budget, JSON.stringify(times));
    const { code, stderr } = await ids("check", "--profiles", "--wait", "1");
    writeFileSync(budget, before);
    expect([code, stderr]).toEqual([75, expect.stringContaining("limit of an hour")]);
  });

  test("a file of events with ids that the plan wants ends with 0; --show is refused where nobody sits at a terminal", async () => {
    const event = { event: "Viewed", properties: { distinct_id: "0190a5e0-1111-7222-8333-000000000001" } };
    writeFileSync(join(folder, "good.ndjson"), `${JSON.stringify(event)}\n`);
    const good = await ids("check", "good.ndjson");
    expect(good.code).toBe(0);
    expect(good.stdout).toContain("Every id is one that the plan wants");
    expect((await ids("check", "good.ndjson", "--show")).code).toBe(2);
    expect((await ids("check")).code).toBe(2);
  });
});

describe("plan", () => {
  test("a mapping that would join two people is refused with its line, without the id, and nothing is written", async () => {
    const uuid = (n: number) => `0190a5e0-1111-7222-8333-00000000000${n}`;
    writeFileSync(join(folder, "bad.csv"), `old,new\na@shop.example,${uuid(1)}\nA@shop.example,${uuid(2)}\n`);
    const { code, stderr } = await ids("plan", "--mapping", "bad.csv", "--out", "bad.yaml");
    expect(code).toBe(1);
    expect(stderr).toContain("bad.csv:3:1");
    expect(stderr).toContain("ids-ambiguous");
    expect(stderr).not.toContain("shop.example");
    expect(() => statSync(join(folder, "bad.yaml"))).toThrow("ENOENT");
  });

  test("without the project's merge mode it says where to find it", async () => {
    configure("");
    const { code, stderr } = await ids("plan", "--mapping", "bad.csv");
    configure(", id_merge: simplified");
    expect(code).toBe(2);
    expect(stderr).toContain("id_merge");
  });

  test("from the database: a change set without ids, the ids beside it for the owner alone, and what will not work said first", async () => {
    const { code, stdout } = await ids(
      "plan",
      "--database",
      "--old",
      "users.email",
      "--new",
      "users.id",
      "--json",
    );
    expect(code).toBe(0);
    const told = JSON.parse(stdout) as { readonly facts: object; readonly notes: readonly string[] };
    expect(told.facts).toEqual({ profiles: USERS + 1, old: USERS, new: 0, both: 0, unmapped: 1 });
    expect(told.notes.join("\n")).toMatch(/a user id cannot change/);
    expect(told.notes.join("\n")).toMatch(/A device that was seen with an old id/);
    const text = readFileSync(join(folder, "ids.yaml"), "utf8");
    expect(text).not.toContain("@");
    expect(text).toContain("do: move_profiles");
    const mapping = join(folder, "ids.ids", "mapping.ndjson");
    expect(statSync(mapping).mode & 0o777).toBe(0o600);
    expect(readFileSync(mapping, "utf8")).toContain('"old":"User2@Shop.example"');
    expect((await ids("plan", "--database", "--old", "users.email", "--new", "users.id")).code).toBe(3);
    expect(
      (await ids("plan", "--database", "--old", "users.nothing", "--new", "users.id", "--force")).code,
    ).toBe(3);
    expect((await ids("plan", "--database", "--old", "users.email", "--new", "other.id")).code).toBe(2);
  });
});

describe("apply", () => {
  test("a dry run changes nothing; --apply brings every profile to its immutable id; again finds nothing to do; undo brings the old ones back", async () => {
    const before = await queryProfiles(emulator.url);
    const dry = await ids("apply", "ids.yaml");
    expect(dry.code).toBe(0);
    expect(dry.stdout).toContain(`move_profiles: ${USERS}`);
    expect(await queryProfiles(emulator.url)).toEqual(before);
    const applied = await ids("apply", "ids.yaml", "--apply", "--json");
    expect(applied.code).toBe(0);
    expect(JSON.parse(applied.stdout)).toMatchObject({
      steps: [{ changed: USERS, failed: [], verified: { checked: USERS, wrong: 0 } }],
    });
    expect(`${applied.stdout}${applied.stderr}`).not.toContain("@");
    const after = await queryProfiles(emulator.url);
    const left = after.filter(({ $distinct_id: id }) => id.includes("@"));
    expect(left.map(({ $distinct_id: id }) => id)).toEqual(["gone@shop.example"]);
    expect(after.length).toBe(before.length);
    expect((await ids("apply", "ids.yaml", "--apply")).code).toBe(0);
    const undone = await plumbline(["clean", "undo", "ids.yaml", "--apply", "--no-color"], {
      cwd: folder,
      env: { SHOP_URL: url },
    });
    expect(undone.code).toBe(0);
    const back = await queryProfiles(emulator.url);
    const sorted = (all: typeof back) =>
      all.map((one) => JSON.stringify(one)).toSorted((a, b) => a.localeCompare(b));
    expect(sorted(back)).toEqual(sorted(before));
  });

  test("steps of the other merge mode are refused, and so are those of a project whose mode nobody said", async () => {
    expect(
      (await ids("plan", "--database", "--old", "users.email", "--new", "users.id", "--out", "other.yaml"))
        .code,
    ).toBe(0);
    configure(", id_merge: original");
    const original = await ids("apply", "other.yaml", "--apply");
    configure("");
    const unsaid = await ids("apply", "other.yaml", "--apply");
    configure(", id_merge: simplified");
    expect([original.code, unsaid.code]).toEqual([3, 3]);
    expect(original.stderr).toContain("CLEANUP_OPERATION_UNKNOWN");
    expect(unsaid.stderr).toContain("CLEANUP_OPERATION_UNKNOWN");
  });
});
