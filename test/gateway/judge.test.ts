// The judge on a real journal: what was received becomes what may go out, once, whatever happens in between.
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  findQuarantined,
  makeSnapshot,
  previewPlan,
  replayQuarantine,
  discardQuarantine,
  makeJsonReceiver,
  makeMixpanelReceiver,
  makeSourceTable,
  trimQuarantine,
} from "../../src/gateway/index.ts";
import { PLAN, USER } from "../e2e/plan.ts";
import { type Bench, NOW, readOutbox, SOURCES, startJudging } from "../support/judging.ts";
import { compile } from "../support/plans.ts";
import { tempDirectory } from "../support/temp.ts";

const DEVICE = "11111111-1111-4111-8111-111111111111";
const lock = compile(PLAN);

let bench: Bench;
let directory: string;
beforeEach(async () => {
  directory = tempDirectory("judge");
  bench = await startJudging(directory, lock);
});
afterEach(async () => {
  await bench.close();
});

function signUp(properties: object = {}, token = "web_token") {
  return {
    event: "User signs up",
    properties: { token, distinct_id: USER, plan_tier: "pro", ...properties },
  };
}

async function judged(items: unknown, header: Parameters<Bench["receive"]>[1] = {}) {
  await bench.receive(items, header);
  await bench.judgeAll();
  return readOutbox(bench.journal);
}

function propertiesOf(entry: { readonly payload: Readonly<Record<string, unknown>> } | undefined) {
  return (entry?.payload["properties"] ?? {}) as Readonly<Record<string, unknown>>;
}

describe("enrichment", () => {
  test("an event without time gets the time of receipt, and one from the far future too", async () => {
    const out = await judged([signUp(), signUp({ time: (NOW + 7_200_000) / 1000, $insert_id: "a" })]);
    expect(out.map((entry) => propertiesOf(entry)["time"])).toEqual([NOW, NOW]);
    expect(bench.metrics.value("plumbline_enrichments_total", { rule: "time-wrong" })).toBe(1);
  });

  test("seconds, milliseconds, text and ISO dates become whole milliseconds", async () => {
    const at = NOW - 1234;
    const times = [at / 1000, at, String(at / 1000), new Date(at).toISOString()];
    const out = await judged(times.map((time, index) => signUp({ time, $insert_id: `t${index}` })));
    expect(out.map((entry) => propertiesOf(entry)["time"])).toEqual([at, at, at, at]);
  });

  test("the same request twice gives the same insert ids; equal events inside one request stay two", async () => {
    const request = [signUp({ time: NOW }), signUp({ time: NOW })];
    const out = await judged(request);
    const ids = out.map((entry) => propertiesOf(entry)["$insert_id"]);
    expect(new Set(ids).size).toBe(2);
    expect(ids.every((id) => /^[A-Za-z0-9-]{1,36}$/.test(String(id)))).toBe(true);
    expect(await judged(request)).toHaveLength(2);
    expect(bench.metrics.value("plumbline_repeated_events_total")).toBe(2);
  });

  test("events that say neither when nor which they are count each time: nothing tells a repetition from a second one", async () => {
    await judged([signUp()]);
    const out = await judged([signUp()]);
    expect(new Set(out.map((entry) => propertiesOf(entry)["$insert_id"])).size).toBe(2);
  });

  test("an insert id that import refuses is replaced by its hash, and a mobile event id is used as it is", async () => {
    const mobile = { ...signUp({ time: NOW }), $mp_metadata: { $mp_event_id: "a1b2c3" } };
    const out = await judged([signUp({ $insert_id: "ajs:next:1" }), mobile]);
    expect(propertiesOf(out[0])["$insert_id"]).toMatch(/^[a-f0-9]{36}$/);
    expect(propertiesOf(out[1])["$insert_id"]).toBe("a1b2c3");
  });

  test("a client's address is forwarded, a server's never, and an address that a server names for its user is", async () => {
    const out = await judged([
      signUp({ $insert_id: "1" }),
      signUp({ $insert_id: "2" }, "api_token"),
      signUp({ $insert_id: "3", ip: "198.51.100.9" }, "api_token"),
    ]);
    expect(out.map((entry) => propertiesOf(entry)["ip"])).toEqual(["203.0.113.7", 0, "198.51.100.9"]);
  });

  test("ip=0 in the query keeps the client's address out", async () => {
    const out = await judged([signUp()], { query: "ip=0&verbose=1" });
    expect(propertiesOf(out[0])["ip"]).toBe(0);
  });

  test("a server's profile update carries $ip 0 and $ignore_time, a client's its own address", async () => {
    const update = (token: string, operator: object) => ({ $token: token, $distinct_id: USER, ...operator });
    const out = await judged(
      [update("api_token", { $set: { plan_tier: "pro" } }), update("web_token", { $set: { theme: "dark" } })],
      { route: "engage" },
    );
    expect(out.map(({ payload }) => payload)).toEqual([
      { $distinct_id: USER, $set: { plan_tier: "pro" }, $ip: "0", $ignore_time: true },
      { $distinct_id: USER, $set: { theme: "dark" }, $ip: "203.0.113.7" },
    ]);
  });

  test("with geolocate the place goes out and the address does not", async () => {
    await bench.close();
    bench = await startJudging(directory, lock, {
      sources: makeSourceTable(SOURCES.map((source) => ({ ...source, clientAddress: "geolocate" }))),
      geolocate: (address) =>
        address === "203.0.113.7" ? { city: "Vienna", region: undefined, country: "AT" } : undefined,
    });
    const [entry] = await judged([signUp()]);
    expect(propertiesOf(entry)).toMatchObject({ ip: 0, $city: "Vienna", mp_country_code: "AT" });
    expect(JSON.stringify(entry)).not.toContain("203.0.113.7");
  });
});

