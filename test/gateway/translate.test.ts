// Ids that old releases still send: replaced where their owner is known, waiting where not, and let out in order once it is.
import { createHmac } from "node:crypto";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Journal } from "../../src/core/index.ts";
import {
  discardQuarantine,
  findQuarantined,
  makeOldIdTable,
  makeSnapshot,
  OldIdOwners,
  replayQuarantine,
  trimQuarantine,
} from "../../src/gateway/index.ts";
import { OLD_ID_NEWS_TABLE, OLD_IDS_TABLE } from "../../src/gateway/old-ids/owners.ts";
import { countWaiting, WAITING_TABLE } from "../../src/gateway/old-ids/waiting.ts";
import { eventually } from "../support/emulator-client.ts";
import { type Bench, NOW, readOutbox, SOURCES, startJudging } from "../support/judging.ts";
import { compile } from "../support/plans.ts";
import { tempDirectory } from "../support/temp.ts";

const ADA = "0190a5e0-1111-7222-8333-000000000001";
const BOB = "0190a5e0-1111-7222-8333-000000000002";
const plan = (translate: string) => `plumbline: 1
name: shop
sources: { web: { trust: client }, api: { trust: server } }
identity: { user_id: { format: uuid }, ${translate} }
lint: { rules: { missing-description: off, missing-owner: off, missing-data-class: off } }
events: { opened: { name: Opened, sources: [web], properties: { step: { type: integer, presence: optional } } } }
people: { nick: { type: string, owner: client }, visits: { type: integer, owner: client } }
`;
const lock = compile(plan("translate: { email: { from: users.email, until: 2026-11-23 } }"));
const oldIdHash = (spelling: string): string =>
  createHmac("sha256", "a key").update(spelling).digest("base64url").slice(0, 32);

let directory: string;
let bench: Bench;
let cursor = 0;
beforeEach(async () => {
  directory = tempDirectory("translate");
  bench = await startJudging(directory, lock, { oldIdHash });
});
afterEach(async () => {
  await bench.close();
});

const opened = (id: string, step: number, more: object = {}) => ({
  event: "Opened",
  properties: { token: "web_token", distinct_id: id, step, ...more },
});
const set = (id: string, nick: string) => ({ $token: "web_token", $distinct_id: id, $set: { nick } });

async function receive(...items: readonly object[]): Promise<void> {
  await bench.receive(items);
  await bench.judgeAll();
}
async function receiveProfiles(...items: readonly object[]): Promise<void> {
  await bench.receive(items, { route: "engage" });
  await bench.judgeAll();
}
/** Somebody who knows the users says whose an address is. */
async function learn(owners: Readonly<Record<string, readonly string[]>>): Promise<void> {
  cursor += 1;
  const hashed = new Map(Object.entries(owners).map(([email, users]) => [oldIdHash(email), users]));
  await makeOldIdTable(bench.journal).put(hashed, { key: "k", cursor: String(cursor) });
}
const sent = () =>
  readOutbox(bench.journal).map(({ payload }) => {
    const properties = payload["properties"] as Record<string, unknown> | undefined;
    return properties === undefined
      ? [payload["$distinct_id"], (payload["$set"] as Record<string, unknown>)["nick"]]
      : [properties["distinct_id"], properties["step"]];
  });
const waiting = () => [...findQuarantined(bench.journal, { state: "waiting" })];
const reasons = () => waiting().map(({ findings }) => findings.map(({ id }) => id).join());
const untilSent = (count: number) =>
  eventually(
    () => Promise.resolve(sent()),
    (items) => items.length >= count,
    { what: `${count} sent` },
  );

test("an address that is known becomes the user's id, as a repair; the device stays as it is", async () => {
  await learn({ "ada@example.com": [ADA] });
  await receive(opened("Ada@Example.com", 1, { $device_id: "d-1", $user_id: "ada@example.com" }));
  const [item] = readOutbox(bench.journal);
  expect(item?.payload["properties"]).toMatchObject({ distinct_id: ADA, $user_id: ADA, $device_id: "d-1" });
  expect(item?.ids).toEqual([ADA, "d-1"]);
  expect(bench.metrics.value("plumbline_repairs_total", { rule: "id-translated" })).toBe(2);
  expect(waiting()).toEqual([]);
});

