// Queries of a plan's author: which users a change of each table concerns is proved from the query, or asked for.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Database, openDatabase } from "../../src/people/database/database.ts";
import { type Catalogue, readCatalogue } from "../../src/people/mapping/catalogue.ts";
import { compileMapping } from "../../src/people/mapping/compile-mapping.ts";
import { explainMapping } from "../../src/people/mapping/explain-mapping.ts";
import { lockOf } from "../support/plans.ts";
import { startPostgres, type TestPostgres } from "../support/postgres.ts";

const SCHEMA = `
create table users (id uuid primary key, number bigint not null unique, referrer_id uuid references users (id), trial_ends_at timestamptz, prefs jsonb);
create table orders (id bigint primary key, user_id uuid references users (id), gift_to uuid, team_id bigint, total numeric not null, at timestamptz not null default now());
create table items (order_id bigint not null references orders (id), sku text not null, price numeric not null);
create table members (user_id uuid not null references users (id), team_id bigint not null);
create table teams (id bigint primary key, label text, owner_number bigint);
create table blocks (user_id uuid);
create view paid as select * from orders;
create function worth(uuid) returns numeric language sql stable as 'select sum(total) from orders where user_id = $1';
create function twice(numeric) returns numeric language sql immutable as 'select 2 * $1';
`;

let postgres: TestPostgres;
let database: Database;
let catalogue: Catalogue;

beforeAll(async () => {
  postgres = await startPostgres();
  const url = await postgres.createDatabase();
  await postgres.run(url, SCHEMA);
  database = openDatabase(url, { connections: 4, applicationName: "test", onError: () => undefined });
  catalogue = await readCatalogue(database);
});
afterAll(async () => {
  await database.close();
  await postgres.close();
});

async function compile(from: object, type = "number") {
  return compileMapping(lockOf({ people: { it: { type, owner: "state", from } } }), catalogue, database);
}

/** Paths of the query, or the first finding. */
async function pathsOf(sql: string, more: object = {}, type = "number") {
  const { mapping, findings } = await compile({ sql, ...more }, type);
  if (!mapping) return `${findings[0]?.message}`;
  return [...new Set(explainMapping(mapping).sets.flatMap(({ paths }) => paths))].sort();
}

const ORDERS = "orders.user_id = users.id";

describe("the way is proved", () => {
  test.each<[string, string, readonly string[]]>([
    ["by the answer itself", "select user_id, sum(total) as value from orders group by user_id", [ORDERS]],
    [
      "by a join",
      "select u.id as user_id, sum(o.total) as value from users u join orders o on o.user_id = u.id group by u.id",
      [ORDERS],
    ],
    [
      "by an outer join",
      "select u.id as user_id, sum(o.total) as value from users u left join orders o on u.id = o.user_id and o.total > 5 group by 1",
      [ORDERS],
    ],
    [
      "by a condition",
      "select u.id as user_id, sum(o.total) as value from users u, orders o where o.total > 1 and o.user_id = u.id group by u.id",
      [ORDERS],
    ],
    [
      "by `using`",
      "select user_id, count(*) as value from members join orders using (user_id) group by user_id",
      ["members.user_id = users.id", ORDERS],
    ],
    [
      "over two tables",
      "select m.user_id, count(*) as value from members m join teams t on t.id = m.team_id group by m.user_id",
      ["members.user_id = users.id", "members.user_id = users.id, teams.id = members.team_id"],
    ],
    [
      "by a subquery in the answer",
      "select u.id as user_id, (select sum(o.total) from orders o where o.user_id = u.id) as value from users u",
      [ORDERS],
    ],
    [
      "by a lateral subquery with a limit",
      "select u.id as user_id, l.total as value from users u left join lateral (select o.total from orders o where o.user_id = u.id order by o.at desc limit 1) l on true",
      [ORDERS],
    ],
    [
      "by `exists`, also under `not`",
      "select u.id as user_id, 1 as value from users u where not exists (select 1 from orders o where o.user_id = u.id)",
      [ORDERS],
    ],
    [
      "by `in`",
      "select u.id as user_id, 1 as value from users u where u.id in (select b.user_id from blocks b)",
      ["blocks.user_id = users.id"],
    ],
    [
      "by a common table",
      "with t as (select o.user_id, sum(o.total) as n from orders o group by 1) select u.id as user_id, t.n as value from users u join t on t.user_id = u.id",
      [ORDERS],
    ],
    [
      "by a common table with names of its own",
      "with t(who, n) as (select o.user_id, o.total from orders o) select who as user_id, sum(n) as value from t group by who",
      [ORDERS],
    ],
    [
      "through a derived table onwards",
      "select d.user_id, sum(i.price) as value from (select o.id as order_id, o.user_id from orders o) d join items i on i.order_id = d.order_id group by 1",
      [ORDERS, "orders.user_id = users.id, items.order_id = orders.id"],
    ],
    [
      "in every arm of a union",
      "select user_id, count(*) as value from (select o.user_id from orders o union all select m.user_id from members m) x group by user_id",
      ["members.user_id = users.id", ORDERS],
    ],
    [
      "by a star",
      "select x.user_id, max(x.total) as value from (select * from orders) x group by 1",
      [ORDERS],
    ],
    [
      "to the users again",
      "select u.id as user_id, (select count(*) from users r where r.referrer_id = u.id) as value from users u",
      ["users.referrer_id = users.id"],
    ],
    [
      "in a window over one user's rows",
      "select distinct user_id, last_value(total) over (partition by user_id order by at rows between unbounded preceding and unbounded following) as value from orders",
      [ORDERS],
    ],
    [
      "by `distinct on` the user",
      "select distinct on (o.user_id) o.user_id, o.total as value from orders o order by o.user_id, o.at desc",
      [ORDERS],
    ],
    [
      "with the same alias in two levels",
      "select o.id as user_id, (select sum(o.total) from orders o where o.user_id = u.id) as value from users o join users u on u.id = o.id",
      [ORDERS],
    ],
    [
      "with a comment at the end",
      "select user_id, sum(total) as value from orders group by user_id -- all",
      [ORDERS],
    ],
    [
      "with a function that reads nothing",
      "select user_id, public.twice(sum(total)) as value from orders group by user_id",
      [ORDERS],
    ],
  ])("%s", async (_, sql, expected) => {
    expect(await pathsOf(sql)).toEqual([...expected].sort());
  });
});

