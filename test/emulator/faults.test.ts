// Bad days on demand: what a client of Mixpanel must live with, one fault at a time.
import { expect, test } from "vitest";
import { makeEvent, makeTracked, startLocal } from "./local.ts";

test("the next requests of a route meet a status, and others do not", async () => {
  const local = await startLocal();
  await local.fault({ route: "import", status: 429, count: 2, retryAfterSeconds: 7 });
  const first = await local.importEvents([makeEvent()]);
  expect(first).toMatchObject({ status: 429, headers: { "retry-after": "7" } });
  expect(first.json()).toMatchObject({ code: 429, status: "Too Many Requests" });
  expect((await local.track([makeTracked()])).status).toBe(200);
  expect((await local.importEvents([makeEvent()])).status).toBe(429);
  expect((await local.importEvents([makeEvent()])).status).toBe(200);
  expect(await local.exported()).toHaveLength(2);
  expect((await local.send("/emulator/stats")).json()).toMatchObject({
    requests: { import: { 200: 1, 429: 2 }, track: { 200: 1 } },
  });
});

test.each([401, 413, 502, 503])("status %i", async (status) => {
  const local = await startLocal();
  await local.fault({ status });
  expect((await local.importEvents([makeEvent()])).status).toBe(status);
  expect((await local.engage([])).status).toBe(status);
  await local.send("/emulator/faults", { method: "DELETE" });
  expect(await local.exported()).toEqual([]);
});

test("a cut before storing stores nothing, a cut after storing stores all; the sender cannot tell", async () => {
  const local = await startLocal();
  await local.fault([
    { route: "import", cut: "before", count: 1 },
    { route: "import", cut: "after", count: 1 },
  ]);
  await expect(local.importEvents([makeEvent({ n: 1 })])).rejects.toThrow("other side closed");
  await expect(local.importEvents([makeEvent({ n: 2 })])).rejects.toThrow("other side closed");
  expect((await local.exported()).map(({ properties }) => properties["n"])).toEqual([2]);
});

test("partial refuses the first records and stores the rest", async () => {
  const local = await startLocal();
  await local.fault({ partial: 2, count: 3 });
  const events = [1, 2, 3].map((n) => makeEvent({ n, $insert_id: `i${n}` }));
  const reply = await local.importEvents(events);
  expect(reply.json()).toMatchObject({
    code: 400,
    num_records_imported: 1,
    failed_records: [{ index: 0 }, { index: 1 }],
  });
  await local.track([makeTracked({ n: 4 }), makeTracked({ n: 5 }), makeTracked({ n: 6 })]);
  const update = { $token: "t", $distinct_id: "u", $ip: 0, $ignore_time: true };
  await local.engage([
    { ...update, $set: { a: 1 } },
    { ...update, $set: { b: 1 } },
    { ...update, $set: { c: 1 } },
  ]);
  expect((await local.exported()).map(({ properties }) => properties["n"])).toEqual([3, 6]);
  expect(await local.profile("u")).toEqual({ c: 1 });
});

test("a body of 0 with status 200 stores nothing", async () => {
  const local = await startLocal();
  await local.fault({ route: "track", body: "0", count: 1 });
  expect(await local.track([makeTracked()])).toMatchObject({ status: 200, text: "0" });
  expect(await local.exported()).toEqual([]);
});

test("a share of requests fails, the same ones for the same seed", async () => {
  async function pattern(seed: number): Promise<string> {
    const local = await startLocal();
    await local.fault({ route: "track", status: 503, rate: 0.5, seed });
    let seen = "";
    for (let at = 0; at < 40; at += 1)
      seen += (await local.track([makeTracked()])).status === 503 ? "x" : ".";
    return seen;
  }
  const first = await pattern(7);
  expect(await pattern(7)).toBe(first);
  expect(await pattern(8)).not.toBe(first);
  expect(first.split("x").length).toBeGreaterThan(10);
  expect(first.split(".").length).toBeGreaterThan(10);
});

test("a delay holds the answer back and then goes on", async () => {
  const local = await startLocal();
  await local.fault({ route: "track", delayMs: 120, count: 1 });
  const started = performance.now();
  expect((await local.track([makeTracked()])).status).toBe(200);
  expect(performance.now() - started).toBeGreaterThanOrEqual(110);
});

test.each([
  [{ route: "nowhere" }],
  [{ status: "503" }],
  [{ status: 99 }],
  [{ cut: "middle" }],
  [{ colour: "red" }],
  [5],
])("the fault %j is refused, and the answer says what is wrong", async (fault) => {
  const local = await startLocal();
  const reply = await local.fault(fault as object);
  expect(reply.status).toBe(400);
  expect(reply.json()).toMatchObject({
    status: "error",
    error: expect.stringContaining("Cannot read a fault"),
  });
  expect((await local.send("/emulator/faults")).json()).toEqual([]);
});
