// What is read back: raw export, the deduplicated view, names and values.
import { gunzipSync } from "node:zlib";
import { request } from "undici";
import { describe, expect, test } from "vitest";
import { type EmulatorStore, type EmulatorOptions } from "../../src/emulator/index.ts";
import { tempDirectory } from "../support/temp.ts";
import { makeEvent, parseLines, SERVICE_ACCOUNT, startLocal } from "./local.ts";

const authorization = SERVICE_ACCOUNT;
const day = (text: string) => Date.parse(`${text}T12:00:00Z`);
const kinds: readonly EmulatorStore[] = ["memory", "disk"];

describe.each(kinds)("store=%s", (store) => {
  const options: EmulatorOptions = { store };

  test("export takes whole days, both ends included, in order of arrival, repetitions too", async () => {
    const local = await startLocal(options);
    await local.importEvents(
      ["2025-01-03", "2025-01-01", "2025-01-02", "2025-01-02", "2025-01-04"].map((date) =>
        makeEvent({ time: day(date), date }),
      ),
    );
    const reply = await local.send("/api/2.0/export?project_id=1&from_date=2025-01-02&to_date=2025-01-03", {
      headers: { authorization },
    });
    const events = parseLines(reply.text);
    expect(events.map(({ properties }) => properties["date"])).toEqual([
      "2025-01-03",
      "2025-01-02",
      "2025-01-02",
    ]);
    expect(events[0]?.properties["time"]).toBe(day("2025-01-03") / 1000);
  });

  test("the deduplicated view keeps the latest of equal event, id, time and insert id", async () => {
    const local = await startLocal(options);
    const same = { time: 1_700_000_000_000, $insert_id: "same" };
    await local.importEvents([
      makeEvent({ ...same, n: 1 }),
      makeEvent({ ...same, n: 2 }),
      makeEvent({ ...same, n: 3, time: 1_700_000_000_001 }),
      makeEvent({ ...same, n: 4, distinct_id: "other" }),
      makeEvent({ ...same, n: 5 }, "Other"),
      makeEvent({ ...same, n: 6, time: 1_700_000_000 }),
    ]);
    await local.track([
      { event: "A", properties: { token: "t" } },
      { event: "A", properties: { token: "t" } },
    ]);
    const view = parseLines((await local.send("/emulator/events?view=deduplicated")).text);
    expect(view.map(({ properties }) => properties["n"])).toEqual([3, 4, 5, 6, undefined, undefined]);
    expect(parseLines((await local.send("/emulator/events")).text)).toHaveLength(8);
  });

  test("two ids that are one person repeat each other's events", async () => {
    const local = await startLocal(options);
    const same = { time: 1_700_000_000, $insert_id: "same", $device_id: "d" };
    await local.importEvents([
      makeEvent({ ...same, distinct_id: "$device:d" }),
      makeEvent({ ...same, distinct_id: "ada", $user_id: "ada" }),
    ]);
    expect(parseLines((await local.send("/emulator/events?view=deduplicated")).text)).toHaveLength(1);
  });

  test("a reset forgets what was stored", async () => {
    const local = await startLocal(options);
    await local.importEvents([makeEvent()]);
    await local.post("/emulator/reset", {});
    expect(await local.exported()).toEqual([]);
    await local.importEvents([makeEvent()]);
    expect(await local.exported()).toHaveLength(1);
  });
});

test("events on disk lie in the folder that was named, and survive a read while more arrive", async () => {
  const local = await startLocal({ store: "disk", dataDirectory: tempDirectory("emulator") });
  const batch = (from: number) =>
    Array.from({ length: 2000 }, (_, index) =>
      makeEvent({ $insert_id: `i${from + index}`, text: "ü\n".repeat(50) }),
    );
  for (let at = 0; at < 10_000; at += 2000) await local.importEvents(batch(at));
  const [events] = await Promise.all([local.exported(), local.importEvents(batch(10_000))]);
  expect(events.length).toBeGreaterThanOrEqual(10_000);
  expect(new Set((await local.exported()).map(({ properties }) => properties["$insert_id"])).size).toBe(
    12_000,
  );
  expect((await local.exported())[11_999]?.properties["text"]).toBe("ü\n".repeat(50));
});

test("export filters by name and expression, stops at the limit, and compresses what is long", async () => {
  const local = await startLocal();
  await local.importEvents([
    ...Array.from({ length: 5 }, (_, n) => makeEvent({ n, $insert_id: `a${n}` }, "A")),
    makeEvent({ n: 9, text: "x".repeat(2000) }, "B"),
  ]);
  expect(await local.exported('&event=["A"]')).toHaveLength(5);
  expect(await local.exported("&event=B")).toHaveLength(1);
  expect(await local.exported("&limit=2")).toHaveLength(2);
  expect(await local.exported(`&where=${encodeURIComponent('properties["n"] > 3')}`)).toHaveLength(2);
  const query = "project_id=1&from_date=2000-01-01&to_date=2099-01-01";
  const answer = await request(`${local.url}/api/2.0/export?${query}`, {
    headers: { authorization, "accept-encoding": "gzip" },
  });
  expect(answer.headers["content-encoding"]).toBe("gzip");
  const bytes = Buffer.from(await answer.body.arrayBuffer());
  expect(parseLines(gunzipSync(bytes).toString("utf8"))).toHaveLength(6);
});

test.each([
  ["from_date=2025-01-01", 400],
  ["from_date=2025-01-01&to_date=2024-01-01", 400],
  ["from_date=yesterday&to_date=2025-01-01", 400],
  ["from_date=2025-01-01&to_date=2025-01-02&limit=100001", 400],
  ["from_date=2025-01-01&to_date=2025-01-02&where=x", 400],
  ["from_date=2025-01-01&to_date=2025-01-02&limit=100000", 200],
])("export with %s answers %i in plain text", async (query, status) => {
  const local = await startLocal();
  const reply = await local.send(`/api/2.0/export?project_id=1&${query}`, { headers: { authorization } });
  expect(reply.status).toBe(status);
  expect(reply.headers["content-type"]).toContain("text/plain");
});

test("names, properties and values are counted, most frequent first", async () => {
  const local = await startLocal();
  await local.importEvents([
    makeEvent({ plan: "pro" }, "B"),
    makeEvent({ plan: "free" }, "A"),
    makeEvent({ plan: "pro" }, "A"),
    makeEvent({ plan: "pro", token: "secret" }, "A"),
  ]);
  const read = async (path: string) =>
    (await local.send(`/api/query/events/${path}&project_id=1`, { headers: { authorization } })).json();
  expect(await read("names?type=general")).toEqual(["A", "B"]);
  expect(await read("names?type=general&limit=1")).toEqual(["A"]);
  expect(await read("top?type=general")).toEqual({
    events: [
      { event: "A", amount: 3, percent_change: 0 },
      { event: "B", amount: 1, percent_change: 0 },
    ],
    type: "general",
  });
  expect(await read("properties/top?event=A&limit=50")).toMatchObject({ plan: { count: 3 } });
  expect(await read("properties/top?event=A&limit=50")).not.toHaveProperty("token");
  expect(await read("properties/values?event=A&name=plan")).toEqual(["pro", "free"]);
});
