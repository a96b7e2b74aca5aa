// The people sync inside `plumbline up`: it waits for its set-up without holding up the gateway, follows the database, takes a new plan over,
// outlives its database, and ends in good order; in a thread of its own and on the main one.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { request } from "undici";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ensureDist } from "../support/dist.ts";
import { eventually, queryProfiles } from "../support/emulator-client.ts";
import { type TestPostgres, startPostgres } from "../support/postgres.ts";
import { plumbline } from "../support/run-plumbline.ts";
import { makeSystem, type Running, type System } from "../support/system.ts";

const PLAN = `plumbline: 1
name: shop
sources: { web: { trust: client }, api: { trust: server } }
identity: { user_id: { format: uuid } }
lint: { rules: { missing-description: off, missing-data-class: off } }
people:
  email: { name: $email, type: string, owner: state, from: users.email }
`;
const WITH_COUNT = `${PLAN}  orders_count: { type: integer, owner: state, from: { count: orders } }\n`;
const SCHEMA = `
create table users (id uuid primary key default gen_random_uuid(), email text not null);
create table orders (id bigint primary key generated always as identity, user_id uuid not null references users (id));
create index on orders (user_id);
`;
const SET_UP_WITHIN_MS = 25_000;

let postgres: TestPostgres;

beforeAll(async () => {
  ensureDist();
  postgres = await startPostgres();
});
afterAll(() => postgres.close());

async function queryAt(url: string, sql: string, values: readonly unknown[] = []): Promise<pg.QueryResult> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await client.query(sql, [...values]);
  } finally {
    await client.end();
  }
}

