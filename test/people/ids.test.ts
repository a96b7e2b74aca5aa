// Old ids as the people sync keeps them: from the database to the gateway's table, by backfill and by changes, as keyed hashes, for as long as
// their users are not erased. Real Postgres, real journal.
import { createHmac } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { makeOldIdTable } from "../../src/gateway/index.ts";
import { OLD_IDS_TABLE } from "../../src/gateway/old-ids/owners.ts";
import { openJournal } from "../../src/journal/index.ts";
import { copyOldIds } from "../../src/people/ids/copy-old-ids.ts";
import { requestJob } from "../../src/people/jobs/jobs.ts";
import { compileMapping } from "../../src/people/mapping/compile-mapping.ts";
import { startErasure } from "../../src/people/operate/erase.ts";
import { createPeopleSync } from "../../src/people/people-sync.ts";
import { recompile } from "../../src/people/people-context.ts";
import { eventually } from "../support/emulator-client.ts";
import { lockOf } from "../support/plans.ts";
import { startPostgres, type TestPostgres } from "../support/postgres.ts";
import { rememberingLog, systemClock } from "../support/quiet.ts";
import { tempDirectory } from "../support/temp.ts";
import { openSyncSystem, type SyncSystem, type SyncSystemOptions } from "./sync-system.ts";

const A = "00000000-0000-4000-8000-00000000000a";
const B = "00000000-0000-4000-8000-00000000000b";
const SHOP = `
create table users (id uuid primary key, email text, legacy_id int, phone text);
create table former_emails (id bigint primary key generated always as identity, user_id uuid not null references users (id) on delete cascade, email text not null);
create index on former_emails (user_id);
insert into users values ('${A}', ' Ada@Example.com', 7, '+41 61 555 00 00'), ('${B}', 'bob@example.com', null, null);
insert into former_emails (user_id, email) values ('${A}', 'ada@first.example'), ('${A}', 'ada@second.example');`;
const until = "2099-01-01";
const TRANSLATE = {
  email: { from: "users.email", until },
  former: { format: "email", from: "former_emails.email", until },
  legacy: { format: "integer", from: "users.legacy_id", until },
  phone: { from: { sql: "select id as user_id, phone as value from users where phone is not null" }, until },
};
const PEOPLE = { $email: { type: "string", owner: "state", from: "users.email" } };
const hashOf = (key: string) => (spelling: string) =>
  createHmac("sha256", key).update(spelling).digest("base64url").slice(0, 32);
const oldIdHash = hashOf("a key");

let postgres: TestPostgres;
const closing: (() => Promise<unknown>)[] = [];
beforeAll(async () => {
  postgres = await startPostgres();
});
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});
afterAll(() => postgres.close());

async function shop(ask: Partial<SyncSystemOptions> = {}): Promise<SyncSystem> {
  const system = await openSyncSystem(postgres, {
    sql: SHOP,
    people: PEOPLE,
    translate: TRANSLATE,
    options: { oldIdHash },
    ...ask,
  });
  closing.push(() => system.close());
  return system;
}

async function table() {
  const journal = await openJournal({
    directory: tempDirectory("old-ids"),
    clock: systemClock,
    log: rememberingLog(),
    role: "primary",
  });
  closing.push(() => journal.close());
  return { journal, oldIds: makeOldIdTable(journal) };
}
type Table = Awaited<ReturnType<typeof table>>;

/** Owners in the gateway's table of some spellings. */
function owners({ journal }: Table, ...spellings: readonly string[]): readonly string[] {
  return spellings.map((spelling) => {
    const bytes = journal.table(OLD_IDS_TABLE).get(oldIdHash(spelling));
    return bytes === undefined ? "" : Buffer.from(bytes).toString("utf8");
  });
}
const untilOwners = (at: Table, spellings: readonly string[], wanted: readonly string[]) =>
  eventually(
    () => Promise.resolve(owners(at, ...spellings)),
    (found) => JSON.stringify(found) === JSON.stringify(wanted),
    { what: "owners" },
  );

const ALL = [
  "ada@example.com",
  "bob@example.com",
  "ada@first.example",
  "ada@second.example",
  "7",
  "+41615550000",
];

