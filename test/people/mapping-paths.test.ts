// The way from users to the rows that concern them: inferred where it is clear, written where it is not, refused where it would be wrong.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Database, openDatabase } from "../../src/people/database/database.ts";
import { readCatalogue } from "../../src/people/mapping/catalogue.ts";
import { compileMapping } from "../../src/people/mapping/compile-mapping.ts";
import { explainMapping } from "../../src/people/mapping/explain-mapping.ts";
import { allSets } from "../../src/people/mapping/mapping.ts";
import { readState } from "../../src/people/sync/read-state.ts";
import { compile as compilePlan } from "../support/plans.ts";
import { startPostgres, type TestPostgres } from "../support/postgres.ts";

let postgres: TestPostgres;
const open: Database[] = [];

beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(async () => {
  await Promise.all(open.map((database) => database.close()));
  await postgres.close();
});

async function application(sql: string): Promise<Database> {
  const url = await postgres.createDatabase();
  await postgres.run(url, sql);
  const database = openDatabase(url, { connections: 2, applicationName: "test", onError: () => undefined });
  open.push(database);
  return database;
}

async function compile(
  database: Database,
  from: unknown,
  more: { readonly type?: object; readonly users?: string } = {},
) {
  const lock = compilePlan(
    JSON.stringify({
      plumbline: 1,
      name: "paths",
      sources: { api: { trust: "server" } },
      identity: { user_id: { pattern: "." } },
      state: more.users === undefined ? {} : { users: more.users },
      people: { it: { type: "integer", ...more.type, owner: "state", from } },
      lint: { rules: { "missing-description": "off", "missing-data-class": "off", "missing-owner": "off" } },
    }),
  );
  return compileMapping(lock, await readCatalogue(database), database);
}

/** What the property is for each user, or the findings. */
async function read(database: Database, from: unknown, more: Parameters<typeof compile>[2] = {}) {
  const { mapping, findings } = await compile(database, from, more);
  if (!mapping) return findings.map(({ message, fix }) => `${message}. ${fix}`);
  const ids = await database.query(mapping.pageSql, [null, 100]);
  const userIds = ids.flatMap(({ user_id: id }) => id ?? []);
  const { users } = await readState(database, mapping, { userIds, sets: allSets(mapping) });
  return Object.fromEntries(
    [...users].map(([id, { values, unreadable }]) => [id, unreadable["it"] ?? values["it"]]),
  );
}

async function watched(database: Database, from: unknown, more: Parameters<typeof compile>[2] = {}) {
  const { mapping } = await compile(database, from, more);
  return mapping && explainMapping(mapping).watches.map(({ column }) => column);
}

const TEXT = { type: { type: "string" } };

describe("names", () => {
  test("two schemas with a table of one name: the bare name is the one of public, another is written with its schema", async () => {
    const database = await application(`
      create schema billing; create table users (id int primary key);
      create table invoices (id int primary key, user_id int references users);
      create table billing.invoices (id int primary key, user_id int references users);
      create table billing.refunds (id int primary key, user_id int references users);
      insert into users values (1); insert into invoices values (1, 1); insert into billing.invoices values (1, 1), (2, 1); insert into billing.refunds values (1, 1)`);
    expect(await read(database, { count: "invoices" })).toEqual({ 1: 1 });
    expect(await read(database, { count: "billing.invoices" })).toEqual({ 1: 2 });
    expect(await read(database, { count: "refunds" })).toEqual({ 1: 1 });
  });

  test("names in capitals and names that are words of SQL", async () => {
    const database = await application(`
      create table "User" ("Id" int primary key, "group" text); create table "order" (id int primary key, "userId" int references "User", "select" int);
      insert into "User" values (1, 'g'); insert into "order" values (1, 1, 7), (2, 1, 8)`);
    const users = "User.Id";
    expect(await read(database, "User.group", { ...TEXT, users })).toEqual({ 1: "g" });
    expect(await read(database, { sum: "order.select", where: { select: { gte: 8 } } }, { users })).toEqual({
      1: 8,
    });
    expect(await read(database, { latest: "order.select", by: "id", via: "userId" }, { users })).toEqual({
      1: 8,
    });
  });
});