describe.each(["thread", "inline"])("pipeline: %s", (pipeline) => {
  let system: System;
  let gateway: Running;
  let url = "";
  let admin = "";

  const get = async (path: string): Promise<string> => (await request(`${admin}${path}`)).body.text();
  const people = (...args: string[]) =>
    plumbline(["people", ...args, "--config", system.config, "--no-color"], { cwd: system.directory });
  const insert = async (email: string): Promise<string> => {
    const { rows } = await queryAt(url, "insert into users (email) values ($1) returning id::text as id", [
      email,
    ]);
    return String((rows as readonly { readonly id: string }[])[0]?.id);
  };
  const profileOf = (id: string, holds: (properties: Readonly<Record<string, unknown>>) => boolean) =>
    eventually(
      async () =>
        (await queryProfiles(system.emulator.url)).find(({ $distinct_id: of }) => of === id)?.$properties ??
        {},
      holds,
      { what: "the profile" },
    );
  const mark = (id: string) =>
    request(`${system.gatewayUrl}/v1/people`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer api_token` },
      body: JSON.stringify([{ user_id: id, changed: true }]),
    });

  beforeAll(async () => {
    url = await postgres.createDatabase();
    await postgres.run(url, SCHEMA);
    // A slot belongs to the server, not to a database.
    system = await makeSystem({
      plan: PLAN,
      extra: `pipeline: ${pipeline}\npeople: { database: "${url}", destinations: [product], capture: { slot: people_${pipeline} } }`,
    });
    gateway = await system.startGateway();
    admin = /admin on (\S+)/.exec(gateway.firstLine)?.[1] ?? "";
  });
  afterAll(() => system.close());

  test("before set-up the gateway runs, is not ready and says what to do; marks are refused, not lost", async () => {
    const ready = await eventually(
      () => get("/readyz"),
      (text) => text.includes("setup --apply"),
    );
    expect(JSON.parse(ready)).toEqual({
      status: "not ready",
      reasons: ["people: changes are not captured yet: run `plumbline people setup --apply`"],
    });
    expect(gateway.errors()).toContain("capture-not-set-up");
    expect(JSON.parse(await get("/v1/status"))).toMatchObject({ people: { state: { kind: "waiting" } } });
    expect(await get("/metrics")).toContain("plumbline_people_running 0");
    const id = await insert("early@shop.example");
    expect((await mark(id)).statusCode).toBe(503);
    expect(gateway.errors()).not.toContain("postgres:postgres");
  });

  test("after set-up it begins by itself, and a commit is in the profile a moment later", async () => {
    expect((await people("setup", "--apply")).code).toBe(0);
    await eventually(
      () => get("/readyz"),
      (text) => text.includes('"ready"'),
      { withinMs: SET_UP_WITHIN_MS },
    );
    const id = await insert("ada@shop.example");
    await profileOf(id, ({ $email: email }) => email === "ada@shop.example");
    await queryAt(url, "update users set email = 'ada@other.example' where id = $1", [id]);
    await profileOf(id, ({ $email: email }) => email === "ada@other.example");
    expect(JSON.parse(await get("/v1/status"))).toMatchObject({
      people: {
        state: { kind: "running" },
        sync: { captures: [{ method: "wal", kind: "running" }], workers: [{ destination: "product" }] },
      },
    });
    const metrics = await get("/metrics");
    expect(metrics).toContain("plumbline_people_running 1");
    expect(metrics).toContain("plumbline_people_lag_seconds_count");
    expect(metrics).toContain("plumbline_received_requests_total");
  });

  test("a mark of another system is answered once it is committed, and its user is read again", async () => {
    const { rows } = await queryAt(
      url,
      "select id::text as id from users where email = 'early@shop.example'",
    );
    const id = String((rows as readonly { readonly id: string }[])[0]?.id);
    expect((await queryProfiles(system.emulator.url)).map(({ $distinct_id: of }) => of)).not.toContain(id);
    expect((await mark(id)).statusCode).toBe(200);
    await profileOf(id, ({ $email: email }) => email === "early@shop.example");
  });

  test("a command beside it shares the work", async () => {
    const { code, stdout } = await people("backfill", "--apply", "--json");
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ isDone: true, users: 2, waiting: 0 });
    expect((await people("drift")).stdout).toContain("drift 0 of 2 profiles");
  });

  test("a changed plan is taken over without a restart, and everybody gets the new property", async () => {
    writeFileSync(join(system.directory, "plan.yaml"), WITH_COUNT);
    // The new table has to be watched as well.
    expect((await people("setup", "--apply")).code).toBe(0);
    const { rows } = await queryAt(url, "select id::text as id from users where email = 'ada@other.example'");
    const id = String((rows as readonly { readonly id: string }[])[0]?.id);
    await profileOf(id, ({ orders_count: count }) => count === 0);
    await queryAt(url, "insert into orders (user_id) values ($1)", [id]);
    await profileOf(id, ({ orders_count: count }) => count === 1);
  });

  test("a database that goes away and comes back is waited for", async () => {
    await postgres.restart();
    const id = await insert("later@shop.example");
    await profileOf(id, ({ $email: email }) => email === "later@shop.example");
    await eventually(
      () => get("/readyz"),
      (text) => text.includes('"ready"'),
    );
  });

  test("it ends on SIGTERM with 0 and gives its leases back; whoever starts next goes on", async () => {
    expect(await gateway.stop()).toBe(0);
    const held = await queryAt(url, "select count(owner)::int as held from plumbline.leases");
    expect(held.rows).toEqual([{ held: 0 }]);
    const id = await insert("meanwhile@shop.example");
    gateway = await system.startGateway();
    await profileOf(id, ({ $email: email }) => email === "meanwhile@shop.example");
    expect(await gateway.stop()).toBe(0);
  });
});

test("a database that does not answer is a reason, not the end", async () => {
  const system = await makeSystem({
    plan: PLAN,
    extra: `people: { database: "postgres://nobody@127.0.0.1:1/none", destinations: [product] }`,
  });
  try {
    const gateway = await system.startGateway();
    const admin = /admin on (\S+)/.exec(gateway.firstLine)?.[1] ?? "";
    const ready = await eventually(
      async () => (await request(`${admin}/readyz`)).body.text(),
      (text) => text.includes("Cannot reach"),
    );
    expect(ready).toContain("Cannot reach the application's database");
    expect(await gateway.stop()).toBe(0);
  } finally {
    await system.close();
  }
});

test.each(["thread", "inline"])("several databases are followed side by side: %s", async (pipeline) => {
  const [shop, billing] = [await postgres.createDatabase(), await postgres.createDatabase()];
  await postgres.run(shop, SCHEMA);
  await postgres.run(billing, "create table customers (uuid uuid primary key, tier text not null)");
  const plan = `${PLAN}  tier: { type: string, owner: state, from: { field: customers.tier, database: billing } }
state: { databases: { billing: { users: customers.uuid } } }\n`;
  const slot = `two_${pipeline}`;
  const system = await makeSystem({
    plan,
    extra: `pipeline: ${pipeline}
people: { database: "${shop}", destinations: [product], capture: { slot: ${slot}_shop }, databases: { billing: { database: "${billing}", capture: { slot: ${slot}_billing } } } }`,
  });
  const people = (...args: string[]) =>
    plumbline(["people", ...args, "--config", system.config, "--json"], { cwd: system.directory });
  try {
    const wrong = await people("--database", "crm", "status");
    expect([wrong.code, wrong.stdout + wrong.stderr]).toEqual([
      2,
      expect.stringContaining("there are: billing"),
    ]);
    expect((await people("setup", "--apply")).code).toBe(0);
    expect((await people("--database", "billing", "setup", "--apply")).code).toBe(0);
    const gateway = await system.startGateway();
    const admin = /admin on (\S+)/.exec(gateway.firstLine)?.[1] ?? "";
    const { rows } = await queryAt(
      shop,
      "insert into users (email) values ('a@shop.example') returning id::text as id",
    );
    const id = String((rows as readonly { readonly id: string }[])[0]?.id);
    await queryAt(billing, "insert into customers values ($1, 'gold')", [id]);
    const both = (properties: Readonly<Record<string, unknown>> = {}) =>
      properties["$email"] === "a@shop.example" && properties["tier"] === "gold";
    await eventually(
      () => queryProfiles(system.emulator.url),
      (profiles) => both(profiles.find(({ $distinct_id: of }) => of === id)?.$properties),
      { what: "properties of both databases" },
    );
    const status = JSON.parse(await (await request(`${admin}/v1/status`)).body.text()) as object;
    expect(status).toMatchObject({
      people: { state: { kind: "running" }, databases: { billing: { state: { kind: "running" } } } },
    });
    expect(await (await request(`${admin}/metrics`)).body.text()).toMatch(
      /plumbline_people_updates_total\{[^}]*database="billing"/,
    );
    expect((await people("--database", "billing", "drift")).code).toBe(0);
    expect(await gateway.stop()).toBe(0);
    // Who is erased is erased for all of them: a change in the other database brings nobody back.
    await queryAt(shop, "delete from users where id = $1", [id]);
    expect((await people("erase", id, "--profile-only", "--apply")).code).toBe(0);
    const next = id.replace(/^......../, "0a0b0c0d");
    await queryAt(
      billing,
      "with changed as (update customers set tier = 'silver' where uuid = $1) insert into customers values ($2, 'gold')",
      [id, next],
    );
    const again = await system.startGateway();
    const found = await eventually(
      () => queryProfiles(system.emulator.url),
      (profiles) => profiles.some(({ $distinct_id: of }) => of === next),
      { what: "the profile of another user" },
    );
    expect(found.filter(({ $distinct_id: of }) => of === id)).toEqual([]);
    expect(await again.stop()).toBe(0);
  } finally {
    await system.close();
  }
});
