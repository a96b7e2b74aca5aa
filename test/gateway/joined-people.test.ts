// Identity events that would make two known people one are refused and kept, by what the event says and by what earlier ones linked.
import { afterEach, beforeEach, expect, test } from "vitest";
import { findQuarantined, makeSnapshot, replayQuarantine } from "../../src/gateway/index.ts";
import { PEOPLE_LINKS_TABLE } from "../../src/gateway/judge/people-links.ts";
import { PLAN } from "../e2e/plan.ts";
import { type Bench, readOutbox, SOURCES, startJudging } from "../support/judging.ts";
import { compile } from "../support/plans.ts";
import { tempDirectory } from "../support/temp.ts";

const ADA = "0190a5e0-1111-7222-8333-000000000001";
const BOB = "0190a5e0-1111-7222-8333-000000000002";
const DEVICE = "11111111-1111-4111-8111-111111111111";
const lock = compile(PLAN);

let directory: string;
let bench: Bench;
beforeEach(async () => {
  directory = tempDirectory("joined-people");
  bench = await startJudging(directory, lock);
});
afterEach(async () => {
  await bench.close();
});

const link = (event: string, properties: object) => ({
  event,
  properties: { token: "web_token", ...properties },
});
const identify = (user: string, anonymous: string, device?: string) =>
  link("$identify", {
    distinct_id: user,
    $anon_distinct_id: anonymous,
    ...(device === undefined ? {} : { $device_id: device }),
  });
const alias = (id: string, next: string) => link("$create_alias", { distinct_id: id, alias: next });
const merge = (one: string, other: string) => link("$merge", { $distinct_ids: [one, other] });

/** How many go out and how many are refused for joining people. */
async function outcome(
  ...requests: readonly (readonly object[])[]
): Promise<{ out: number; refused: number }> {
  for (const items of requests) {
    await bench.receive(items);
    await bench.judgeAll();
  }
  const waiting = [...findQuarantined(bench.journal, { state: "waiting" })];
  const refused = waiting.filter(({ findings }) => findings.some(({ id }) => id === "identity-joins-people"));
  return { out: readOutbox(bench.journal).length, refused: refused.length };
}

test("a device becomes its user's, again and again, also on several devices of one user", async () => {
  const other = "22222222-2222-4222-8222-222222222222";
  expect(
    await outcome(
      [identify(ADA, DEVICE, DEVICE), identify(ADA, `$device:${DEVICE}`, DEVICE)],
      [identify(ADA, other, other), identify(BOB, "$device:33333333-3333-4333-8333-333333333333")],
    ),
  ).toEqual({ out: 4, refused: 0 });
});

test("a second person who signs in where the first did not sign out is not joined to the first, by the event alone", async () => {
  expect(await outcome([identify(BOB, ADA, DEVICE)])).toEqual({ out: 0, refused: 1 });
});

test("a chain over a shared device is refused, in one request and across them", async () => {
  expect(await outcome([identify(ADA, DEVICE), identify(BOB, DEVICE)])).toEqual({ out: 1, refused: 1 });
  expect(await outcome([identify(BOB, `$device:${DEVICE}`)])).toEqual({ out: 1, refused: 2 });
});

test("two known people are not merged, nor made each other's alias; an old id belongs to its first person", async () => {
  expect(
    await outcome(
      [identify(ADA, "device-a"), identify(BOB, "device-b"), alias("ada@example.com", ADA)],
      [merge(ADA, BOB), merge("device-a", BOB), alias(ADA, BOB), alias("ada@example.com", BOB)],
      [merge("another-device", ADA), merge(ADA, "device-a")],
    ),
  ).toEqual({ out: 5, refused: 4 });
});

test("links outlive the process, and hold hashes only", async () => {
  await outcome([identify(ADA, "device-a")]);
  await bench.close();
  bench = await startJudging(directory, lock);
  expect(await outcome([identify(BOB, "device-a")])).toMatchObject({ refused: 1 });
  const entries = [...bench.journal.table(PEOPLE_LINKS_TABLE).entries()];
  expect(entries.length).toBe(2);
  for (const { key, value } of entries) {
    expect(key).toMatch(/^[0-9a-f]{32}$/);
    expect(value.length).toBe(16);
  }
});

test("replay refuses it again, and lets out what joins nobody", async () => {
  await outcome([identify(ADA, DEVICE), identify(BOB, DEVICE)]);
  const report = await replayQuarantine({
    journal: bench.journal,
    clock: bench.clock,
    snapshot: makeSnapshot(lock),
    sources: SOURCES,
    filter: {},
    apply: true,
  });
  expect(report).toMatchObject({ released: 0, kept: 1, kept_by_finding: { "identity-joins-people": 1 } });
});

test("where no destination joins ids, identity events go out whatever they link", async () => {
  await bench.close();
  bench = await startJudging(tempDirectory("never-joins"), lock, { neverJoins: true });
  expect(await outcome([identify(ADA, DEVICE), identify(BOB, DEVICE), identify(BOB, ADA, DEVICE)])).toEqual({
    out: 3,
    refused: 0,
  });
});