test("an address that nobody has waits, and goes out by itself once it is known, in the order in which it arrived", async () => {
  await receive(opened("ada@example.com", 1), opened("bob@example.com", 2));
  await receive(opened("ADA@example.com", 3));
  await receiveProfiles(set("ada@example.com", "first"), set("ada@example.com", "second"));
  expect(sent()).toEqual([]);
  expect(new Set(reasons())).toEqual(new Set(["identity-untranslated"]));
  await learn({ "ada@example.com": [ADA] });
  expect(await untilSent(4)).toEqual([
    [ADA, 1],
    [ADA, 3],
    [ADA, "first"],
    [ADA, "second"],
  ]);
  expect(waiting().map(({ item }) => item.kind === "event" && item.properties["step"])).toEqual([2]);
  await learn({ "bob@example.com": [BOB] });
  expect((await untilSent(5)).at(-1)).toEqual([BOB, 2]);
  expect(waiting()).toEqual([]);
  expect(bench.journal.table(WAITING_TABLE).count()).toBe(0);
});

test("what comes after something that still waits goes out after it, though its owner is known by then", async () => {
  await receiveProfiles(set("ada@example.com", "old"));
  // In one turn: the judge has had no time to let anything out.
  const learnt = learn({ "ada@example.com": [ADA] });
  const received = bench.receive([set("ada@example.com", "new")], { route: "engage" });
  await Promise.all([learnt, received]);
  expect(await untilSent(2)).toEqual([
    [ADA, "old"],
    [ADA, "new"],
  ]);
});

test("a start after a crash knows who waits and who is known", async () => {
  await receive(opened("ada@example.com", 1));
  await bench.close();
  bench = await startJudging(directory, lock, { oldIdHash });
  await receive(opened("ada@example.com", 2));
  expect(sent()).toEqual([]);
  await learn({ "ada@example.com": [ADA] });
  expect(await untilSent(2)).toEqual([
    [ADA, 1],
    [ADA, 2],
  ]);
  await bench.close();
  bench = await startJudging(directory, lock, { oldIdHash });
  await receive(opened("ada@example.com", 3));
  expect(sent().length).toBe(3);
});

test("what waits is let go by no other key, by nobody but its owner, and not without one", async () => {
  await receive(opened("ada@example.com", 1));
  await bench.close();
  bench = await startJudging(directory, lock, { oldIdHash: (spelling) => oldIdHash(`${spelling}?`) });
  await learn({ "ada@example.com": [ADA] });
  await receive(opened("ada@example.com", 2));
  expect(reasons()).toContain("identity-untranslated");
});

test("an address that two users have had is nobody's: what waited for it says so and stays", async () => {
  await receive(opened("ada@example.com", 1));
  await learn({ "ada@example.com": [ADA, BOB] });
  await receive(opened("ada@example.com", 2));
  await eventually(
    () => Promise.resolve(reasons()),
    (all) => all.every((reason) => reason === "identity-ambiguous"),
  );
  expect(sent()).toEqual([]);
  expect(bench.journal.table(WAITING_TABLE).count()).toBe(0);
  // Its owner is known again after one of the two was erased: replay lets it out.
  await learn({ "ada@example.com": [BOB] });
  const owners = new OldIdOwners(bench.journal, oldIdHash);
  expect(await replay({ oldIds: owners })).toMatchObject({ released: 2, kept: 0 });
});

const replay = (options: { readonly oldIds?: OldIdOwners; readonly apply?: boolean } = {}) =>
  replayQuarantine({
    journal: bench.journal,
    clock: bench.clock,
    snapshot: makeSnapshot(lock),
    sources: SOURCES,
    filter: {},
    apply: true,
    ...options,
  });

test("an owner that was erased is forgotten", async () => {
  await learn({ "ada@example.com": [ADA] });
  await receive(opened("ada@example.com", 1));
  await learn({ "ada@example.com": [] });
  await receive(opened("ada@example.com", 2));
  expect(sent()).toEqual([[ADA, 1]]);
  expect(reasons()).toEqual(["identity-untranslated"]);
});

