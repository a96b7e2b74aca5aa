// Set-up of capture against real Postgres: what is chosen, and what the triggers and the log then say of every statement.
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import pg from "pg";
import type { CaptureSettings } from "../../src/people/capture/capture-plan.ts";
import { openDatabase } from "../../src/people/database/database.ts";
import { applySetup } from "../../src/people/setup/apply-setup.ts";
import { isReadyToCapture } from "../../src/people/setup/findings.ts";
import { planCapture } from "../../src/people/setup/plan-capture.ts";
import { readServerFacts } from "../../src/people/setup/read-server-facts.ts";
import type { ServerFacts } from "../../src/people/setup/server-facts.ts";
import { setupSql } from "../../src/people/setup/setup-sql.ts";
import {
  A,
  ALL_TRIGGERS,
  B,
  C,
  closeDatabases,
  opened,
  prepareCapture,
  USERS,
} from "../support/capture-setup.ts";
import { startPostgres, type TestPostgres } from "../support/postgres.ts";
import { migrateState } from "../../src/people/state/migrations.ts";

let postgres: TestPostgres;

beforeAll(async () => {
  postgres = await startPostgres();
});
afterEach(closeDatabases);
afterAll(async () => {
  await postgres.close();
});

const prepare = (settings?: CaptureSettings, more?: string) => prepareCapture(postgres, settings, more);

