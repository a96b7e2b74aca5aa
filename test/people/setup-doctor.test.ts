// Set-up of capture against real Postgres: it is done once, follows a changed configuration, leaves no trace, and the doctor sees each hazard.
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import pg from "pg";
import type { CaptureSettings } from "../../src/people/capture/capture-plan.ts";
import { applySetup, applyTeardown } from "../../src/people/setup/apply-setup.ts";
import { checkCapture } from "../../src/people/setup/check-capture.ts";
import { CAPTURE_FINDINGS, isReadyToCapture } from "../../src/people/setup/findings.ts";
import { planCapture } from "../../src/people/setup/plan-capture.ts";
import { readServerFacts } from "../../src/people/setup/read-server-facts.ts";
import type { ServerFacts } from "../../src/people/setup/server-facts.ts";
import { setupSql, teardownSql } from "../../src/people/setup/setup-sql.ts";
import { migrateState } from "../../src/people/state/migrations.ts";
import { A, ALL_TRIGGERS, closeDatabases, prepareCapture, traces, USERS } from "../support/capture-setup.ts";
import { startPostgres, type TestPostgres } from "../support/postgres.ts";

let postgres: TestPostgres;

beforeAll(async () => {
  postgres = await startPostgres();
});
afterEach(closeDatabases);
afterAll(async () => {
  await postgres.close();
});

const prepare = (settings?: CaptureSettings, more?: string) => prepareCapture(postgres, settings, more);

describe("set-up", () => {
  test("done twice it has nothing left to do, and the doctor is content", async () => {
    const { setup, look, doctor } = await prepare();
    expect(isReadyToCapture(await doctor())).toBe(false);
    const first = await look();
    const steps = setupSql(first.plan, first.facts);
    expect(
      steps.filter(({ outsideTransaction }) => outsideTransaction).map(({ isBlocking }) => isBlocking),
    ).toEqual([false, false]);
    await setup();
    const { plan, facts } = await look();
    expect(setupSql(plan, facts)).toEqual([]);
    expect(facts.slot).toMatchObject({ isFailover: true, walStatus: "reserved", database: facts.database });
    expect(await doctor()).toEqual([]);
  });

  test("follows a changed configuration both ways, and leaves nothing of the other way behind", async () => {
    const { database, settings, look, setup } = await prepare();
    await setup();
    const before = await traces(database);
    for (const method of ["trigger", "wal", "touch"] as const) {
      const { mapping, facts } = await look();
      const asked = { ...settings, method };
      await applySetup(database, setupSql(planCapture(mapping, facts, asked).plan, facts));
      const after = await readServerFacts(database, mapping, asked);
      expect(setupSql(planCapture(mapping, after, asked).plan, after), method).toEqual([]);
      expect(after.slot !== undefined, method).toBe(method === "wal");
      expect(after.triggers.length > 0, method).toBe(method === "trigger");
      expect(after.indexes.length > 0, method).toBe(method === "wal");
    }
    await setup();
    expect(await traces(database)).toEqual(before);
  });

  test("an index that was left half built is made again", async () => {
    const { database, look, setup } = await prepare();
    const { plan, facts } = await look();
    const index = setupSql(plan, facts).find(({ sql }) => sql.startsWith("create unique index"));
    await database.query((index?.sql ?? "").replace("concurrently ", ""));
    await database.query(
      "update pg_catalog.pg_index set indisvalid = false where indexrelid = (select oid from pg_catalog.pg_class where relname like 'plumbline\\_%')",
    );
    await setup();
    const after = await look();
    expect(after.facts.indexes.map(({ isValid, isIdentity }) => [isValid, isIdentity])).toEqual([
      [true, true],
    ]);
    expect(setupSql(after.plan, after.facts)).toEqual([]);
  });

  test("a table that stays locked is an error that names the step, and the application is not kept waiting", async () => {
    const { database, look } = await prepare(ALL_TRIGGERS);
    const { plan, facts } = await look();
    const steps = setupSql(plan, facts);
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    let tellLocked: () => void = () => undefined;
    const locked = new Promise<void>((resolve) => (tellLocked = resolve));
    const holder = database.transaction(async (tx) => {
      await tx.query("lock table users in row exclusive mode");
      tellLocked();
      await held;
    });
    await locked;
    const seen: string[] = [];
    await expect(
      applySetup(database, steps, { lockTimeoutMs: 20, onStep: ({ what }) => void seen.push(what) }),
    ).rejects.toMatchObject({
      code: "PEOPLE_SETUP_FAILED",
      details: { sqlState: "55P03", step: "make the triggers of users" },
    });
    expect(seen.at(-1)).toBe("make the triggers of users");
    release();
    await holder;
    const again = await look();
    await applySetup(database, setupSql(again.plan, again.facts));
    const done = await look();
    expect(setupSql(done.plan, done.facts)).toEqual([]);
  });
});

