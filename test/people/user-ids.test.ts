// Ids from outside, asked of users' columns of every kind: what a column cannot hold is nobody's, and never an error of the database.
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Database, openDatabase } from "../../src/people/database/database.ts";
import { readCatalogue } from "../../src/people/mapping/catalogue.ts";
import { compileMapping } from "../../src/people/mapping/compile-mapping.ts";
import { usersAmong } from "../../src/people/mapping/user-ids.ts";
import { compile } from "../support/plans.ts";
import { startPostgres, type TestPostgres } from "../support/postgres.ts";

const ADA = "00000000-0000-4000-8000-00000000000a";
const STRANGE = [
  "",
  "ada@example.com",
  "$device:1",
  "old\u0000id",
  "-1",
  "1.5",
  "99999",
  "9999999999",
  "99999999999999999999",
  ADA,
  ADA.toUpperCase(),
  "7",
];

let postgres: TestPostgres;
let database: Database;
beforeAll(async () => {
  postgres = await startPostgres();
  database = openDatabase(await postgres.createDatabase(), {
    connections: 2,
    applicationName: "test",
    onError: () => undefined,
  });
});
afterAll(async () => {
  await database.close();
  await postgres.close();
});

test.each([
  ["uuid", "uuid", [ADA], [ADA, ADA.toUpperCase()]],
  ["smallint", "integer", ["7"], ["7"]],
  ["integer", "integer", ["7", "99999"], ["99999", "7"]],
  ["bigint", "integer", ["7", "9999999999"], ["9999999999", "7"]],
  ["text", "any", ["7", "ada@example.com"], ["ada@example.com", "7"]],
])("%s", async (type, format, users, found) => {
  const table = `users_${type}`;
  await database.query(`create table ${table} (id ${type} primary key, tier text)`);
  for (const id of users) await database.query(`insert into ${table} values ($1::${type}, 'free')`, [id]);
  const lock = compile(
    JSON.stringify({
      plumbline: 1,
      name: "people",
      sources: { web: { trust: "client" } },
      identity: { user_id: { format } },
      state: { users: `${table}.id` },
      people: { tier: { type: "string", owner: "state", from: `${table}.tier` } },
      lint: { rules: { "missing-description": "off", "missing-data-class": "off", "missing-owner": "off" } },
    }),
  );
  const { mapping, findings } = await compileMapping(lock, await readCatalogue(database), database);
  if (!mapping) throw new Error(JSON.stringify(findings));
  expect([...(await usersAmong(database, mapping, STRANGE))].sort()).toEqual([...found].sort());
});
