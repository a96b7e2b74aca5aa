// From a committed change to a profile: every kind of change, through the log, without a line in the application.
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../support/emulator-client.ts";
import { setUpCapture } from "../support/people-setup.ts";
import { startPostgres, type TestPostgres } from "../support/postgres.ts";
import { openPeopleContext, type PeopleDestination, recompile } from "../../src/people/people-context.ts";
import { requestJob } from "../../src/people/jobs/jobs.ts";
import { createPeopleSync } from "../../src/people/people-sync.ts";
import { adoptMapping, mappingInForce } from "../../src/people/state/plan-in-force.ts";
import { lockOf } from "../support/plans.ts";
import {
  expectedProfiles,
  isSame,
  openSyncSystem,
  storedProfiles,
  type SyncSystem,
  type SyncSystemOptions,
} from "./sync-system.ts";

const SHOP = `
create table accounts (id bigint primary key generated always as identity, plan text not null default 'free');
create table users (id uuid primary key default gen_random_uuid(), email text not null, name text, account_id bigint references accounts (id));
create table orders (id bigint primary key generated always as identity, user_id uuid not null references users (id) on delete cascade, status text not null, total numeric(10,2) not null);
create index on orders (user_id);
create index on users (account_id);`;
const PEOPLE = {
  $email: { type: "string", owner: "state", from: "users.email" },
  $name: { type: "string", owner: "state", from: "users.name" },
  account_plan: { type: "string", owner: "state", from: "accounts.plan" },
  orders_count: { type: "integer", owner: "state", from: { count: "orders" } },
  paid_total: { type: "number", owner: "state", from: { sum: "orders.total", where: { status: "paid" } } },
  used_ios_app: { type: "boolean", owner: "client" },
};
const A = "00000000-0000-4000-8000-00000000000a";
const B = "00000000-0000-4000-8000-00000000000b";

let postgres: TestPostgres;
let system: SyncSystem | undefined;
beforeAll(async () => {
  postgres = await startPostgres();
});
afterEach(async () => {
  await system?.close();
  system = undefined;
});
afterAll(() => postgres.close());

async function shop(ask: Partial<SyncSystemOptions> = {}): Promise<SyncSystem> {
  system = await openSyncSystem(postgres, { sql: SHOP, people: PEOPLE, ...ask });
  return system;
}

test("a walk is noted as it stands after its marks, so that who waits for it waits for all of them", async () => {
  // Rows from before the capture: only the walk marks them.
  const { start, context, rows, converges } = await shop({
    sql: `${SHOP} insert into users (id, email) values ('${A}', 'a@x.example'), ('${B}', 'b@x.example')`,
  });
  const pages: (Readonly<Record<string, string | null>> | undefined)[] = [];
  const isSeen = (): Promise<unknown> =>
    eventually(
      async () => pages.length,
      (count) => count > 0,
    );
  await context.state.transaction((tx) => requestJob(tx, { kind: "backfill", cause: "a test" }));
  start({
    async at(point) {
      // No mark may go before it is counted.
      if (point === "before-send") await isSeen();
      if (point !== "after-page") return;
      const [row] = await rows(
        "select count(*)::text as marks, count(*) filter (where m.first_at > j.at)::text as younger from plumbline.marks m, plumbline.jobs j where j.kind = 'backfill'",
      );
      pages.push(row);
    },
  });
  await converges();
  expect(pages[0]).toEqual({ marks: "2", younger: "0" });
});

