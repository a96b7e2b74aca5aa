// The mapping against a real database: what it reads, which columns it watches, and what it refuses before anything is sent.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compileMapping } from "../../src/people/mapping/compile-mapping.ts";
import { readCatalogue } from "../../src/people/mapping/catalogue.ts";
import { openDatabase, type Database } from "../../src/people/database/database.ts";
import { startPostgres, type TestPostgres } from "../support/postgres.ts";
import { lockOf } from "../support/plans.ts";

const SCHEMA = `
create type tier as enum ('free', 'pro');
create table accounts (id bigint primary key generated always as identity, plan tier not null default 'free', region text);
create table users (id uuid primary key, email text not null, name varchar(40), account_id bigint references accounts (id),
  balance numeric(14,2), visits int8 not null default 0, tags text[], prefs jsonb, born date, seen timestamp, created timestamptz not null default now(),
  email_domain text generated always as (split_part(email, '@', 2)) stored);
create table orders (id bigint primary key generated always as identity, user_id uuid not null references users (id), status text not null, total numeric(10,2) not null, at timestamptz not null default now());
create index on orders (user_id);
create table subs (id bigint primary key generated always as identity, user_id uuid not null references users (id), plan text, starts timestamptz, ends timestamptz, updated_at timestamptz not null);
create table memberships (user_id uuid references users (id), team_id bigint, primary key (user_id, team_id));
create table teams (id bigint primary key, label text);
alter table memberships add foreign key (team_id) references teams (id);
create table invoices (id bigint primary key, team_id bigint not null references teams (id), cents int not null);
create view paid_orders as select * from orders where status = 'paid';
`;
const A = "00000000-0000-4000-8000-00000000000a";
const B = "00000000-0000-4000-8000-00000000000b";
const ROWS = `
insert into accounts (plan) values ('pro');
insert into users (id, email, account_id, balance, visits, tags, prefs, born, seen) values
 ('${A}', 'a@x.example', 1, 12345678901.25, 9007199254740993, '{a,b}', '{"k": 1}', '2000-02-03', '2026-01-02 03:04:05.678'),
 ('${B}', 'b@y.example', null, null, 2, null, null, null, 'infinity');
insert into orders (user_id, status, total) values ('${A}', 'paid', 10.50), ('${A}', 'open', 1), ('${A}', 'paid', 2);
insert into subs (user_id, plan, ends, updated_at) values ('${A}', 'old', now() - interval '1 day', '2026-01-01'), ('${A}', 'new', now() + interval '1 day', '2026-02-01');
insert into teams values (1, 'one'), (2, 'two');
insert into memberships values ('${A}', 1), ('${A}', 2), ('${B}', 1);
insert into invoices values (1, 1, 100), (2, 1, 50), (3, 2, 7);
`;

let postgres: TestPostgres;
let url: string;
let database: Database;

beforeAll(async () => {
  postgres = await startPostgres();
  url = await postgres.createDatabase();
  await postgres.run(url, SCHEMA + ROWS);
  database = openDatabase(url, { connections: 4, applicationName: "test", onError: () => undefined });
});
afterAll(async () => {
  await database.close();
  await postgres.close();
});

async function compile(people: object) {
  const lock = lockOf({ people });
  return compileMapping(lock, await readCatalogue(database), database);
}

async function read(from: unknown, type: object = { type: "integer" }) {
  const { mapping, findings } = await compile({ it: { ...type, owner: "state", from } });
  const set = mapping?.sets[0];
  if (!set) throw new Error(JSON.stringify(findings));
  const rows = await database.query(set.sql, [[A, B]]);
  return new Map(rows.map((row) => [row["user_id"], row["p0"]]));
}

describe("what is read", () => {
  test.each([
    ["a column of the users", "users.email", { type: "string" }, "a@x.example"],
    ["a generated column", "users.email_domain", { type: "string" }, "x.example"],
    ["a decimal without loss", "users.balance", { type: "string" }, "12345678901.25"],
    ["a list", "users.tags", { type: "list" }, '["a", "b"]'],
    ["an object", "users.prefs", { type: "object" }, '{"k": 1}'],
    ["a related row by foreign key", "accounts.plan", { type: "string" }, "pro"],
    ["a count", { count: "orders" }, { type: "integer" }, "3"],
    ["a count with conditions", { count: "orders", where: { status: "paid" } }, { type: "integer" }, "2"],
    ["a count of values", { count: "orders.status", distinct: true }, { type: "integer" }, "2"],
    ["a sum", { sum: "orders.total", where: { status: { not: "open" } } }, { type: "number" }, "12.50"],
    ["a least value", { min: "orders.total" }, { type: "number" }, "1.00"],
    ["a greatest value", { max: "orders.total", where: { total: { lt: 10 } } }, { type: "number" }, "2.00"],
    ["the newest row", { latest: "subs.plan", by: "updated_at" }, { type: "string" }, "new"],
    [
      "whether a row exists",
      { exists: "subs", where: { ends: { after: "now" } }, revisit_at: "ends" },
      { type: "boolean" },
      "true",
    ],
    [
      "rows over two hops, each once",
      { sum: "invoices.cents", via: ["memberships.user_id", "memberships.team_id", "invoices.team_id"] },
      { type: "integer" },
      "157",
    ],
    [
      "a query",
      { sql: "select user_id, count(*) as value from orders where total > 5 group by user_id" },
      { type: "integer" },
      "1",
    ],
  ])("%s", async (_, from, type, expected) => {
    expect((await read(from, type)).get(A)).toBe(expected);
  });
});
