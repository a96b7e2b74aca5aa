// Values of every type that an application keeps, from the column to what a profile would hold.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Database, openDatabase } from "../../src/people/database/database.ts";
import { readCatalogue } from "../../src/people/mapping/catalogue.ts";
import { compileMapping } from "../../src/people/mapping/compile-mapping.ts";
import { allSets } from "../../src/people/mapping/mapping.ts";
import { readState } from "../../src/people/sync/read-state.ts";
import { lockOf } from "../support/plans.ts";
import { startPostgres, type TestPostgres } from "../support/postgres.ts";

const ID = "00000000-0000-4000-8000-00000000000a";
const SCHEMA = `
create type tier as enum ('free', 'pro');
create domain email as text check (value like '%@%');
create domain shade as tier;
create domain cents as bigint check (value >= 0);
create extension citext;
create table users (id uuid primary key,
  handle citext, mail email, shade shade, price cents, code char(8), short varchar(3),
  small smallint, big bigint, bigger bigint, exact numeric(38,10), whole numeric(20,0), loose numeric, real real, double double precision,
  nan numeric, infinite double precision, huge numeric, yes boolean, no boolean,
  tiers tier[], numbers int[], grid int[][], bigs bigint[], words text[], times timestamptz[],
  nested jsonb, bare json, list jsonb, bignest jsonb,
  born date, ancient date, never date, at timestamptz, micro timestamptz, forever timestamptz, far timestamptz, plain timestamp, summer timestamp,
  span interval, address inet, bits bit(3), bytes bytea, money money,
  stored text generated always as (upper(short)) stored, computed text generated always as (short || '!') virtual);
insert into users values ('${ID}', 'Ada', 'a@x.example', 'pro', 12, 'ab', 'xyz',
  7, 9007199254740991, 9007199254740993, 1234567890123456789012345678.1234567891, 12345678901234567890, 0.1, 0.1, 1e300,
  'NaN', 'infinity', 9007199254740993.5, true, false,
  '{free,pro}', '{1,2}', '{{1,2},{3,4}}', '{9007199254740993}', '{"a b",NULL,"\\"q\\""}', '{2026-01-02 03:04:05+00}',
  '{"a": {"b": [1, "x"]}}', '{"b": 1, "a": 2}', '[1, {"k": null}]', '{"id": 9007199254740993}',
  '2000-02-29', '0044-03-15 BC', 'infinity', '2026-01-02 03:04:05.678+02', '2026-01-02 03:04:05.678999+00', 'infinity', '20000-01-01 00:00:00+00', '2026-01-02 03:04:05', '2026-07-02 03:04:05',
  '1 day 2 hours', '10.0.0.1', '101', '\\xdead', '12.50');
`;

let postgres: TestPostgres;
let database: Database;

beforeAll(async () => {
  postgres = await startPostgres();
  const url = await postgres.createDatabase();
  await postgres.run(url, SCHEMA);
  database = openDatabase(url, { connections: 4, applicationName: "test", onError: () => undefined });
});
afterAll(async () => {
  await database.close();
  await postgres.close();
});

async function read(from: unknown, type: object, state: object = {}) {
  const lock = lockOf({ people: { it: { ...type, owner: "state", from } }, state });
  const { mapping, findings } = await compileMapping(lock, await readCatalogue(database), database);
  if (!mapping) return findings.map(({ id, message }) => `${id}: ${message}`);
  const { users } = await readState(database, mapping, { userIds: [ID], sets: allSets(mapping) });
  const user = users.get(ID);
  const unreadable = user?.unreadable["it"];
  return unreadable === undefined ? user?.values["it"] : { unreadable };
}