test("after the date old ids are refused as before, though their owner is known; what arrived in time is still let out", async () => {
  await receive(opened("ada@example.com", 1));
  const dayAfter = Date.UTC(2026, 10, 24);
  bench.clock.set(dayAfter - 1);
  await receive(opened("ada@example.com", 2));
  bench.clock.set(dayAfter);
  await receive(opened("ada@example.com", 3));
  await learn({ "ada@example.com": [ADA] });
  await receive(opened("ada@example.com", 4));
  expect(await untilSent(2)).toEqual([
    [ADA, 1],
    [ADA, 2],
  ]);
  expect(reasons()).toEqual(["identity-email", "identity-email"]);
});

test("what was refused before the plan translated anything waits from its replay on", async () => {
  await bench.close();
  const bare = compile(plan("missing: quarantine"));
  bench = await startJudging(tempDirectory("translate-later"), bare, { oldIdHash });
  await receive(opened("ada@example.com", 1), opened("bob@example.com", 2));
  expect(reasons()).toEqual(["identity-email", "identity-email"]);
  bench.judge.setSnapshot(makeSnapshot(lock));
  await learn({ "ada@example.com": [ADA] });
  const owners = new OldIdOwners(bench.journal, oldIdHash);
  expect(await replay({ oldIds: owners, apply: false })).toMatchObject({ released: 1, kept: 1 });
  expect(await replay({ oldIds: owners })).toMatchObject({ released: 1, kept: 1 });
  expect(reasons()).toEqual(["identity-untranslated"]);
  await learn({ "bob@example.com": [BOB] });
  expect(await untilSent(2)).toEqual([
    [ADA, 1],
    [BOB, 2],
  ]);
});

/** The journal for somebody whose first write comes only after `until`: what it has read is old by then. */
function lateJournal(until: () => Promise<unknown>): Journal {
  const { journal } = bench;
  let first: Promise<unknown> | undefined;
  return {
    append: (...args) => journal.append(...args),
    read: (...args) => journal.read(...args),
    position: (...args) => journal.position(...args),
    table: (name) => journal.table(name),
    stats: (log) => journal.stats(log),
    close: () => journal.close(),
    write: async (...args) => {
      await (first ??= until());
      return journal.write(...args);
    },
  };
}

test("a replay and a discard that read records before the judge let them out send nothing twice and take nothing back", async () => {
  await receiveProfiles(set("ada@example.com", "first"), set("ada@example.com", "second"));
  await learn({ "ada@example.com": [ADA] });
  await untilSent(2);
  await receiveProfiles(set("bob@example.com", "third"));
  const late = lateJournal(async () => {
    await learn({ "bob@example.com": [BOB] });
    await untilSent(3);
  });
  const owners = new OldIdOwners(bench.journal, (spelling) => oldIdHash(spelling));
  const options = { journal: late, clock: bench.clock, filter: {}, apply: true };
  // As another process has it: a plan by which the address needs no owner.
  const free = makeSnapshot(compile(plan("missing: quarantine").replace("format: uuid", "pattern: '.'")));
  const [, discarded] = await Promise.all([
    replayQuarantine({ ...options, snapshot: free, sources: SOURCES, oldIds: owners }),
    discardQuarantine(options),
  ]);
  expect(discarded).toBe(0);
  expect(sent()).toEqual([
    [ADA, "first"],
    [ADA, "second"],
    [BOB, "third"],
  ]);
  expect([...findQuarantined(bench.journal, { state: "any" })].map(({ state }) => state)).toEqual([
    "replayed",
    "replayed",
    "replayed",
  ]);
});

