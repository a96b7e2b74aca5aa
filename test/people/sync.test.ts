// From a committed change to a profile: every kind of change, through the log, without a line in the application.
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../support/emulator-client.ts";
import { startPostgres, type TestPostgres } from "../support/postgres.ts";
import { openSyncSystem, type SyncSystem, type SyncSystemOptions } from "./sync-system.ts";

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

describe("what follows a commit", () => {
  test("a new user, a changed column, related rows, an owner change, a deletion", async () => {
    const { run, start, converges } = await shop();
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
  });

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
    const [row] = await rows("select story ->> 'set' as set from plumbline.profiles");
    expect(row).toEqual({ set: '["$name"]' });
    expect(metrics.value("plumbline_people_requests_total") - before).toBeLessThanOrEqual(3);
  });
});