describe("the choice of a method", () => {
  test("the log where keys and links make an identity, triggers where whole rows would have to travel", async () => {
    const { methods, look } = await prepare();
    expect(await methods()).toEqual({
      users: "wal as-is",
      orders: "wal index",
      memberships: "wal as-is",
      carts: "trigger",
      visits: "trigger",
      notes: "trigger",
    });
    const { plan, findings } = await look();
    expect(findings).toEqual([]);
    expect(plan.tables.find(({ table }) => table.table === "carts")?.reason).toContain("user_id can be null");
    expect(plan.tables.find(({ table }) => table.table === "orders")?.wal?.published).toEqual([
      "id",
      "user_id",
    ]);
  });

  test("an identity that something else has chosen is left alone", async () => {
    const { methods, look } = await prepare(
      {},
      "alter table carts replica identity full; create unique index other on orders (id, total); alter table orders replica identity using index other;",
    );
    expect(await methods()).toMatchObject({ carts: "wal as-is", orders: "trigger" });
    const { plan } = await look();
    expect(plan.tables.find(({ table }) => table.table === "carts")?.wal?.published).toBeUndefined();
  });

  test("a publication of others with a column list keeps a new identity away from its table", async () => {
    const { methods, look, settings } = await prepare(
      {},
      "create publication others for table orders (id, total), carts (id);",
    );
    expect(await methods()).toMatchObject({ orders: "trigger", carts: "trigger" });
    const { mapping, facts } = await look();
    const { findings } = planCapture(mapping, facts, { ...settings, method: "wal" });
    expect(
      findings
        .filter(({ id }) => id === "capture-method-impossible")
        .map(({ at }) => at)
        .sort(),
    ).toEqual(["people.capture.tables.carts", "people.capture.tables.orders"]);
  });

  test("the configuration wins, and is told what it costs or why it cannot be", async () => {
    const { look, settings } = await prepare();
    const { mapping, facts } = await look();
    const planned = planCapture(mapping, facts, {
      ...settings,
      method: "touch",
      tables: {
        carts: { method: "wal" },
        orders: { method: "poll" },
        "public.notes": { method: "trigger" },
        nothing: { method: "touch" },
      },
    });
    expect(planned.plan.tables.map(({ table, method }) => `${table.table} ${method}`).sort()).toEqual([
      "carts wal",
      "memberships touch",
      "notes trigger",
      "orders poll",
      "users touch",
      "visits touch",
    ]);
    expect(planned.findings.map(({ id, at }) => `${id} ${at}`).sort()).toEqual([
      "capture-nullable-link people.capture.tables.carts",
      "capture-poll-column people.capture.tables.orders",
      "capture-unknown-table people.capture.tables.nothing",
    ]);
  });

  test("a role without rights falls back to triggers, to a column, to touch; asked for more it says which right is missing", async () => {
    const { look, settings, database } = await prepare();
    const role = `poor_${settings.slot}`;
    await database.query(
      `create role ${role} login password 'x'; grant select on all tables in schema public to ${role}`,
    );
    const { mapping, facts } = await look();
    const url = new URL(postgres.url(facts.database));
    [url.username, url.password] = [role, "x"];
    const state = openDatabase(url.href, { connections: 1, applicationName: "t", onError: () => undefined });
    await expect(migrateState(state)).rejects.toMatchObject({ code: "PEOPLE_SETUP_FAILED" });
    await state.close();
    const poor = openDatabase(url.href, {
      connections: 2,
      applicationName: "test",
      onError: () => undefined,
    });
    opened(poor);
    const less = await readServerFacts(poor, mapping, settings);
    const { plan } = planCapture(mapping, less, { ...settings, tables: {} });
    expect(new Set(plan.tables.map(({ method }) => method))).toEqual(new Set(["touch"]));
    const asked = planCapture(mapping, less, { ...settings, method: "wal" }).findings;
    expect(new Set(asked.filter(({ level }) => level === "error").map(({ id }) => id))).toEqual(
      new Set(["capture-rights"]),
    );
    await database.query(
      `grant trigger on all tables in schema public to ${role}; grant create on database "${facts.database}" to ${role}`,
    );
    const more = await readServerFacts(poor, mapping, settings);
    expect(new Set(planCapture(mapping, more, settings).plan.tables.map(({ method }) => method))).toEqual(
      new Set(["trigger"]),
    );
    // What a database owner has set up by hand serves a role that may only read and replicate.
    await applySetup(database, setupSql(planCapture(mapping, facts, settings).plan, { ...facts, role }));
    await database.query(
      `revoke trigger on all tables in schema public from ${role}; alter role ${role} replication`,
    );
    const { plan: kept } = planCapture(mapping, await readServerFacts(poor, mapping, settings), settings);
    expect(kept.tables.map(({ method }) => method).sort()).toEqual([
      "trigger",
      "trigger",
      "trigger",
      "wal",
      "wal",
      "wal",
    ]);
  });

  test.each([
    ["capture-version", { version: 140_000 }],
    ["capture-wal-level", { walLevel: "replica" }],
    ["capture-rights", { canReplicate: false }],
    ["capture-standby", { isStandby: true }],
  ] satisfies readonly (readonly [string, Partial<ServerFacts>])[])(
    "%s stands in the way of the log where it is asked for",
    async (id, change) => {
      const { look, settings } = await prepare();
      const { mapping, facts } = await look();
      const { findings } = planCapture(mapping, { ...facts, ...change }, { ...settings, method: "wal" });
      expect(new Set(findings.filter(({ level }) => level === "error").map((one) => one.id))).toEqual(
        new Set([id]),
      );
      expect(isReadyToCapture(findings)).toBe(false);
    },
  );
});

