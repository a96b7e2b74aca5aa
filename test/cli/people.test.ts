// `plumbline people …` as processes, against a real Postgres and the local Mixpanel: from `doctor` to profiles, and back to nothing.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Emulator, startEmulator } from "../../src/emulator/index.ts";
import { ensureDist } from "../support/dist.ts";
import { queryProfiles } from "../support/emulator-client.ts";
import { type TestPostgres, startPostgres } from "../support/postgres.ts";
import { plumbline } from "../support/run-plumbline.ts";
import { tempDirectory } from "../support/temp.ts";

const PLAN = `plumbline: 1
name: shop
sources: { api: { trust: server } }
identity: { user_id: { format: uuid } }
lint: { rules: { missing-description: off, missing-data-class: off } }
people:
  email: { name: $email, type: string, owner: state, from: users.email }
  orders_count: { type: integer, owner: state, from: { count: orders, where: { status: paid } } }
  spent: { type: number, owner: state, from: { sum: orders.total } }
`;
const SCHEMA = `
create table users (id uuid primary key default gen_random_uuid(), email text not null);
create table orders (id bigint primary key generated always as identity, user_id uuid not null references users (id), status text not null, total numeric(10, 2) not null);
create index on orders (user_id);
insert into users (email) select 'u' || n || '@shop.example' from generate_series(1, 30) n;
insert into orders (user_id, status, total) select id, 'paid', 5 from users;
`;

const folder = tempDirectory("people");
let emulator: Emulator;
let postgres: TestPostgres;
let url = "";

/** Of every profile: the e-mail address and the number of orders, in order. */
async function profiles(): Promise<readonly string[]> {
  const all = await queryProfiles(emulator.url);
  return all.map(({ $properties: of }) => `${String(of["$email"])} ${String(of["orders_count"])}`).sort();
}

async function userOf(email: string): Promise<string> {
  const [row] = await query(`select id::text as id from users where email = '${email}'`);
  return String(row?.["id"]);
}

const people = (...args: string[]) =>
  plumbline(["people", ...args, "--no-color"], { cwd: folder, env: { SHOP_URL: url } });

async function query(sql: string): Promise<readonly Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

beforeAll(async () => {
  ensureDist();
  [emulator, postgres] = await Promise.all([
    startEmulator({ store: "memory", serviceAccounts: { sa: "sa_secret" } }),
    startPostgres(),
  ]);
  url = await postgres.createDatabase();
  await postgres.run(url, SCHEMA);
  writeFileSync(join(folder, "plan.yaml"), PLAN);
  writeFileSync(
    join(folder, "plumbline.yaml"),
    `plumbline: 1
plan: plan.yaml
sources: { api: { token: api_token } }
destinations:
  product: { kind: mixpanel, host: "${emulator.url}", token: mp_token, project_id: 1, service_account: { username: sa, secret: sa_secret }, erasure_token: oauth }
people: { database: "\${SHOP_URL}", destinations: [product] }
`,
  );
});
afterAll(async () => {
  await emulator.close();
  await postgres.close();
});

describe("before set-up", () => {
  test("explain-mapping needs the database alone: what is read, the way to it, and what is watched", async () => {
    const { code, stdout } = await people("explain-mapping");
    expect(code).toBe(0);
    expect(stdout).toContain("orders_count (integer) from");
    expect(stdout).toContain("orders.user_id");
    expect(stdout).toContain("select");
    const { stdout: json } = await people("explain-mapping", "--json");
    expect(JSON.parse(json)).toMatchObject({ users: "users.id", findings: [] });
  });

  test("doctor ends with 1, says how each table is watched and prints the SQL; nothing is made by it", async () => {
    const { code, stdout } = await people("doctor");
    expect(code).toBe(1);
    expect(stdout).toMatch(/orders +wal/);
    expect(stdout).toContain("[capture-not-set-up]");
    expect(stdout).toContain("create publication");
    expect(await query("select nspname from pg_namespace where nspname = 'plumbline'")).toEqual([]);
  });

  test.each([["backfill"], ["status"], ["drift"], ["explain", "x"]])(
    "%s says that set-up comes first",
    async (...args) => {
      const { code, stderr } = await people(...args);
      expect(stderr).toContain("PEOPLE_NOT_SET_UP");
      expect(code).toBe(3);
    },
  );

  test("setup is a dry run until --apply; the SQL it prints is what it runs, and then doctor is content", async () => {
    const dry = await people("setup");
    expect(dry.code).toBe(0);
    expect(dry.stdout).toContain("A dry run");
    expect(await query("select pubname from pg_publication")).toEqual([]);
    const applied = await people("setup", "--apply");
    expect(applied.stderr).not.toContain("error");
    expect(applied.code).toBe(0);
    expect(await query("select pubname from pg_publication")).toEqual([{ pubname: "plumbline" }]);
    const doctor = await people("doctor", "--json");
    expect(JSON.parse(doctor.stdout)).toMatchObject({ isReady: true, steps: [] });
    expect(doctor.code).toBe(0);
    expect((await people("setup")).stdout).toContain("Everything is in place.");
  });
});

