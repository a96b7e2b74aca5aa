// A project with e-mail ids is brought to UUIDs while old releases go on sending addresses, in both identity modes: profiles, later events and the
// translated ones end on one person each. Real processes, real Postgres, local Mixpanel.
import { readFileSync, writeFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import pg from "pg";
import { request } from "undici";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { ensureDist } from "../support/dist.ts";
import { eventually, exportEvents, queryProfiles } from "../support/emulator-client.ts";
import { startPostgres, type TestPostgres } from "../support/postgres.ts";
import { plumbline } from "../support/run-plumbline.ts";
import { makeSystem, type System } from "../support/system.ts";

const PLAN = `plumbline: 1
name: shop
sources: { web: { trust: client }, api: { trust: server } }
identity:
  user_id: { format: uuid }
  translate: { email: { from: users.email, until: 2099-03-01 } }
lint: { rules: { missing-description: off, missing-owner: off, missing-data-class: off } }
events: { opened: { name: Opened, sources: [web], properties: { step: { type: integer, presence: required } } } }
people:
  orders: { type: integer, owner: state, from: users.orders }
  nick: { type: string, owner: client }
`;
const SCHEMA = "create table users (id uuid primary key, email text not null unique, orders int not null)";
const ADA = { id: "00000000-0000-4000-8000-00000000000a", email: "ada@shop.example" };
const BOB = { id: "00000000-0000-4000-8000-00000000000b", email: "bob@shop.example" };
const NEW = { id: "00000000-0000-4000-8000-00000000000c", email: "new@shop.example" };
const MIXPANEL_TOKEN = "mp_token";

let postgres: TestPostgres;
let system: System | undefined;
beforeAll(async () => {
  ensureDist();
  postgres = await startPostgres();
});
afterEach(async () => {
  await system?.close();
  system = undefined;
});
afterAll(() => postgres.close());

async function run(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

async function post(url: string, items: readonly object[]): Promise<void> {
  const answer = await request(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(items),
  });
  expect([answer.statusCode, (await answer.body.text()).slice(0, 1)]).toEqual([200, "1"]);
}

const event = (token: string, name: string, properties: object) => ({
  event: name,
  properties: { token, time: Date.now(), ...properties },
});
const opened = (id: string, step: number) =>
  event("web_token", "Opened", { distinct_id: id, $user_id: id, $device_id: `device-of-${step}`, step });
const set = (token: string, id: string, properties: object) => ({
  $token: token,
  $distinct_id: id,
  $set: properties,
});

/** What Mixpanel held before there was a gateway: everything under addresses. */
async function plantHistory(mixpanel: string): Promise<void> {
  await post(`${mixpanel}/track/`, [
    event(MIXPANEL_TOKEN, "Viewed", { distinct_id: ADA.email, $user_id: ADA.email, $device_id: "d-a" }),
    event(MIXPANEL_TOKEN, "Viewed", { distinct_id: BOB.email, $user_id: BOB.email, $device_id: "d-b" }),
  ]);
  await post(`${mixpanel}/engage/`, [
    set(MIXPANEL_TOKEN, ADA.email, { nick: "ada", orders: 1 }),
    set(MIXPANEL_TOKEN, BOB.email, { nick: "bob", orders: 1 }),
  ]);
}

/** Ids under which events with a step stand, by step. */
async function openedBy(mixpanel: string): Promise<Readonly<Record<string, string>>> {
  const events = (await exportEvents(mixpanel)).filter(({ event: name }) => name === "Opened");
  return Object.fromEntries(
    events.map(({ properties }) => [String(properties["step"]), properties.distinct_id]),
  );
}
const untilOpened = (mixpanel: string, steps: number) =>
  eventually(
    () => openedBy(mixpanel),
    (found) => Object.keys(found).length >= steps,
    { what: `${steps} events` },
  );

async function profiles(mixpanel: string): Promise<readonly object[]> {
  const stored = await queryProfiles(mixpanel);
  return stored
    .map(({ $properties: { nick, orders } }) => ({ nick, orders }))
    .toSorted((a, b) => (String(a.nick) < String(b.nick) ? -1 : 1));
}

const SYNCED = [
  { nick: "ada of old", orders: 3 },
  { nick: "bob of old", orders: 2 },
  { nick: "new", orders: 0 },
];

test.each([
  ["original", "thread"],
  ["simplified", "inline"],
] as const)("%s id merge, pipeline: %s", async (mode, pipeline) => {
  const url = await postgres.createDatabase();
  await postgres.run(url, SCHEMA);
  for (const { id, email } of [ADA, BOB]) await run(url, `insert into users values ('${id}', '${email}', 2)`);
  const { config, directory, emulator, gatewayUrl } = (system = await makeSystem({
    plan: PLAN,
    emulatorArgs: ["--set", `identity=${mode}`],
    destination: `id_merge: ${mode}`,
    extra: `pipeline: ${pipeline}
privacy: { hash_key: a secret of the test }
people: { database: "${url}", destinations: [product], capture: { slot: translate_${mode} } }`,
  }));
  const running = system;
  const mixpanel = emulator.url;
  const command = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await plumbline([...args, "--config", config], { cwd: directory });
    expect([code, code === 0 ? "" : stdout + stderr]).toEqual([0, ""]);
    return stdout;
  };
  await plantHistory(mixpanel);
  await command("people", "setup", "--apply");
  let gateway = await running.startGateway();

  // Old releases before anything was read: what they send waits, and goes out by itself with the backfill.
  await post(`${gatewayUrl}/track/`, [opened(ADA.email, 1), opened(BOB.email, 2)]);
  await post(`${gatewayUrl}/engage/`, [set("web_token", ADA.email, { nick: "ada of old" })]);
  await eventually(
    async () => JSON.parse(await command("status", "--json")) as { waitingOldIds: object },
    ({ waitingOldIds }) => JSON.stringify(waitingOldIds).startsWith('{"ids":2,"records":3,"oldestAt":1'),
    { what: "three records of two people wait" },
  );
  await command("people", "backfill", "--apply");
  await untilOpened(mixpanel, 2);

  await command("ids", "plan", "--database", "--old", "users.email", "--new", "users.id");
  await command("ids", "apply", "ids.yaml", "--apply");

  // Afterwards: old releases, new ones, and an app that was updated while its user was signed in.
  await post(`${gatewayUrl}/track/`, [
    opened(ADA.email, 3),
    opened(ADA.id, 4),
    event("web_token", "$identify", {
      distinct_id: BOB.id,
      $user_id: BOB.id,
      $anon_distinct_id: BOB.email,
      $device_id: "d-b",
    }),
    opened(BOB.id, 5),
    opened(BOB.email.toUpperCase(), 6),
  ]);
  await post(`${gatewayUrl}/engage/`, [set("web_token", BOB.email, { nick: "bob of old" })]);
  // Somebody signs up in an old release: the event may be faster than the database.
  await post(`${gatewayUrl}/track/`, [opened(NEW.email, 7)]);
  await post(`${gatewayUrl}/engage/`, [set("web_token", NEW.email, { nick: "new" })]);
  await untilOpened(mixpanel, 6);
  await run(url, `insert into users values ('${NEW.id}', '${NEW.email}', 0)`);
  await run(url, `update users set email = 'ada@elsewhere.example', orders = 3 where id = '${ADA.id}'`);
  await untilOpened(mixpanel, 7);
  // The gateway that starts below has no database to read this from.
  await eventually(
    () => profiles(mixpanel),
    (all) => isDeepStrictEqual(all, SYNCED),
    { what: "what the sync writes" },
  );

  // Ada's old phone still has the address that she gave up; the database is away, and the gateway has just started.
  expect(await gateway.stop()).toBe(0);
  const text = readFileSync(config, "utf8");
  writeFileSync(config, text.replace(url, "postgres://nobody@127.0.0.1:1/none"));
  gateway = await running.startGateway();
  await post(`${gatewayUrl}/track/`, [opened(ADA.email, 8)]);
  const found = await untilOpened(mixpanel, 8);
  expect(await gateway.stop()).toBe(0);

  const [ada, bob, fresh] = [found["1"], found["2"], found["7"]];
  expect(found).toEqual({ 1: ada, 2: bob, 3: ada, 4: ada, 5: bob, 6: bob, 7: fresh, 8: ada });
  expect(new Set(Object.values(found)).size).toBe(3);
  expect(fresh).toBe(NEW.id);
  if (mode === "simplified") expect([ada, bob]).toEqual([ADA.id, BOB.id]);
  expect(await profiles(mixpanel)).toEqual(SYNCED);
  const left = JSON.parse(await command("quarantine", "list", "--json")) as readonly object[];
  expect(left).toEqual([]);
});

test("a plan that translates old ids does not start without the database that knows them, and without a key", async () => {
  system = await makeSystem({ plan: PLAN });
  const { code, stdout, stderr } = await plumbline(["up", "--config", system.config], {
    cwd: system.directory,
  });
  expect(code).toBe(1);
  const told = [...(stdout + stderr).matchAll(/\[config-contradiction\] (\S+)/g)].map(([, at]) => at);
  expect(told).toEqual(["people", "privacy.hash_key"]);
});