describe("triggers", () => {
  test("note old and new links of every statement, each value once", async () => {
    const { database, setup, noted } = await prepare(ALL_TRIGGERS);
    await setup();
    await database.query(USERS);
    expect(await noted()).toEqual([`users id ${A}`, `users id ${B}`, `users id ${C}`]);
    await database.query(`insert into orders select n, '${A}', n from generate_series(1, 5) n`);
    expect(await noted()).toEqual([`orders user_id ${A}`]);
    await database.query("update orders set total = 9 where id < 3");
    expect(await noted()).toEqual([`orders user_id ${A}`]);
    await database.query(`update orders set user_id = '${B}' where id = 1`);
    expect(await noted()).toEqual([`orders user_id ${A}`, `orders user_id ${B}`]);
    await database.query("delete from orders where id in (1, 2)");
    expect(await noted()).toEqual([`orders user_id ${A}`, `orders user_id ${B}`]);
    await database.query("update orders set total = 1 where false");
    expect(await noted()).toEqual([]);
    await database.query(
      `insert into orders values (3, '${C}', 1) on conflict (id) do update set user_id = excluded.user_id;
       merge into orders using (values (4::bigint, '${B}'::uuid), (8, '${C}')) v (id, user_id) on orders.id = v.id
         when matched then update set user_id = v.user_id when not matched then insert values (v.id, v.user_id, 0)`,
    );
    expect(new Set(await noted())).toEqual(new Set([A, B, C].map((id) => `orders user_id ${id}`)));
    await database.query("truncate orders");
    expect(await noted()).toEqual(["orders everyone"]);
    await database.query(`insert into carts values (1, null), (2, '${A}')`);
    expect(await noted()).toEqual([`carts user_id ${A}`]);
    await database.query("begin; delete from carts; rollback");
    expect(await noted()).toEqual([]);
    await database.query("select plumbline.touch($1, $2, null)", [B, C]);
    expect(await noted()).toEqual([`touch user ${B}`, `touch user ${C}`]);
  });

  test("see every partition, whether it is written to by itself or through its table", async () => {
    const { database, setup, noted, doctorIds } = await prepare(ALL_TRIGGERS);
    await setup();
    await database.query(USERS);
    await noted();
    await database.query(`insert into visits values (1, '${A}', 5), (2, '${B}', 150)`);
    expect(await noted()).toEqual([`visits user_id ${A}`, `visits user_id ${B}`]);
    await database.query("update visits set day = 160 where id = 1");
    expect(await noted()).toEqual([`visits user_id ${A}`]);
    await database.query(`update visits_2 set user_id = '${C}' where id = 2`);
    expect(await noted()).toEqual([`visits user_id ${B}`, `visits user_id ${C}`]);
    await database.query("truncate visits_1");
    expect(await noted()).toEqual(["visits everyone"]);
    await database.query("create table visits_3 partition of visits for values from (200) to (300)");
    await database.query(`insert into visits values (3, '${B}', 250)`);
    expect(await noted()).toEqual([`visits user_id ${B}`]);
    expect(await doctorIds()).toEqual(["capture-not-set-up "]);
    await setup();
    await database.query(`insert into visits_3 values (4, '${C}', 251)`);
    expect(await noted()).toEqual([`visits user_id ${C}`]);
    await database.query("alter table visits detach partition visits_3; delete from visits_3 where true");
    expect((await noted()).every((line) => line.startsWith("visits_3"))).toBe(true);
  });

  test("never make a statement of the application fail, whatever happens to its columns", async () => {
    const { database, setup, noted } = await prepare(
      ALL_TRIGGERS,
      `alter table orders add column tg_relid text, add column found text, add column "Weird ""Name" text;`,
    );
    await setup();
    await database.query(
      `${USERS} insert into orders (id, user_id, total, found) values (1, '${A}', 1, 'x')`,
    );
    expect(await noted()).toContain(`orders user_id ${A}`);
    await database.query("alter table orders rename column user_id to owner_id");
    await database.query(`insert into orders (id, owner_id, total) values (2, '${B}', 1)`);
    await database.query("alter table orders drop column owner_id");
    await database.query("update orders set total = 2; delete from orders");
    await database.query("alter table orders rename to purchases");
    await database.query("insert into purchases (id, total) values (3, 1)");
    expect(await noted()).toEqual([]);
  });

  test("also for a role that has no right on the schema plumbline", async () => {
    const { database, setup, noted, settings, look } = await prepare(ALL_TRIGGERS);
    await setup();
    const role = `app_${settings.slot}`;
    await database.query(
      `create role ${role}; grant select, insert, update, delete, truncate on all tables in schema public to ${role}`,
    );
    const client = new pg.Client({ connectionString: postgres.url((await look()).facts.database) });
    await client.connect();
    await client.query(
      `set role ${role}; insert into users values ('${A}', 'a'); truncate notes; select plumbline.touch('${B}')`,
    );
    await expect(client.query("select * from plumbline.outbox")).rejects.toMatchObject({ code: "42501" });
    await client.end();
    expect(await noted()).toEqual(["notes everyone", `touch user ${B}`, `users id ${A}`]);
  });

  test("two writers whose users cross never wait for each other in a trigger", async () => {
    const { database, setup, url, noted } = await prepare(ALL_TRIGGERS);
    await setup();
    await database.query(`${USERS} insert into orders select n, '${A}', 0 from generate_series(1, 40) n`);
    await noted();
    const write = async (offset: number): Promise<number> => {
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      // Without waiting for a lock at all: whoever would have to wait fails.
      await client.query("set lock_timeout = 1000; set deadlock_timeout = '10ms'");
      let failures = 0;
      for (let round = 0; round < 100; round++) {
        const [first, second] = round % 2 === 0 ? [A, B] : [B, A];
        await client
          .query(
            `begin; update orders set user_id = '${first}' where id = ${offset + (round % 20)}; update orders set user_id = '${second}' where id = ${offset + ((round + 7) % 20)}; commit`,
          )
          .catch(async () => {
            failures += 1;
            await client.query("rollback");
          });
      }
      await client.end();
      return failures;
    };
    expect(await Promise.all([write(1), write(21)])).toEqual([0, 0]);
    expect((await noted()).length).toBeGreaterThan(400);
  });
});