describe("order and repetition", () => {
  test("identity events are links that name every id, and $add may not be repeated", async () => {
    await bench.receive([
      {
        event: "$identify",
        properties: {
          token: "web_token",
          distinct_id: USER,
          $user_id: USER,
          $anon_distinct_id: `$device:${DEVICE}`,
          $device_id: DEVICE,
          $insert_id: "i",
        },
      },
    ]);
    const out = await judged(
      [{ $token: "api_token", $distinct_id: USER, $add: { orders_count: 1 }, $set: { plan_tier: "pro" } }],
      { route: "engage" },
    );
    expect(out[0]).toMatchObject({ link: true, ids: [USER, DEVICE] });
    expect(out.slice(1).map(({ payload, repeatable }) => [Object.keys(payload)[1], repeatable])).toEqual([
      ["$add", false],
      ["$set", true],
    ]);
  });

  test("a judge that is started again goes on where the last one stopped, and still knows what it has seen", async () => {
    await judged([signUp({ $insert_id: "once", time: NOW })]);
    await bench.close();
    bench = await startJudging(directory, lock);
    const out = await judged([
      signUp({ $insert_id: "once", time: NOW }),
      signUp({ $insert_id: "twice", time: NOW }),
    ]);
    expect(out.map((entry) => propertiesOf(entry)["$insert_id"])).toEqual(["once", "twice"]);
  });

  test("the window forgets the generation before the last", async () => {
    await bench.close();
    bench = await startJudging(directory, lock, { dedup: { generationEvents: 2 } });
    const send = (id: string) => judged([signUp({ $insert_id: id, time: NOW })]);
    await send("a");
    await send("b");
    await send("c");
    expect(await send("a")).toHaveLength(3);
    await send("d");
    expect((await send("a")).map((entry) => propertiesOf(entry)["$insert_id"])).toEqual([
      "a",
      "b",
      "c",
      "d",
      "a",
    ]);
  });

  test("a request that can no longer be decoded is reported, and what comes after it is judged", async () => {
    await bench.receive("not json at all");
    const out = await judged([signUp()]);
    expect(out).toHaveLength(1);
    expect(bench.log.lines.some(({ level }) => level === "error")).toBe(true);
  });

  test("an item of a page on an origin that its source does not list is left out", async () => {
    const out = await judged([signUp()], { origin: "https://evil.example" });
    expect(out).toEqual([]);
    expect(bench.metrics.value("plumbline_judge_refused_total", { reason: "origin-not-listed" })).toBe(1);
  });
});