describe("after set-up", () => {
  test("backfill counts without --apply; with it everybody's profile is there, and a second one sends nothing", async () => {
    const dry = await people("backfill");
    expect(dry.stdout).toContain("30 users would be read");
    expect(await profiles()).toEqual([]);
    const applied = await people("backfill", "--apply", "--json");
    expect(JSON.parse(applied.stdout)).toMatchObject({
      applied: true,
      isDone: true,
      users: 30,
      marked: 30,
      waiting: 0,
    });
    expect(applied.code).toBe(0);
    const sent = await profiles();
    expect(sent.length).toBe(30);
    expect(sent).toContain("u7@shop.example 1");
    expect((await people("backfill", "--apply")).stdout).toContain(
      "30 users looked at, 30 marked, nothing waits",
    );
  });

  test("drift is a number: nothing at first, then what no capture saw, by property; --apply repairs it", async () => {
    const well = await people("drift");
    expect(well.stdout).toContain("drift 0 of 30 profiles (0.0 %)");
    expect(well.code).toBe(0);
    await query("update users set email = 'changed@shop.example' where email = 'u1@shop.example'");
    await query("delete from orders where user_id = (select id from users where email = 'u2@shop.example')");
    // No sync is running, so the log was not read: the changes are not missed, but they are not noted either.
    const behind = await people("drift", "--json");
    expect(behind.code).toBe(1);
    expect(JSON.parse(behind.stdout)).toMatchObject({
      kind: "internal",
      destinations: [{ checked: 30, differing: 2, byProperty: { $email: 1, orders_count: 1, spent: 1 } }],
    });
  });

  test("reconcile compares everybody in a dry run, and marks only those who differ with --apply", async () => {
    const dry = await people("reconcile");
    expect(dry.code).toBe(1);
    expect(dry.stdout).toContain("drift 2 of 30 profiles");
    expect(await profiles()).toContain("u1@shop.example 1");
    const applied = await people("reconcile", "--apply", "--json");
    expect(JSON.parse(applied.stdout)).toMatchObject({ isDone: true, users: 30, marked: 2, waiting: 0 });
    const sent = await profiles();
    expect(sent).toContain("changed@shop.example 1");
    expect(sent).toContain("u2@shop.example 0");
    expect((await people("drift")).code).toBe(0);
  });

  test("backfill --no-wait only asks for it", async () => {
    expect((await people("backfill", "--apply", "--no-wait")).stdout).toContain("asked for");
    const { stdout } = await people("status", "--json");
    expect(JSON.parse(stdout)).toMatchObject({
      jobs: [{ kind: "backfill", phase: "users", done: 0 }, { kind: "reconcile" }],
    });
    expect((await people("backfill", "--apply")).code).toBe(0);
  });

  test("drift --external reads back what the destination has", async () => {
    const { stdout, code } = await people("drift", "--external", "--queries", "1", "--json");
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ kind: "external", destinations: [{ differing: 0 }] });
  });

  test("status and explain tell names, never values; --values tells them", async () => {
    const id = await userOf("changed@shop.example");
    const status = await people("status");
    expect(status.stdout).toContain("30 profiles known, 0 unsure");
    const { stdout, code } = await people("explain", id);
    expect(code).toBe(0);
    expect(stdout).toContain("marked by reconcile");
    expect(stdout).toMatch(/\$email +same +field users\.email/);
    expect(stdout).not.toContain("changed@shop.example");
    expect((await people("explain", id, "--values")).stdout).toContain("changed@shop.example");
    expect((await people("explain", "00000000-0000-4000-8000-00000000dead")).code).toBe(1);
  });

  test("erase is a dry run until --apply; then the profile is gone, and a backfill does not bring it back", async () => {
    const id = await userOf("u9@shop.example");
    const dry = await people("erase", id);
    expect(dry.stdout).toContain("still in the application's database");
    expect(await profiles()).toContain("u9@shop.example 1");
    const applied = await people("erase", id, "--profile-only", "--apply", "--json");
    expect(JSON.parse(applied.stdout)).toMatchObject({ destinations: [{ state: "done" }] });
    expect(applied.code).toBe(0);
    await people("backfill", "--apply");
    const left = await profiles();
    expect(left.length).toBe(29);
    expect(left).not.toContain("u9@shop.example 1");
  });

  test("quarantine lists who stays behind; --retry wants to know whom", async () => {
    await query(
      "insert into plumbline.quarantine (destination, user_id, reason) values ('product', '00000000-0000-4000-8000-0000000000ff', 'refused by the destination: too long')",
    );
    const listed = await people("quarantine");
    expect(listed.stdout).toMatch(/product\s+00000000-0000-4000-8000-0000000000ff\s+\(all\)\s+refused/);
    expect((await people("quarantine", "--retry")).code).toBe(2);
    const retried = await people("quarantine", "--retry", "--all", "--json");
    expect(JSON.parse(retried.stdout)).toEqual({ retried: 1 });
    await query("delete from plumbline.quarantine; delete from plumbline.marks");
    expect((await people("quarantine")).stdout).toContain("Nobody is in quarantine.");
  });

  test("a destination or user that is not there is a mistake on the command line", async () => {
    expect((await people("drift", "--destination", "crm")).code).toBe(2);
    expect((await people("drift", "--queries", "0")).code).toBe(2);
    expect((await people("explain")).code).toBe(2);
  });

  test("teardown is a dry run until --apply, and then nothing of it is left", async () => {
    const dry = await people("teardown");
    expect(dry.stdout).toContain("drop schema if exists plumbline cascade");
    expect(dry.stdout).toContain("A dry run");
    const applied = await people("teardown", "--apply");
    expect(applied.code).toBe(0);
    expect(await query("select nspname from pg_namespace where nspname = 'plumbline'")).toEqual([]);
    expect(await query("select slot_name from pg_replication_slots")).toEqual([]);
    expect(await query("select pubname from pg_publication")).toEqual([]);
    expect((await people("teardown")).stdout).toContain("There is nothing of Plumbline in the database.");
  });
});

test.each([
  ["away: try later", "127.0.0.1:1", 75, "ECONNREFUSED"],
  ["there and refuses the password", "", 3, "28P01"],
])("a database that is %s", async (_, host, exit, reason) => {
  const wrong =
    host === "" ? url.replace("postgres:postgres@", "postgres:wrong@") : `postgres://a:b@${host}/c`;
  const { code, stderr } = await plumbline(["people", "status", "--no-color"], {
    cwd: folder,
    env: { SHOP_URL: wrong },
  });
  expect([code, stderr.match(/ECONNREFUSED|28P01/)?.[0]], stderr).toEqual([exit, reason]);
});

test("without `people` in the configuration the commands say so", async () => {
  const other = tempDirectory("people-none");
  writeFileSync(join(other, "plan.yaml"), PLAN);
  writeFileSync(
    join(other, "plumbline.yaml"),
    "plumbline: 1\nplan: plan.yaml\nsources: { api: { token: t } }\n",
  );
  const { code, stderr } = await plumbline(["people", "status", "--no-color"], { cwd: other });
  expect(code).toBe(2);
  expect(stderr).toContain("has no `people`");
});