describe("the way is asked for", () => {
  const nothing = (table: string): string =>
    `Nothing in the query proves which users a row of ${table} concerns`;
  test.each<[string, string, string]>([
    [
      "where the equality is one of two",
      "select u.id as user_id, count(*) as value from users u join orders o on o.user_id = u.id or o.gift_to = u.id group by 1",
      nothing("orders"),
    ],
    [
      "where it is denied",
      "select u.id as user_id, count(*) as value from users u join orders o on not (o.user_id = u.id) group by 1",
      nothing("orders"),
    ],
    [
      "where it stands on the kept side of an outer join",
      "select u.id as user_id, count(*) as value from users u join orders o on true left join teams t on o.user_id = u.id group by 1",
      nothing("orders"),
    ],
    [
      "where a limit comes first",
      "select d.user_id, count(*) as value from (select * from orders order by at limit 10) d group by 1",
      nothing("orders"),
    ],
    [
      "where the whole answer is cut",
      "select user_id, total as value from orders order by total desc limit 3",
      nothing("orders"),
    ],
    [
      "where a window looks at everybody",
      "select user_id, rank() over (order by total) as value from orders",
      nothing("orders"),
    ],
    [
      "where `distinct on` keeps one of many users",
      "select user_id, total as value from (select distinct on (team_id) * from orders) d",
      nothing("orders"),
    ],
    [
      "where a subquery is about nobody",
      "select u.id as user_id, (select max(total) from orders) as value from users u",
      nothing("orders"),
    ],
    [
      "where users are counted",
      "select u.id as user_id, (select count(*) from users) as value from users u",
      nothing("users"),
    ],
    [
      "where one missing value would change `not in` for all",
      "select u.id as user_id, 1 as value from users u where u.id not in (select user_id from blocks)",
      nothing("blocks"),
    ],
    [
      "where only one arm of a union leads on",
      "select x.user_id, sum(i.price) as value from (select user_id, id from orders union all select user_id, team_id from members) x join items i on i.order_id = x.id group by 1",
      nothing("items"),
    ],
    [
      "where a query is recursive",
      "with recursive t as (select user_id, total from orders union all select user_id, total from t where total < 0) select user_id, sum(total) as value from t group by 1",
      nothing("orders"),
    ],
    [
      "for a view",
      "select user_id, sum(total) as value from paid group by user_id",
      "The query reads the view paid, whose changes are those of the tables behind it",
    ],
    [
      "for a function that may read anything",
      "select id as user_id, worth(id) as value from users",
      "The query calls worth(), and what a function reads is not visible",
    ],
  ])("%s", async (_, sql, expected) => {
    expect(await pathsOf(sql)).toBe(expected);
  });

  test.each([
    ["a view", "select user_id, sum(total) as value from paid group by user_id"],
    ["a function", "select id as user_id, worth(id) as value from users"],
    ["a whole table", "select u.id as user_id, (select max(total) from orders) as value from users u"],
  ])("and `depends` answers it for %s", async (_, sql) => {
    expect(await pathsOf(sql, { depends: { orders: "user_id" } })).toEqual([ORDERS]);
  });
});

describe("what is refused", () => {
  const clock = "The query reads the clock, and nothing says when its value changes";
  test.each<[string, string, string]>([
    ["`now()`", "select id as user_id, trial_ends_at > now() as value from users", clock],
    ["`current_date`", "select id as user_id, trial_ends_at > current_date as value from users", clock],
    ["`'now'`", "select id as user_id, trial_ends_at > 'now'::timestamptz as value from users", clock],
    ["an age until today", "select id as user_id, age(trial_ends_at) > '1 day' as value from users", clock],
    [
      "chance",
      "select id as user_id, random() > 0.5 as value from users",
      "The query calls random(), which answers differently each time",
    ],
    ["two statements", "select 1; select 2", "The query is not one `select`"],
    [
      "a change of the database",
      "delete from users returning id as user_id, true as value",
      "The query is not one `select`",
    ],
    [
      "a table that is not there",
      "select user_id, true as value from nothing_here",
      "The query reads nothing_here, which is not a table",
    ],
    [
      "another id than the plan's",
      "select number as user_id, true as value from users",
      "The query's user_id is users.number, and ids are users.id",
    ],
  ])("%s", async (_, sql, expected) => {
    expect(await pathsOf(sql, {}, "boolean")).toBe(expected);
  });

  test("words in texts and comments are no clock, and `age` of two times is none", async () => {
    expect(
      await pathsOf(
        "select id as user_id, age(trial_ends_at, 'epoch') > '1 day' and prefs->>'a' = 'now()' /* current_date */ as value from users",
        {},
        "boolean",
      ),
    ).toEqual([]);
  });

  test("a query that reads the clock and says when", async () => {
    const sql =
      "select id as user_id, trial_ends_at > now() as value, case when trial_ends_at > now() then trial_ends_at end as revisit_at from users";
    const { mapping } = await compile({ sql, revisit_at: "revisit_at" }, "boolean");
    expect(mapping?.sets.map(({ hasRevisit }) => hasRevisit)).toEqual([true]);
  });
});