describe("quarantine", () => {
  const unknown = (id: string) => ({
    event: "Mystery",
    properties: {
      token: "web_token",
      distinct_id: USER,
      $insert_id: id,
      time: NOW - 5000,
      $app_version_string: "7.1",
      secret: "x",
    },
  });
  const fixed = PLAN.replace(
    "  pageLeft:",
    "  mystery:\n    name: Mystery\n    description: Known now\n    owner: growth\n    sources: { web: {} }\n  pageLeft:",
  );

  test("keeps what was received, with findings, source, release and plan, and without the token", async () => {
    expect(await judged([unknown("m")])).toEqual([]);
    const [record] = findQuarantined(bench.journal, {});
    expect(record).toMatchObject({
      source: "web",
      release: "7.1",
      name: "Mystery",
      plan: lock.hash,
      receivedAt: NOW,
      state: "waiting",
    });
    expect(record?.findings.map(({ id }) => id)).toContain("unknown-event");
    expect(record?.item).toMatchObject({
      kind: "event",
      event: "Mystery",
      properties: { secret: "x", $insert_id: "m" },
    });
    expect(JSON.stringify(record)).not.toContain("web_token");
  });

  test("an e-mail address as id waits there too, and so does an update that is not one", async () => {
    await judged([signUp({ distinct_id: "ada@example.com" }), 7]);
    const found = [...findQuarantined(bench.journal, {})];
    expect(found.map(({ findings }) => findings[0]?.id)).toEqual(["identity-email"]);
    await judged([{ $token: "web_token", $distinct_id: USER }], { route: "engage" });
    expect([...findQuarantined(bench.journal, { finding: "item-malformed" })]).toHaveLength(1);
  });

  test("a replay lets out what today's plan knows, at its own time; the dry run changes nothing, a second one finds nothing", async () => {
    await judged([unknown("m1"), signUp({ distinct_id: "ada@example.com" })]);
    const replay = (apply: boolean) =>
      replayQuarantine({
        journal: bench.journal,
        clock: bench.clock,
        snapshot: makeSnapshot(compile(fixed)),
        sources: SOURCES,
        filter: {},
        apply,
      });
    expect(await replay(false)).toMatchObject({
      examined: 2,
      released: 1,
      kept: 1,
      kept_by_finding: { "identity-email": 1 },
    });
    expect(readOutbox(bench.journal)).toEqual([]);
    expect(await replay(true)).toMatchObject({ released: 1, released_by_name: { Mystery: 1 } });
    expect(await replay(true)).toMatchObject({ examined: 1, released: 0 });
    const out = readOutbox(bench.journal);
    expect(out).toHaveLength(1);
    expect(propertiesOf(out[0])).toMatchObject({ time: NOW - 5000, $insert_id: "m1" });
    const [record] = findQuarantined(bench.journal, { state: "replayed" });
    expect(record?.item).toMatchObject({ properties: { secret: "x" } });
  });

  test("filters choose, discarded records are never replayed, and retention removes old ones", async () => {
    await judged([unknown("m1")]);
    bench.clock.advance(1000);
    await judged([signUp({ distinct_id: "ada@example.com" })]);
    const { journal, clock } = bench;
    expect([...findQuarantined(journal, { name: "Mystery" })]).toHaveLength(1);
    expect([...findQuarantined(journal, { since: NOW + 1 })]).toHaveLength(1);
    expect([...findQuarantined(journal, { until: NOW + 1 })]).toHaveLength(1);
    expect(await discardQuarantine({ journal, clock, filter: { name: "Mystery" }, apply: false })).toBe(1);
    expect(await discardQuarantine({ journal, clock, filter: { name: "Mystery" }, apply: true })).toBe(1);
    expect([...findQuarantined(journal, {})].map(({ name }) => name)).toEqual(["User signs up"]);
    expect(await trimQuarantine(journal, NOW + 1)).toBe(1);
    expect([...findQuarantined(journal, { state: "any" })]).toHaveLength(1);
  });

  test("a preview tells what another plan would have done, and leaves everything as it is", async () => {
    await judged([unknown("m1"), unknown("m2"), signUp()]);
    const report = previewPlan({
      journal: bench.journal,
      receivers: [makeJsonReceiver(), makeMixpanelReceiver()],
      sources: makeSourceTable(SOURCES),
      today: makeSnapshot(lock),
      next: makeSnapshot(compile(fixed)),
      since: 0,
    });
    expect(report).toMatchObject({ requests: 1, items: 3, changed: 2, truncated: false });
    expect(report.rows).toEqual([
      expect.objectContaining({
        name: "Mystery",
        today: "quarantined",
        next: "stripped",
        count: 2,
        lost: ["unknown-event"],
      }),
    ]);
    expect(readOutbox(bench.journal)).toHaveLength(1);
  });
});

describe("trust", () => {
  test("a client cannot send a server's event nor write what the database owns; the write is taken out and counted", async () => {
    await bench.receive([
      { event: "Order completed", properties: { token: "web_token", distinct_id: USER, total: 1 } },
    ]);
    const out = await judged(
      [
        {
          $token: "web_token",
          $distinct_id: USER,
          $set: { theme: "dark", $email: "ada@example.com", orders_count: 9 },
        },
      ],
      { route: "engage" },
    );
    expect(out.map(({ payload }) => payload["$set"])).toEqual([{ theme: "dark" }]);
    expect(bench.metrics.value("plumbline_findings_total", { id: "not-owner" })).toBe(2);
    expect([...findQuarantined(bench.journal, {})].map(({ findings }) => findings[0]?.id)).toEqual([
      "not-this-source",
    ]);
  });
});