describe("a column becomes", () => {
  test.each<[string, string, unknown]>([
    ["handle", "string", "Ada"],
    ["mail", "string", "a@x.example"],
    ["shade", "string", "pro"],
    ["price", "integer", 12],
    ["code", "string", "ab"],
    ["small", "integer", 7],
    ["big", "integer", 9007199254740991],
    ["bigger", "string", "9007199254740993"],
    ["exact", "string", "1234567890123456789012345678.1234567891"],
    ["whole", "string", "12345678901234567890"],
    ["loose", "number", 0.1],
    ["real", "number", 0.1],
    ["double", "number", 1e300],
    ["yes", "boolean", true],
    ["no", "boolean", false],
    ["tiers", "list", ["free", "pro"]],
    [
      "grid",
      "list",
      [
        [1, 2],
        [3, 4],
      ],
    ],
    ["words", "list", ["a b", null, '"q"']],
    ["times", "list", ["2026-01-02T03:04:05+00:00"]],
    ["nested", "object", { a: { b: [1, "x"] } }],
    ["bare", "object", { b: 1, a: 2 }],
    ["list", "list", [1, { k: null }]],
    ["born", "datetime", "2000-02-29T00:00:00.000Z"],
    ["born", "string", "2000-02-29"],
    ["at", "datetime", "2026-01-02T01:04:05.678Z"],
    ["micro", "datetime", "2026-01-02T03:04:05.678Z"],
    ["plain", "datetime", "2026-01-02T03:04:05.000Z"],
    ["span", "string", "P1DT2H"],
    ["address", "string", "10.0.0.1"],
    ["bits", "string", "101"],
    ["bytes", "string", "\\xdead"],
    ["stored", "string", "XYZ"],
    ["computed", "string", "xyz!"],
  ])("%s as %s", async (column, type, expected) => {
    expect(await read(`users.${column}`, { type })).toEqual(expected);
  });
});

describe("a value that no profile can hold is told, never bent", () => {
  test.each<[string, string, string]>([
    ["bigger", "integer", "too-large"],
    ["whole", "integer", "too-large"],
    ["exact", "number", "too-large"],
    ["huge", "number", "too-large"],
    ["nan", "number", "not-finite"],
    ["nan", "string", "not-finite"],
    ["infinite", "number", "not-finite"],
    ["bigs", "list", "too-large"],
    ["bignest", "object", "too-large"],
    ["ancient", "datetime", "out-of-range-time"],
    ["ancient", "string", "out-of-range-time"],
    ["never", "datetime", "out-of-range-time"],
    ["forever", "datetime", "out-of-range-time"],
    ["far", "string", "out-of-range-time"],
  ])("%s as %s: %s", async (column, type, reason) => {
    expect(await read(`users.${column}`, { type })).toEqual({ unreadable: reason });
  });
});

describe("times without a zone are those of the plan's zone", () => {
  test("in winter and in summer", async () => {
    const state = { time_zone: "Europe/Berlin" };
    expect(await read("users.plain", { type: "datetime" }, state)).toBe("2026-01-02T02:04:05.000Z");
    expect(await read("users.summer", { type: "datetime" }, state)).toBe("2026-07-02T01:04:05.000Z");
  });

  test("also where they are held against the clock", async () => {
    // Half an hour ago in UTC+14 is 13.5 hours ahead for whoever reads it as UTC.
    await database.query(
      "update users set plain = (now() - interval '30 minutes') at time zone 'Pacific/Kiritimati'",
    );
    const from = { exists: "users", where: { plain: { before: "now" } }, revisit_at: "plain" };
    expect(await read(from, { type: "boolean" }, { time_zone: "Pacific/Kiritimati" })).toBe(true);
    expect(await read(from, { type: "boolean" })).toBe(false);
  });

  test("a zone that the database does not know is a finding", async () => {
    expect(await read("users.plain", { type: "datetime" }, { time_zone: "Mars/Olympus" })).toContain(
      "state-mapping: The database has no time zone Mars/Olympus",
    );
  });
});

describe("types that do not fit are findings before anything is read", () => {
  test.each<[string, object, string]>([
    [
      "short",
      { type: "integer" },
      "state-type-mismatch: The plan says integer, the database has character varying(3)",
    ],
    [
      "exact",
      { type: "integer" },
      "state-type-mismatch: The plan says integer, the database has numeric(38,10)",
    ],
    ["yes", { type: "string" }, "state-type-mismatch: The plan says string, the database has boolean"],
    ["nested", { type: "string" }, "state-type-mismatch: The plan says string, the database has jsonb"],
    [
      "numbers",
      { type: "list", items: { type: "boolean" } },
      "state-type-mismatch: The plan says a list of boolean, the database has integer[]",
    ],
    [
      "tiers",
      { type: "list", items: { type: "string", enum: ["free"] } },
      "state-type-mismatch: The column's type has values that the plan does not: pro",
    ],
    [
      "shade",
      { type: "string", enum: ["free"] },
      "state-type-mismatch: The column's type has values that the plan does not: pro",
    ],
  ])("%s as %o", async (column, type, expected) => {
    expect(await read(`users.${column}`, type)).toEqual([expected]);
  });
});