describe("ids", () => {
  test.each([
    ["integers", "int", "bigint", "7", "7"],
    ["big integers from small links", "bigint", "int", "7", "7"],
    ["texts with odd characters", "text", "varchar(20)", `'o''x"{},\\\\'`, `o'x"{},\\\\`],
    ["texts from padded links", "text", "char(8)", "'ab'", "ab"],
  ])("%s", async (_, idType, linkType, literal, id) => {
    const database = await application(`
      create table users (id ${idType} primary key); create table orders (id int primary key, user_id ${linkType});
      insert into users values (${literal}); insert into orders values (1, ${literal}), (2, null)`);
    expect(await read(database, { count: "orders", via: "user_id" })).toEqual({ [id]: 1 });
  });

  test("padded texts are refused: the log and a query spell them differently", async () => {
    const database = await application("create table users (id char(8) primary key)");
    const { findings } = await compile(database, { count: "users" });
    expect(findings).toMatchObject([{ id: "state-mapping", at: "state.users", level: "error" }]);
  });

  test("texts that are equal whatever their case lead to the user as it is spelled", async () => {
    const database = await application(`
      create extension citext; create table users (id citext primary key); create table orders (id int primary key, user_id citext references users);
      insert into users values ('Ada'); insert into orders values (1, 'ADA')`);
    expect(await read(database, { count: "orders" })).toEqual({ Ada: 1 });
    const { mapping } = await compile(database, { count: "orders" });
    const watch = mapping?.watches.find(({ table }) => table.table === "orders");
    expect(await database.query(watch?.resolveSql ?? "", [["ada"]])).toEqual([{ user_id: "Ada" }]);
  });

  test("another column than the primary key: links that refer to the key go through the users", async () => {
    const database = await application(`
      create table users (id int primary key, public_id uuid not null unique); create table orders (id int primary key, user_id int references users);
      create table visits (id int primary key, user_id int, public_id uuid);
      insert into users values (5, '00000000-0000-4000-8000-000000000005'); insert into orders values (1, 5);
      insert into visits values (1, 5, null), (2, null, '00000000-0000-4000-8000-000000000005')`);
    const users = "users.public_id";
    const one = { "00000000-0000-4000-8000-000000000005": 1 };
    expect(await read(database, { count: "orders" }, { users })).toEqual(one);
    // Without foreign keys the type of the column says which of the two is meant.
    expect(await read(database, { count: "visits", via: "user_id" }, { users })).toEqual(one);
    expect(await read(database, { count: "visits", via: "public_id" }, { users })).toEqual(one);
  });

  test("a column that is not unique, or may be null, is no id", async () => {
    const database = await application(
      "create table users (id int primary key, a int unique, b int not null)",
    );
    const finding = (name: string) => [
      `users.${name} is not unique and not null, so it is not an id. Add a unique constraint and \`not null\`, or name another column.`,
    ];
    expect(await read(database, "users.id", { users: "users.a" })).toEqual(finding("a"));
    expect(await read(database, "users.id", { users: "users.b" })).toEqual(finding("b"));
  });
});