describe("what follows a commit", () => {
  test.each([
    ["by the log", {}],
    ["by triggers", { capture: { method: "trigger" } }],
    ["by the log, with the state elsewhere", { isElsewhere: true }],
    ["by triggers, with the state elsewhere", { capture: { method: "trigger" }, isElsewhere: true }],
  ] as const)(
    "a new user, changed columns, related rows, an owner change, a deletion: %s",
    async (_, asked) => {
      const { isElsewhere, ...options } = { isElsewhere: false, ...asked };
      const stateUrl = isElsewhere ? { stateUrl: await postgres.createDatabase() } : {};
      const { run, start, converges } = await shop({ options: { ...options, ...stateUrl } });
      start();
      await run(
        `insert into accounts (plan) values ('pro'); insert into users (id, email, account_id) values ('${A}', 'a@x.example', 1), ('${B}', 'b@x.example', null)`,
      );
      expect((await converges()).get(A)).toEqual({
        $email: "a@x.example",
        account_plan: "pro",
        orders_count: 0,
        paid_total: 0,
      });
      await run(
        `update users set email = 'new@x.example', name = 'Ada' where id = '${A}'; update accounts set plan = 'team'`,
      );
      expect((await converges()).get(A)).toMatchObject({
        $email: "new@x.example",
        $name: "Ada",
        account_plan: "team",
      });
      await run(
        `insert into orders (user_id, status, total) values ('${A}', 'paid', 10.5), ('${A}', 'open', 3)`,
      );
      expect((await converges()).get(A)).toMatchObject({ orders_count: 2, paid_total: 10.5 });
      await run(
        `update orders set user_id = '${B}' where status = 'paid'; update users set name = null where id = '${A}'`,
      );
      const moved = await converges();
      expect(moved.get(A)).toEqual({
        $email: "new@x.example",
        account_plan: "team",
        orders_count: 1,
        paid_total: 0,
      });
      expect(moved.get(B)).toMatchObject({ orders_count: 1, paid_total: 10.5 });
      await run(`delete from orders; delete from users where id = '${A}'`);
      expect([...(await converges()).keys()]).toEqual([B]);
    },
  );

  test("a truncate is followed by a comparison of everybody", async () => {
    const { run, start, converges } = await shop();
    start();
    await run(
      `insert into users (id, email) values ('${A}', 'a@x.example'); insert into orders (user_id, status, total) values ('${A}', 'paid', 1)`,
    );
    expect((await converges()).get(A)).toMatchObject({ orders_count: 1 });
    await run("truncate orders");
    expect((await converges()).get(A)).toMatchObject({ orders_count: 0, paid_total: 0 });
  });

  test("only differences go out, and nothing goes out for a change that changes nothing", async () => {
    const { run, start, converges, metrics, rows } = await shop();
    start();
    await run(`insert into users (id, email) values ('${A}', 'a@x.example')`);
    await converges();
    const before = metrics.value("plumbline_people_requests_total");
    await run(
      `update users set email = email; insert into orders (user_id, status, total) values ('${A}', 'open', 1); delete from orders`,
    );
    await eventually(
      () => rows("select * from plumbline.marks"),
      (marks) => marks.length === 0 && metrics.value("plumbline_people_changes_total") > 1,
    );
    await run("update users set name = 'Ada'");
    await converges();
    // The profile is there a moment before its acknowledgement.
    await eventually(
      () => rows("select story ->> 'set' as set from plumbline.profiles"),
      ([row]) => row?.["set"] === '["$name"]',
    );
    expect(metrics.value("plumbline_people_requests_total") - before).toBeLessThanOrEqual(3);
  });
});

describe("a changed plan", () => {
  const more = {
    ...PEOPLE,
    email_length: {
      type: "integer",
      owner: "state",
      from: { sql: "select id as user_id, length(email) as value from users" },
    },
  };

  test("takes effect for everybody while the sync runs", async () => {
    const { run, start, context, converges, profiles } = await shop();
    const { sync } = start();
    await run(`insert into users (id, email) values ('${A}', 'a@x.example'), ('${B}', 'bb@x.example')`);
    await converges();
    expect(await sync.setLock(lockOf({ people: more }))).toEqual([]);
    await eventually(
      profiles,
      (found) => found.get(A)?.["email_length"] === 11 && found.get(B)?.["email_length"] === 12,
    );
    expect(context.mapping.sets.length).toBeGreaterThan(1);
  });

  test("names moments also of users for whom it changes nothing now", async () => {
    const { run, start, converges, context, profiles } = await shop();
    const { sync } = start();
    await run(
      `insert into users (id, email) values ('${A}', 'a@x.example'); create table trials (user_id uuid primary key references users (id), ends timestamptz not null); insert into trials values ('${A}', clock_timestamp() + interval '6 seconds')`,
    );
    await converges();
    const sql =
      "select user_id, case when ends <= now() then 1 end as value, case when ends > now() then ends end as revisit_at from trials";
    const over = { type: "integer", owner: "state", from: { sql, revisit_at: "revisit_at" } };
    const lock = lockOf({ people: { ...PEOPLE, over } });
    await sync.setLock(lock);
    const { context: next } = await recompile(context, lock, { isPartial: false });
    if (!next) throw new Error("no mapping");
    await setUpCapture(next);
    await eventually(profiles, (found) => found.get(A)?.["over"] === 1, { withinMs: 20_000 });
  });

  test("is followed only when its tables are watched", async () => {
    const { run, start, converges, context, profiles } = await shop();
    const { sync } = start();
    await run(
      `create table visits (id bigint primary key, user_id uuid not null); create index on visits (user_id)`,
    );
    await run(`insert into users (id, email) values ('${A}', 'a@x.example')`);
    await converges();
    const visits = {
      type: "integer",
      owner: "state",
      from: { count: "visits", via: "visits.user_id = users.id" },
    };
    const lock = lockOf({ people: { ...PEOPLE, visits } });
    expect((await sync.setLock(lock)).map(({ id }) => id)).toContain("capture-published-table-missing");
    expect(sync.state().isWaitingForSetup).toBe(true);
    await run(`insert into visits values (1, '${A}')`);
    const { context: next } = await recompile(context, lock, { isPartial: false });
    if (!next) throw new Error("no mapping");
    await setUpCapture(next);
    await eventually(profiles, (found) => found.get(A)?.["visits"] === 1);
    await run(`insert into visits values (2, '${A}')`);
    await eventually(profiles, (found) => found.get(A)?.["visits"] === 2);
  });

  test("a process with the older plan stops reading and sending as soon as another has the newer", async () => {
    const { run, start, converges, context, url } = await shop();
    const old = start();
    await run(`insert into users (id, email) values ('${A}', 'a@x.example')`);
    await converges();
    const opened = await openPeopleContext({ ...context, databaseUrl: url, lock: lockOf({ people: more }) });
    if (opened.kind !== "open") throw new Error("not open");
    const stop = new AbortController();
    const running = createPeopleSync(opened.context).run(stop.signal);
    await eventually(
      async () => old.sync.state().isOutdated,
      (isOutdated) => isOutdated,
    );
    await run(`update users set email = 'longer@x.example'`);
    const next = {
      ...context,
      mapping: opened.context.mapping,
      rulesFor: (one: PeopleDestination) => opened.context.rulesFor(one),
    };
    await eventually(
      async () => [await storedProfiles(system?.emulator.url ?? ""), await expectedProfiles(next)] as const,
      ([stored, expected]) => isSame(stored, expected),
    );
    stop.abort();
    await running;
    await opened.context.close();
  });

  test("a dropped column takes its own property out, and nothing else", async () => {
    const { run, start, converges, profiles } = await shop();
    start();
    await run(`insert into users (id, email, name) values ('${A}', 'a@x.example', 'Ada')`);
    await converges();
    await run("alter table users drop column name");
    await run(`update users set email = 'b@x.example'`);
    await eventually(profiles, (found) => found.get(A)?.["$email"] === "b@x.example");
  });
});