test.each(["backfill", "reconcile"] as const)(
  "a walk (%s) fills it with the old ids of everybody: columns, rows of another table, a query",
  async (kind) => {
    const system = await shop();
    const gateway = await table();
    await requestJob(system.context.state, { kind, cause: "test" });
    system.start({ oldIds: gateway.oldIds });
    await untilOwners(gateway, ALL, [A, B, A, A, A, A]);
    await system.converges();
    const rows = await system.rows("select o::text as row from plumbline.old_ids o");
    expect(rows.length).toBe(6);
    for (const { row } of rows) expect(row).not.toMatch(/example|41615550000/);
  },
);

test.each([
  ["by the log", {}],
  ["by triggers", { method: "trigger" }],
] as const)(
  "a new user, a changed address and a new row are followed, and what was is kept: %s",
  async (_, capture) => {
    const system = await shop({ options: { oldIdHash, capture } });
    const gateway = await table();
    system.start({ oldIds: gateway.oldIds });
    await system.run(`update users set email = 'ada@new.example' where id = '${A}'`);
    await untilOwners(gateway, ["ada@new.example"], [A]);
    await system.run(`update users set email = 'ada@newer.example' where id = '${A}'`);
    await system.run(`insert into former_emails (user_id, email) values ('${B}', 'bob@before.example')`);
    const C = "00000000-0000-4000-8000-00000000000c";
    await system.run(`insert into users (id, email) values ('${C}', 'cyd@example.com')`);
    await untilOwners(
      gateway,
      ["ada@new.example", "ada@newer.example", "bob@before.example", "cyd@example.com"],
      [A, A, B, C],
    );
    await system.run(`delete from users where id = '${C}'`);
    await system.converges();
    // Old releases of somebody who left may still send what they have: it stays theirs.
    expect(owners(gateway, "cyd@example.com")).toEqual([C]);
  },
);

test("an address that somebody else takes has two owners, here and at the gateway", async () => {
  const system = await shop();
  const gateway = await table();
  await requestJob(system.context.state, { kind: "backfill", cause: "test" });
  system.start({ oldIds: gateway.oldIds });
  await untilOwners(gateway, ["bob@example.com"], [B]);
  await system.run(`update users set email = null where id = '${B}'`);
  await system.run(`update users set email = 'bob@example.com' where id = '${A}'`);
  await untilOwners(gateway, ["bob@example.com"], [`${A}\n${B}`]);
});

test("an erased person's old ids go, here and at the gateway, and do not come back while the row is still there", async () => {
  const system = await shop();
  const gateway = await table();
  const { state, destinations } = system.context;
  await requestJob(state, { kind: "backfill", cause: "test" });
  const running = system.start({ oldIds: gateway.oldIds });
  await untilOwners(gateway, ALL, [A, B, A, A, A, A]);
  await startErasure(system.context, A, { destinations, again: false });
  await untilOwners(gateway, ALL, ["", B, "", "", "", ""]);
  await requestJob(state, { kind: "backfill", cause: "again" });
  await running.sync.mark([A, B], "test");
  await eventually(
    () =>
      system.rows(
        "select (select count(*) from plumbline.jobs where phase <> 'done') + (select count(*) from plumbline.marks) as n",
      ),
    ([row]) => row?.["n"] === "0",
  );
  await running.stop();
  while (await copyOldIds({ state, table: gateway.oldIds, key: oldIdHash("\u0000key") }));
  expect(owners(gateway, ...ALL)).toEqual(["", B, "", "", "", ""]);
  expect(await system.rows(`select hash from plumbline.old_ids where user_id = '${A}'`)).toEqual([]);
});