describe("inference", () => {
  test("two foreign keys to the users: both ways are listed, and each can be written", async () => {
    const database = await application(`
      create table users (id int primary key); create table gifts (id int primary key, giver int references users, taker int references users);
      insert into users values (1), (2); insert into gifts values (1, 1, 2), (2, 1, 2), (3, 2, null)`);
    expect(await read(database, { count: "gifts" })).toEqual([
      'Foreign keys lead from users to gifts in 2 ways. Choose one: via: ["gifts.giver = users.id"] or via: ["gifts.taker = users.id"].',
    ]);
    expect(await read(database, { count: "gifts", via: "giver" })).toEqual({ 1: 2, 2: 1 });
    expect(await read(database, { count: "gifts", via: ["gifts.taker = users.id"] })).toEqual({ 1: 0, 2: 2 });
  });

  test("a key that is declared twice is one way", async () => {
    const database = await application(`
      create table users (id int primary key); create table orders (id int primary key, user_id int references users);
      alter table orders add constraint again foreign key (user_id) references users; insert into users values (1)`);
    expect(await read(database, { count: "orders" })).toEqual({ 1: 0 });
  });

  test("keys of several columns are not followed, and the finding says so", async () => {
    const database = await application(`
      create table users (tenant int, id int primary key, unique (tenant, id)); create table orders (id int primary key, tenant int, user_id int, foreign key (tenant, user_id) references users (tenant, id));
      insert into users values (1, 1); insert into orders values (1, 1, 1)`);
    expect(await read(database, { count: "orders" })).toEqual([
      'No foreign keys lead from users to orders in 4 hops; those of several columns are not followed. Add `via`, as in `via: "orders.user_id = users.id"`.',
    ]);
    expect(await read(database, { count: "orders", via: "orders.user_id = users.id" })).toEqual({ 1: 1 });
  });

  test("a table that refers to itself: the column on the left is that of the row which is reached", async () => {
    const database = await application(`
      create table users (id int primary key, name text, referrer_id int references users);
      insert into users values (1, 'one', null), (2, 'two', 1), (3, 'three', 1)`);
    expect(await read(database, { count: "users", via: "users.referrer_id" })).toEqual({ 1: 2, 2: 0, 3: 0 });
    expect(await read(database, { count: "users", via: "users.referrer_id = users.id" })).toEqual({
      1: 2,
      2: 0,
      3: 0,
    });
    const referrer = { field: "users.name", via: "users.id = users.referrer_id" };
    expect(await read(database, referrer, TEXT)).toEqual({ 1: null, 2: "one", 3: "one" });
    // The referrer's own row is watched for those whom it referred.
    expect(await watched(database, referrer, TEXT)).toEqual(["users.id", "users.id"]);
  });
});

describe("counting", () => {
  const TEAMS = `
    create table users (id int primary key); create table members (user_id int references users, team_id int, role text);
    create table teams (id int primary key, owner_id int); create table projects (team_id int not null, cost double precision, at timestamptz, flag boolean);
    insert into users values (1), (2); insert into teams values (1, 2), (2, 1);
    insert into members values (1, 1, 'a'), (1, 1, 'b'), (1, 2, 'a'), (2, 2, 'a');
    insert into projects values (1, 0.1, '2026-01-01', true), (1, 0.2, null, null), (2, 0.3, '2026-01-01', false)`;
  const via = ["members.user_id", "projects.team_id = members.team_id"];

  test("a row that is reached twice counts once, also in a table without a key", async () => {
    const database = await application(TEAMS);
    expect(await read(database, { count: "projects", via })).toEqual({ 1: 3, 2: 1 });
    expect(await read(database, { sum: "projects.cost", via }, { type: { type: "number" } })).toEqual({
      1: 0.6000000000000001,
      2: 0.3,
    });
  });

  test("a path that comes by the users twice", async () => {
    const database = await application(TEAMS);
    const owners = [...via.slice(0, 1), "teams.id = members.team_id", "users.id = teams.owner_id"];
    expect(await read(database, { count: "users", via: owners })).toEqual({ 1: 2, 2: 1 });
  });

  test("the newest: rows without a time come last, and among equals every reading answers the same", async () => {
    const database = await application(TEAMS);
    const from = { latest: "projects.cost", by: "at", via };
    expect(await read(database, from, { type: { type: "number" } })).toEqual({ 1: 0.3, 2: 0.3 });
  });

  test("rules over the user's own row", async () => {
    const database = await application(`
      create table users (id int primary key, name text, score int);
      insert into users values (1, 'a', 5), (2, null, null)`);
    expect(
      await read(database, { exists: "users", where: { score: { gte: 5 } } }, { type: { type: "boolean" } }),
    ).toEqual({ 1: true, 2: false });
    expect(await read(database, { count: "users", where: { name: null } })).toEqual({ 1: 0, 2: 1 });
    expect(await read(database, { sum: "users.score" })).toEqual({ 1: 5, 2: 0 });
    expect(await read(database, { field: "users.score", where: { name: { not: "b" } } })).toEqual({
      1: 5,
      2: null,
    });
    expect(await read(database, { max: "users.score", where: { name: [] } })).toEqual({ 1: null, 2: null });
  });

  test("a number in a property of type text, and a user without rows", async () => {
    const database = await application(`
      create table users (id int primary key); create table orders (user_id int, total numeric(10,2)); insert into users values (1)`);
    expect(await read(database, { count: "orders", via: "user_id" }, TEXT)).toEqual({ 1: "0" });
    expect(await read(database, { max: "orders.total", via: "user_id" }, TEXT)).toEqual({ 1: null });
  });
});