describe("another process's mapping", () => {
  test("is taken over when it is the same plan without what the database no longer has", async () => {
    const { run, start, converges, context, profiles, log } = await shop();
    start();
    await run(`insert into users (id, email, name) values ('${A}', 'a@x.example', 'Ada')`);
    await converges();
    await run("alter table users drop column name");
    const { context: fitting } = await recompile(context, context.lock, { isPartial: true });
    if (!fitting) throw new Error("no mapping");
    await adoptMapping(context.state, fitting.mapping.hash);
    await eventually(
      async () => log.lines.filter(({ message }) => message.includes("a newer plan")).length,
      (waits) => waits > 0,
    );
    await run(`update users set email = 'b@x.example'`);
    await eventually(profiles, (found) => found.get(A)?.["$email"] === "b@x.example");
    expect(await mappingInForce(context.state)).toBe(fitting.mapping.hash);
  });

  test("is not replaced by an older one after the database was away", async () => {
    const { start, context, log } = await shop();
    const { sync } = start();
    await eventually(
      () => mappingInForce(context.state),
      (hash) => hash === context.mapping.hash,
    );
    await adoptMapping(context.state, "a newer one");
    await eventually(
      async () => sync.state().isOutdated,
      (isOutdated) => isOutdated,
    );
    const times = (text: string) => log.lines.filter(({ message }) => message.includes(text)).length;
    await postgres.whileStopped(async () => {
      await eventually(
        async () => times("cannot be reached"),
        (count) => count > 0,
      );
    });
    await eventually(
      async () => times("a newer plan"),
      (count) => count > 1,
    );
    expect(await mappingInForce(context.state)).toBe("a newer one");
  });
});

test("touch, in the application's own transaction, is followed where nothing else is allowed", async () => {
  const { run, start, converges, profiles } = await shop({ options: { capture: { method: "touch" } } });
  start();
  await run(
    `begin; insert into users (id, email) values ('${A}', 'a@x.example'); select plumbline.touch('${A}', '${B}'); commit`,
  );
  expect((await converges()).get(A)).toMatchObject({ $email: "a@x.example" });
  await run(`begin; update users set email = 'b@x.example'; select plumbline.touch('${A}'); rollback`);
  await run(
    `begin; update users set email = 'c@x.example'; select plumbline.touch('${A.toUpperCase()}', 'no id'); commit`,
  );
  await eventually(profiles, (found) => found.get(A)?.["$email"] === "c@x.example");
});

