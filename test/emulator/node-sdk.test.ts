// The official node SDK, unchanged, straight to the local Mixpanel: what it calls success is success here.
import Mixpanel from "mixpanel";
import { expect, test } from "vitest";
import { type Local, startLocal } from "./local.ts";

/** Turns the SDK's callback into a promise that rejects with its error. */
function call(start: (done: (error?: Error | Error[]) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    start((error) => {
      const first = Array.isArray(error) ? error[0] : error;
      if (first) reject(first);
      else resolve();
    });
  });
}

function connect(local: Local, more: object = {}): Mixpanel.Mixpanel {
  // `key` is what lets the SDK import over plain http; its type does not know it.
  return Mixpanel.init("node_token", {
    protocol: "http",
    host: new URL(local.url).host,
    key: "legacy",
    ...more,
  } as object);
}

test.each([[{ verbose: false }], [{ verbose: true }]])(
  "events one by one and in batches, with %j",
  async (config) => {
    const local = await startLocal();
    const mixpanel = connect(local, config);
    await call((done) => mixpanel.track("Single", { distinct_id: "ada", note: ">>>???ü" }, done));
    const many = Array.from({ length: 120 }, (_, n) => ({
      event: "Batched",
      properties: { distinct_id: "ada", n, note: ">>>???" },
    }));
    await call((done) => mixpanel.track_batch(many, done));
    const events = await local.exported();
    expect(events).toHaveLength(121);
    expect(events[0]?.properties).toMatchObject({ note: ">>>???ü", mp_lib: "node", distinct_id: "ada" });
    expect(events[0]?.properties).not.toHaveProperty("$city");
  },
);

test("import of old events, one and many", async () => {
  const local = await startLocal();
  const mixpanel = connect(local);
  const time = new Date("2020-02-03T04:05:06Z");
  await call((done) => mixpanel.import("Old", time, { distinct_id: "ada" }, done));
  const many = Array.from({ length: 60 }, (_, n) => ({
    event: "Older",
    properties: { distinct_id: "ada", time, n },
  }));
  await call((done) => mixpanel.import_batch(many, done));
  const events = await local.exported();
  expect(events).toHaveLength(61);
  expect(events.every(({ properties }) => properties["time"] === time.getTime())).toBe(true);
});

test("people: every operator, and the modifiers", async () => {
  const local = await startLocal();
  const { people } = connect(local);
  const quiet = { $ignore_time: true, $ip: "0" };
  await call((done) => people.set("ada", { plan: "free", gone: 1 }, quiet, done));
  await call((done) => people.set_once("ada", { plan: "pro", first: 1 }, quiet, done));
  await call((done) => people.increment("ada", { count: 3 }, quiet, done));
  await call((done) => people.append("ada", { list: "a" }, quiet, done));
  await call((done) => people.union("ada", { list: ["a", "b"] }, quiet, done));
  await call((done) => people.remove("ada", { list: "a" }, quiet, done));
  await call((done) => people.unset("ada", "gone", quiet, done));
  expect(await local.profile("ada")).toEqual({ plan: "free", first: 1, count: 3, list: ["b"] });
  await call((done) => people.delete_user("ada", quiet, done));
  expect(await local.profile("ada")).toBeUndefined();
});

test("groups, alias, and an error that the SDK reports", async () => {
  const local = await startLocal({ switches: { identity: "original" } });
  const mixpanel = connect(local);
  await call((done) => mixpanel.groups.set("company", "acme", { seats: 3 }, done));
  await call((done) => mixpanel.alias("ada", "ada-old", done));
  await call((done) => mixpanel.track("A", { distinct_id: "ada-old" }, done));
  const reply = await local.post("/api/query/engage?project_id=1", { data_group_id: "company" });
  expect(reply.json()).toMatchObject({ results: [{ $distinct_id: "acme", $properties: { seats: 3 } }] });
  expect((await local.exported("&event=A"))[0]?.properties["distinct_id"]).toBe("ada");
  await local.fault({ route: "track", body: "0", count: 1 });
  await expect(call((done) => mixpanel.track("A", { distinct_id: "ada" }, done))).rejects.toThrow(
    "Mixpanel Server Error: 0",
  );
});