test("a gateway that comes later, or again, gets what it lacks; one with another key, or of another state, begins anew", async () => {
  const system = await shop();
  const { state } = system.context;
  await requestJob(state, { kind: "backfill", cause: "test" });
  const running = system.start();
  await eventually(
    () => system.rows("select count(*) as n from plumbline.old_ids"),
    ([row]) => row?.["n"] === "6",
  );
  await running.stop();
  const gateway = await table();
  const copy = { state, table: gateway.oldIds, key: "one" };
  expect(await copyOldIds(copy)).toBe(true);
  expect(await copyOldIds(copy)).toBe(false);
  expect(owners(gateway, ...ALL)).toEqual([A, B, A, A, A, A]);
  const stale = new Map([["stale", [B]]]);
  await gateway.oldIds.put(stale, { key: "one", cursor: "999999" });
  expect(await copyOldIds(copy)).toBe(true);
  expect(gateway.journal.table(OLD_IDS_TABLE).has("stale")).toBe(false);
  await gateway.oldIds.put(stale, { key: "another", cursor: "1" });
  expect(await copyOldIds(copy)).toBe(true);
  expect(gateway.journal.table(OLD_IDS_TABLE).has("stale")).toBe(false);
  expect(owners(gateway, ...ALL)).toEqual([A, B, A, A, A, A]);
});

test("another key makes the hashes anew", async () => {
  const system = await shop();
  const { state } = system.context;
  await requestJob(state, { kind: "backfill", cause: "test" });
  const gateway = await table();
  const first = system.start({ oldIds: gateway.oldIds });
  await untilOwners(gateway, ALL, [A, B, A, A, A, A]);
  await first.stop();
  const next = hashOf("another key");
  const context = { ...system.context, oldIdHash: next };
  const stop = new AbortController();
  const work = createPeopleSync(context, { oldIds: gateway.oldIds }).run(stop.signal);
  await eventually(
    () => Promise.resolve(gateway.journal.table(OLD_IDS_TABLE).has(next("ada@example.com"))),
    (found) => found,
  );
  stop.abort();
  await work;
  expect(owners(gateway, ...ALL)).toEqual(["", "", "", "", "", ""]);
  expect(await system.rows(`select hash from plumbline.old_ids where hash = '${oldIdHash("7")}'`)).toEqual(
    [],
  );
});

describe("a plan that the database does not fit", () => {
  test.each([
    ["a column that is not there", { email: { from: "users.mail", until } }, "state-mapping"],
    ["a table that is not linked", { email: { from: "elsewhere.email", until } }, "state-mapping"],
    ["a column that is no text", { email: { from: "users.tags", until } }, "state-type-mismatch"],
    ["a query that fails", { email: { from: { sql: "select 1 as value" }, until } }, "state-mapping"],
  ])("%s is a finding at the entry", async (_, translate, id) => {
    const system = await shop({
      sql: `${SHOP} alter table users add tags text[]; create table elsewhere (email text);`,
    });
    const { catalogue, source } = system.context;
    const { mapping, findings } = await compileMapping(
      lockOf({ people: PEOPLE, translate }),
      catalogue,
      source,
    );
    expect(mapping).toBeUndefined();
    expect(findings.filter(({ level }) => level === "error").map((one) => [one.id, one.at])).toEqual([
      [id, "identity.translate.email"],
    ]);
  });

  test("a column that went away takes its own old ids out of the sync, and no profile", async () => {
    const system = await shop();
    await system.run("alter table users drop legacy_id");
    const { context, findings } = await recompile(system.context, system.context.lock, { isPartial: true });
    expect(findings.filter(({ level }) => level === "error").map(({ at }) => at)).toEqual([
      "identity.translate.legacy",
    ]);
    expect(context?.mapping.sets.length).toBe(1);
    expect(context?.mapping.oldIds.map(({ properties }) => properties[0]?.id)).toEqual([
      "email",
      "former",
      "phone",
    ]);
  });

  test("the values of one user that make a query fail keep nobody else's back", async () => {
    const sql = "select id as user_id, (10 / (legacy_id - 7))::text as value from users";
    const system = await shop({ translate: { odd: { format: "any", from: { sql }, until } } });
    await system.run(`update users set legacy_id = 8 where id = '${B}'`);
    await requestJob(system.context.state, { kind: "backfill", cause: "test" });
    const gateway = await table();
    system.start({ oldIds: gateway.oldIds });
    await untilOwners(gateway, ["10"], [B]);
    await system.converges();
  });
});