test("polling sees what is new and what has changed, also when it was committed late", async () => {
  const sql = `
create table users (id uuid primary key, email text not null, updated_at timestamptz not null default clock_timestamp());
create table orders (id bigint primary key generated always as identity, user_id uuid not null, updated_at timestamptz not null default clock_timestamp());
create index on orders (user_id);`;
  const people = {
    $email: { type: "string", owner: "state", from: "users.email" },
    orders_count: {
      type: "integer",
      owner: "state",
      from: { count: "orders", via: "orders.user_id = users.id" },
    },
  };
  const poll = { method: "poll", pollColumn: "updated_at" } as const;
  const { run, start, profiles } = await shop({
    sql,
    people,
    options: { capture: { tables: { users: poll, orders: poll } } },
  });
  const running = start();
  await eventually(
    async () => running.sync.state().captures,
    ([capture]) => capture?.kind === "running",
  );
  await run(`insert into users values ('${A}', 'a@x.example'); insert into orders (user_id) values ('${A}')`);
  await eventually(profiles, (found) => found.get(A)?.["orders_count"] === 1);
  await run(
    `insert into users values ('${B}', 'b@x.example', now() - interval '1 minute'); update users set email = 'n@x.example', updated_at = now() where id = '${A}'`,
  );
  await eventually(
    profiles,
    (found) => found.get(A)?.["$email"] === "n@x.example" && found.get(B)?.["$email"] === "b@x.example",
  );
  const [future, next] = [B.replace(/b$/, "c"), B.replace(/b$/, "d")];
  await run(`insert into users values ('${future}', 'f@x.example', '2099-01-01')`);
  await eventually(profiles, (found) => found.has(future));
  await run(`insert into users values ('${next}', 'd@x.example')`);
  await eventually(profiles, (found) => found.has(next));
});

test("a mark by hand reads and sends again; what is no id is passed over", async () => {
  const { start, run, converges, metrics, rows } = await shop();
  const { sync } = start();
  await run(`insert into users (id, email) values ('${A}', 'a@x.example')`);
  await converges();
  const isSettled = () =>
    eventually(
      () => rows("select * from plumbline.marks"),
      (marks) => marks.length === 0,
    );
  await isSettled();
  const before = metrics.value("plumbline_people_updates_total");
  await run("update plumbline.profiles set unsure = true");
  await sync.mark([A.toUpperCase(), "not an id", "'; drop table users; --"], "a test");
  await isSettled();
  expect(metrics.value("plumbline_people_updates_total") - before).toBeGreaterThan(0);
  expect(await rows("select user_id from plumbline.profiles")).toEqual([{ user_id: A }]);
});

test("a property of another database follows that database, beside the application's own", async () => {
  const billing = {
    sql: "create table customers (uuid uuid primary key, tier text not null)",
    state: { databases: { billing: { users: "customers.uuid" } } },
    people: {
      ...PEOPLE,
      tier: { type: "string", owner: "state", from: { field: "customers.tier", database: "billing" } },
    },
  };
  const main = await shop({ state: billing.state, people: billing.people });
  const other = await openSyncSystem(postgres, {
    ...billing,
    options: { database: "billing" },
    emulator: main.emulator,
  });
  main.start();
  other.start();
  await main.run(`insert into users (id, email) values ('${A}', 'a@x.example')`);
  await other.run(`insert into customers values ('${A}', 'gold')`);
  await eventually(
    main.profiles,
    (found) => found.get(A)?.["tier"] === "gold" && found.get(A)?.["$email"] === "a@x.example",
  );
  await other.run("delete from customers");
  await eventually(main.profiles, (found) => found.get(A)?.["tier"] === undefined);
  expect((await main.profiles()).get(A)).toMatchObject({ $email: "a@x.example", orders_count: 0 });
  await other.close();
});

test("a value that the plan does not allow stays behind in quarantine, and comes out when it is right", async () => {
  const people = {
    ...PEOPLE,
    $email: { type: "string", format: "email", owner: "state", from: "users.email" },
  };
  const { run, start, converges, profiles, rows } = await shop({ people });
  start();
  await run(`insert into users (id, email) values ('${A}', 'a@x.example')`);
  await converges();
  await run(
    `insert into orders (user_id, status, total) values ('${A}', 'paid', 1); update users set email = 'no address', name = 'Ada'`,
  );
  const quarantine = "select property, reason from plumbline.quarantine";
  await eventually(
    () => rows(quarantine),
    (found) => found.length === 1,
  );
  expect(await rows(quarantine)).toEqual([{ property: "$email", reason: "format" }]);
  // Another set of properties is read and sent: what was refused is still refused.
  await run(`insert into orders (user_id, status, total) values ('${A}', 'open', 1)`);
  await eventually(profiles, (found) => found.get(A)?.["orders_count"] === 2);
  expect(await rows(quarantine)).toHaveLength(1);
  await run("update users set email = 'b@x.example'");
  await converges();
  await eventually(
    () => rows(quarantine),
    (found) => found.length === 0,
  );
});