describe("the log", () => {
  test("carries keys and links, old and new, and nothing else", async () => {
    const { database, setup, streamed } = await prepare();
    await setup();
    await database.query(USERS);
    await database.query(`insert into orders values (1, '${A}', 5, repeat('x', 20000))`);
    await database.query("update orders set total = 6");
    await database.query(`update orders set user_id = '${B}'`);
    await database.query("delete from orders");
    await database.query(`insert into memberships values ('${A}', 1, 'admin')`);
    await database.query("delete from memberships");
    await database.query("truncate orders");
    await database.query("insert into carts values (1, null)");
    expect(await streamed()).toEqual([
      `users: - > id=${A}`,
      `users: - > id=${B}`,
      `users: - > id=${C}`,
      `orders: - > id=1,user_id=${A}`,
      `orders: - > id=1,user_id=${A}`,
      `orders: id=1,user_id=${A} > id=1,user_id=${B}`,
      `orders: id=1,user_id=${B} > -`,
      `memberships: - > user_id=${A},team_id=1`,
      `memberships: user_id=${A},team_id=1 > -`,
      "truncate orders",
    ]);
  });

  test("carries a link that can be null in whole rows, and partitions under the name of their table", async () => {
    const { database, setup, streamed, doctorIds } = await prepare({ method: "wal" });
    await setup();
    expect(await doctorIds()).toEqual([
      "capture-nullable-link .tables.carts",
      "capture-nullable-link .tables.notes",
      "capture-partition-changes .tables.visits",
    ]);
    await database.query(USERS);
    await database.query(
      `insert into carts values (1, '${A}'), (2, null); insert into visits values (1, '${A}', 5, 'p')`,
    );
    await streamed();
    await database.query("update carts set user_id = null where id = 1");
    await database.query(`update carts set user_id = '${B}' where id = 2`);
    await database.query("delete from carts");
    await database.query(`update visits set user_id = '${C}'`);
    await database.query("delete from visits_1");
    expect(await streamed()).toEqual([
      `carts: id=1,user_id=${A},items=0 > id=1,items=0`,
      `carts: id=2,items=0 > id=2,user_id=${B},items=0`,
      `carts: id=1,items=0 > -`,
      `carts: id=2,user_id=${B},items=0 > -`,
      `visits: id=1,user_id=${A},day=5 > id=1,user_id=${C},day=5`,
      `visits: id=1,user_id=${C},day=5 > -`,
    ]);
  });
});