describe("a query that answers a user twice", () => {
  test("has no value for that user, and says why", async () => {
    const database = await application(`
      create table users (id int primary key); create table orders (id int primary key, user_id int references users);
      insert into users values (1), (2), (3); insert into orders values (1, 1), (2, 1), (3, 2)`);
    const from = { sql: "select user_id, id as value from orders" };
    expect(await read(database, from)).toEqual({ 1: "several-rows", 2: 3, 3: null });
  });
});

describe("tables of other kinds", () => {
  test("partitioned tables, as users and as what is counted", async () => {
    const database = await application(`
      create table users (id int primary key, name text) partition by hash (id);
      create table users_0 partition of users for values with (modulus 2, remainder 0); create table users_1 partition of users for values with (modulus 2, remainder 1);
      create table orders (id int, user_id int not null references users, at date not null, primary key (id, at)) partition by range (at);
      create table orders_2025 partition of orders for values from ('2025-01-01') to ('2026-01-01'); create table orders_2026 partition of orders default;
      insert into users values (1, 'a'), (2, 'b'); insert into orders values (1, 1, '2025-03-01'), (1, 1, '2026-03-01')`);
    expect(await read(database, "users.name", TEXT)).toEqual({ 1: "a", 2: "b" });
    expect(await read(database, { count: "orders" })).toEqual({ 1: 2, 2: 0 });
    expect(
      (await compile(database, { count: "orders" })).mapping?.tables.map(
        ({ partitions }) => partitions.length,
      ),
    ).toEqual([2, 2]);
  });

  test("a table that others inherit from: their changes would go unnoticed", async () => {
    const database = await application(`
      create table users (id int primary key); create table orders (id int primary key, user_id int references users); create table old_orders () inherits (orders);`);
    expect((await compile(database, { count: "orders" })).findings.map(({ message }) => message)).toContain(
      "Other tables inherit from orders, and nobody notices their changes",
    );
  });

  test("a link without an index is told once for each side, for queries too", async () => {
    const database = await application(`
      create table accounts (id int primary key, plan text); create table users (id int primary key, account_id int references accounts);
      create table orders (id int primary key, user_id int references users);`);
    const { findings } = await compile(database, "accounts.plan", TEXT);
    expect(findings.map(({ fix }) => fix)).toEqual([
      'create index concurrently on "public"."users" ("account_id")',
    ]);
    const query = await compile(database, {
      sql: "select user_id, count(*) as value from orders group by user_id",
    });
    expect(query.findings.map(({ id, fix }) => [id, fix])).toEqual([
      ["state-no-index", 'create index concurrently on "public"."orders" ("user_id")'],
    ]);
  });

  test("a view tells nothing of its changes: its tables are named", async () => {
    const database = await application(`
      create table users (id int primary key); create table orders (id int primary key, user_id int references users, paid boolean); create view paid as select * from orders where paid;
      insert into users values (1); insert into orders values (1, 1, true), (2, 1, false)`);
    expect(await read(database, { count: "paid", via: "user_id" })).toEqual([
      "paid is a view, and a view does not tell when it changes. Use `sql` and name the tables behind the view under `depends`.",
    ]);
    const from = {
      sql: "select user_id, count(*) as value from paid group by user_id",
      depends: { orders: "user_id" },
    };
    expect(await read(database, from)).toEqual({ 1: 1 });
    expect(await watched(database, from)).toEqual(["users.id", "orders.user_id"]);
  });
});