test("what was discarded, or replayed under a plan that translates nothing, holds back nothing more", async () => {
  await receive(opened("ada@example.com", 1), opened("bob@example.com", 2));
  expect(bench.journal.table(WAITING_TABLE).count()).toBe(2);
  const options = { journal: bench.journal, clock: bench.clock, apply: true };
  const bare = makeSnapshot(compile(plan("missing: quarantine")));
  const report = await replayQuarantine({ ...options, snapshot: bare, sources: SOURCES, filter: {} });
  expect(report).toMatchObject({ kept: 2, kept_by_finding: { "identity-email": 2 } });
  expect(bench.journal.table(WAITING_TABLE).count()).toBe(0);
  await replay({ oldIds: new OldIdOwners(bench.journal, oldIdHash) });
  expect(bench.journal.table(WAITING_TABLE).count()).toBe(2);
  expect(await discardQuarantine({ ...options, filter: {} })).toBe(2);
  expect(bench.journal.table(WAITING_TABLE).count()).toBe(0);
});

test("an id of two forms that is known by one of them leaves nothing behind by the other", async () => {
  await bench.close();
  const forms = `translate:
    { phone: { from: users.phone, until: 2099-01-01 }, login: { format: any, from: users.login, until: 2099-01-01 } }`;
  bench = await startJudging(tempDirectory("translate-forms"), compile(plan(forms)), { oldIdHash });
  const phone = "+41 61 555 00 00";
  await receive(opened(phone, 1));
  expect(bench.journal.table(WAITING_TABLE).count()).toBe(2);
  await learn({ "+41615550000": [ADA] });
  await untilSent(1);
  expect(bench.journal.table(WAITING_TABLE).count()).toBe(0);
  await receive(opened(phone, 2));
  expect(sent()).toEqual([
    [ADA, 1],
    [ADA, 2],
  ]);
});

test("what began to wait after its owner was told is found all the same", async () => {
  await receive(opened("ada@example.com", 1));
  // Nobody tells the judge of it.
  await bench.journal.write((write) =>
    write.put(OLD_IDS_TABLE, oldIdHash("ada@example.com"), Buffer.from(ADA)),
  );
  expect(await untilSent(1)).toEqual([[ADA, 1]]);
});

test("news of a new user are taken at once, and told only once", async () => {
  await learn({ "ada@example.com": [ADA] });
  await learn({ "bob@example.com": [BOB] });
  const news = bench.journal.table(OLD_ID_NEWS_TABLE);
  await eventually(
    () => Promise.resolve(news.count()),
    (count) => count === 0,
    { what: "no news" },
  );
});

test("an operator sees how many wait, and for how long", async () => {
  await receive(opened("ada@example.com", 1), opened("ada@example.com", 2), opened("bob@example.com", 3));
  const gauge = (name: string) => bench.metrics.value(`plumbline_waiting_old_id${name}`);
  bench.clock.advance(60_000);
  await eventually(
    () => Promise.resolve([gauge("s"), gauge("_records"), gauge("_oldest_seconds")]),
    (found) => JSON.stringify(found) === "[2,3,60]",
    { what: "gauges" },
  );
  expect(countWaiting(bench.journal)).toEqual({ ids: 2, records: 3, oldestAt: NOW });
});

test("a thousand that wait for many people go out once each, each person's in order", async () => {
  const people = Array.from({ length: 20 }, (_, index) => `p${index}@example.com`);
  for (let batch = 0; batch < 10; batch++)
    await receive(...Array.from({ length: 100 }, (_, at) => opened(people[at % 20] ?? "", batch * 100 + at)));
  await learn(Object.fromEntries(people.map((email, index) => [email, [ADA.slice(0, -2) + (10 + index)]])));
  const out = await untilSent(1000);
  expect(out.length).toBe(1000);
  const steps = out.map(([, step]) => Number(step));
  expect(steps).toEqual([...steps].sort((a, b) => a - b));
});

test("the tables hold no address, and what is too old to wait leaves nothing behind", async () => {
  await receive(opened("ada@example.com", 1), opened("bob@example.com", 2));
  await learn({ "ada@example.com": [ADA] });
  await untilSent(1);
  for (const table of [OLD_IDS_TABLE, WAITING_TABLE])
    for (const { key, value } of bench.journal.table(table).entries())
      expect(`${key} ${Buffer.from(value).toString("utf8")}`).not.toMatch(/example/);
  expect(bench.journal.table(WAITING_TABLE).count()).toBe(1);
  await trimQuarantine(bench.journal, NOW + 1);
  expect(bench.journal.table(WAITING_TABLE).count()).toBe(0);
});