describe("teardown", () => {
  test.each([
    ["of the default", {}],
    ["of triggers alone", ALL_TRIGGERS],
    ["of the log alone", { method: "wal" }],
  ] satisfies readonly (readonly [string, CaptureSettings])[])("%s leaves no trace", async (_, settings) => {
    const {
      database,
      setup,
      settings: named,
    } = await prepare(settings, "alter table notes replica identity nothing;");
    const before = await traces(database);
    await setup();
    await migrateState(database);
    expect(await traces(database)).not.toEqual(before);
    // No mapping is needed: it also works when the plan cannot be compiled any more.
    await applyTeardown(database, teardownSql(await readServerFacts(database, undefined, named)));
    expect(await traces(database)).toEqual(before);
    expect(teardownSql(await readServerFacts(database, undefined, named))).toEqual([]);
  });

  test("while something reads the slot nothing is removed", async () => {
    const { database, setup, settings } = await prepare();
    await setup();
    const before = await traces(database);
    const reader = new pg.Client({ ...database.config, replication: "database" } as pg.ClientConfig);
    await reader.connect();
    const ended = new Promise<void>((resolve) => reader.once("end", resolve));
    reader.on("error", () => undefined);
    const stream = reader.query(
      `START_REPLICATION SLOT "${settings.slot}" LOGICAL 0/0 (proto_version '1', publication_names '"${settings.slot}"')`,
    );
    stream.catch(() => undefined);
    const isActive = async () =>
      (await readServerFacts(database, undefined, settings)).slot?.isActive === true;
    await expect.poll(isActive, { timeout: 20_000 }).toBe(true);
    await expect(
      applyTeardown(database, teardownSql(await readServerFacts(database, undefined, settings))),
    ).rejects.toMatchObject({ code: "PEOPLE_SLOT_IN_USE" });
    expect(await traces(database)).toEqual(before);
    (reader as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
    await ended;
    await expect.poll(isActive, { timeout: 20_000 }).toBe(false);
    await applyTeardown(database, teardownSql(await readServerFacts(database, undefined, settings)));
    expect((await traces(database)).filter((trace) => /plumbline|setup_/.test(trace))).toEqual([]);
  });
});

describe("the doctor", () => {
  test("a dropped identity index, under which the application's updates fail", async () => {
    const { database, setup, look, doctor, doctorIds } = await prepare();
    await setup();
    await database.query(`${USERS} insert into orders values (1, '${A}', 1)`);
    const [index] = (await look()).facts.indexes;
    await database.query(`drop index "${index?.name ?? ""}"`);
    await expect(database.query("update orders set total = 2")).rejects.toMatchObject({ code: "55000" });
    expect(await doctorIds()).toEqual(["capture-identity-lost .tables.orders"]);
    const [finding] = await doctor();
    await database.query((finding?.fix ?? "").split(";")[0] ?? "");
    await database.query("update orders set total = 2");
    expect(await doctorIds()).toEqual(["capture-identity-lost .tables.orders"]);
    await setup();
    expect(await doctor()).toEqual([]);
  });

  test("whole rows as identity beside a column list, under which the application's updates fail", async () => {
    const { database, setup, doctorIds, doctor } = await prepare();
    await setup();
    await database.query(`${USERS} insert into orders values (1, '${A}', 1)`);
    await database.query("alter table orders replica identity full");
    await expect(database.query("update orders set total = 2")).rejects.toMatchObject({ code: "42P10" });
    expect(await doctorIds()).toEqual(["capture-full-with-columns .tables.orders"]);
    await setup();
    await database.query("update orders set total = 3");
    expect(await doctor()).toEqual([]);
  });

  test("a primary key whose columns are not published, under which the application's updates fail", async () => {
    const { database, setup, doctorIds, doctor } = await prepare();
    await setup();
    await database.query(
      `${USERS} alter table users add column n int not null default 0; alter table users drop constraint users_pkey cascade; alter table users add primary key (id, n); create unique index on users (id)`,
    );
    await expect(database.query("update users set email = 'x'")).rejects.toMatchObject({ code: "42P10" });
    // The set-up of `notes` and the like does not depend on the foreign keys that went with the old key: the mapping does.
    await database.query(
      "alter table orders add foreign key (user_id) references users (id); alter table carts add foreign key (user_id) references users (id); alter table memberships add foreign key (user_id) references users (id); alter table visits add foreign key (user_id) references users (id); alter table notes add foreign key (user_id) references users (id)",
    );
    expect(await doctorIds()).toEqual(["capture-full-with-columns .tables.users"]);
    await setup();
    await database.query("update users set email = 'x'");
    expect(await doctor()).toEqual([]);
  });

  test("a table that left the publication when a column was dropped with cascade", async () => {
    const { database, setup, doctorIds } = await prepare();
    await setup();
    await database.query(
      "alter table orders drop column user_id cascade; alter table orders add column user_id uuid not null references users (id)",
    );
    expect(await doctorIds()).toEqual([
      "capture-identity-lost .tables.orders",
      "capture-published-table-missing .tables.orders",
    ]);
    await setup();
    expect(await doctorIds()).toEqual([]);
  });

  test("a new partition without the identity of its table", async () => {
    const { database, setup, doctorIds } = await prepare({ tables: { visits: { method: "wal" } } });
    await setup();
    expect(await doctorIds()).toEqual(["capture-partition-changes .tables.visits"]);
    await database.query("create table visits_3 partition of visits for values from (200) to (300)");
    expect(await doctorIds()).toEqual([
      "capture-partition-changes .tables.visits",
      "capture-partition-identity .tables.visits",
    ]);
    await setup();
    expect(await doctorIds()).toEqual(["capture-partition-changes .tables.visits"]);
  });

  test("a link that becomes one that can be null is refused by Postgres while an index is the identity", async () => {
    const { database, setup } = await prepare();
    await setup();
    await expect(database.query("alter table orders alter user_id drop not null")).rejects.toMatchObject({
      code: "42P16",
    });
  });

  test("triggers that are switched off, sessions in which none fires, and publications of all tables", async () => {
    const { database, setup, doctorIds, settings } = await prepare();
    await setup();
    await database.query("alter table carts disable trigger user");
    await database.query(`create publication everything_${settings.slot} for all tables`);
    await database.query(
      "do $$ begin execute format('alter database %I set session_replication_role = replica', current_database()); end $$",
    );
    expect(await doctorIds()).toEqual([
      "capture-all-tables ",
      "capture-session-replication-role ",
      "capture-trigger-disabled .tables.carts",
    ]);
  });

  test("a slot of another database, a lost one, one that holds back too much, and none left", async () => {
    const { setup, look, settings } = await prepare();
    await setup();
    const { plan, facts } = await look();
    const { slot } = facts;
    if (!slot) throw new Error("there is no slot");
    const ids = (change: Partial<ServerFacts>, more: CaptureSettings = {}) =>
      checkCapture(plan, { ...facts, ...change }, { ...settings, ...more }).map(({ id }) => id);
    expect(ids({})).toEqual([]);
    expect(ids({ slot: { ...slot, database: "other" } })).toEqual(["capture-slot-taken"]);
    expect(ids({ slot: { ...slot, walStatus: "lost" } })).toEqual(["capture-slot-lost"]);
    expect(ids({ slot: { ...slot, invalidation: "wal_removed" } })).toEqual(["capture-slot-lost"]);
    expect(ids({ slot: { ...slot, retainedBytes: 60, safeBytes: 40 } })).toEqual(["capture-slot-budget"]);
    expect(ids({ slot: { ...slot, retainedBytes: 40, safeBytes: 60 } })).toEqual([]);
    expect(ids({ slot: { ...slot, retainedBytes: 50, safeBytes: 1000 } }, { slotBudgetBytes: 100 })).toEqual([
      "capture-slot-budget",
    ]);
    expect(ids({ slot: undefined, slotsUsed: facts.slotsMax })).toEqual(["capture-slots-full"]);
    // Whoever makes a new one has to compare everybody: that is the running sync, not set-up.
    expect(ids({ slot: undefined })).toEqual(["capture-slot-lost"]);
    expect(setupSql(plan, { ...facts, slot: undefined })).toEqual([]);
    expect(isReadyToCapture(checkCapture(plan, { ...facts, slot: undefined }))).toBe(true);
    expect(ids({ walSendersUsed: facts.walSendersMax })).toEqual(["capture-slots-full"]);
    expect(ids({ synchronousStandbys: "first 1 (one)" })).toEqual(["capture-synchronous-standby"]);
  });

  test("every finding has a level, and only the table's", async () => {
    const { doctor } = await prepare({ method: "wal" });
    const findings = await doctor();
    expect(findings.length).toBeGreaterThan(0);
    for (const { id, level } of findings) expect(CAPTURE_FINDINGS).toHaveProperty(id, level);
  });
});