describe("what the database would refuse later is a finding now", () => {
  const SHOP = `
    create type status as enum ('open', 'paid'); create table users (id int primary key, ok boolean, born date, email text);
    create table orders (id int primary key, user_id int references users, status status, paid_at timestamptz);`;

  test.each([
    [
      "a value that the type does not have",
      { count: "orders", where: { status: "payed" } },
      'The database does not take the rule: invalid input value for enum status: "payed"',
    ],
    [
      "a text beside a number",
      { count: "orders", where: { id: "x" } },
      'The database does not take the rule: invalid input syntax for type integer: "x"',
    ],
    ["the least of true and false", { min: "users.ok" }, "`min` of ok (boolean) has no meaning"],
    [
      "a link between two types",
      { count: "orders", via: "orders.status = users.email" },
      "The database does not take the rule: operator does not exist: status = text",
    ],
    [
      "a moment that is no time",
      { exists: "users", where: { email: { before: "now" } }, revisit_at: "email" },
      "users.email holds no time",
    ],
    [
      "the clock without a moment",
      { exists: "orders", where: { paid_at: { before: "now" } } },
      "The value changes with time alone, and nothing says when",
    ],
    [
      "several rows for one value",
      { field: "orders.status" },
      "A user can have several rows of orders, and nothing says which one counts",
    ],
  ])("%s", async (_, from, message) => {
    const database = await application(SHOP);
    const { mapping, findings } = await compile(database, from, {
      type: { type: "exists" in from ? "boolean" : "integer" },
    });
    expect(mapping).toBeUndefined();
    expect(findings.filter(({ level }) => level === "error").map((finding) => finding.message)).toContain(
      message,
    );
  });

  test("columns that no rule names need no right to be read", async () => {
    const database = await application(
      `${SHOP} create role reader login password 'reader'; grant select (id) on users to reader; grant select (id, user_id, status) on orders to reader;`,
    );
    const reader = openDatabase(
      String(database.config.connectionString).replace("postgres:postgres@", "reader:reader@"),
      { connections: 1, applicationName: "test", onError: () => undefined },
    );
    open.push(reader);
    expect((await compile(reader, { count: "orders", where: { status: "paid" } })).mapping).toBeDefined();
    const denied = await compile(reader, { latest: "orders.id", by: "paid_at" });
    expect(denied.findings.map(({ message }) => message)).toContain(
      "The database does not take the rule: permission denied for table orders",
    );
  });
});

describe("values that change with time", () => {
  test("each time that is held against the clock has its moment, and the next one counts", async () => {
    const database = await application(`
      create table users (id int primary key); create table trials (id int primary key, user_id int references users, starts timestamptz, ends timestamptz);
      insert into users values (1), (2), (3);
      insert into trials values (1, 1, now() + interval '1 hour', now() + interval '2 hours'), (2, 1, now() - interval '1 hour', now() + interval '3 hours'), (3, 2, now() - interval '2 hours', now() - interval '1 hour'), (4, 3, '-infinity', 'infinity')`);
    const from = {
      count: "trials",
      where: { starts: { before: "now" }, ends: { after: "now" } },
      revisit_at: "ends",
    };
    const { mapping } = await compile(database, from);
    if (!mapping) throw new Error("no mapping");
    const { users } = await readState(database, mapping, {
      userIds: ["1", "2", "3"],
      sets: allSets(mapping),
    });
    expect([...users.values()].map(({ values }) => values["it"])).toEqual([1, 0, 1]);
    const [row] = await database.query("select (max(starts))::text as at from trials where id = 1");
    expect([...users.values()].map(({ revisitAt }) => revisitAt)).toEqual([
      row?.["at"],
      undefined,
      undefined,
    ]);
  });
});
