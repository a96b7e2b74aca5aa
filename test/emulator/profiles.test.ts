// `/engage` and `/groups`: operators, modifiers, places, limits, and reading profiles back.
import { describe, expect, test } from "vitest";
import { setClock } from "../support/quiet.ts";
import { SERVICE_ACCOUNT, startLocal } from "./local.ts";

const quiet = { $token: "t", $distinct_id: "u", $ip: "0", $ignore_time: true };

describe("operators", () => {
  test("are applied one by one, in the order of the request", async () => {
    const local = await startLocal();
    const reply = await local.engage([
      { ...quiet, $set: { plan: "free", __proto__: undefined, gone: 1 } },
      { ...quiet, $set_once: { plan: "pro", first: "kept" } },
      { ...quiet, $add: { count: 2 } },
      { ...quiet, $add: { count: -5 } },
      { ...quiet, $append: { list: "a" } },
      { ...quiet, $append: { list: "a" } },
      { ...quiet, $union: { list: ["a", "b"], set: ["x"] } },
      { ...quiet, $remove: { list: "a" } },
      { ...quiet, $unset: ["gone"] },
    ]);
    expect(reply.json()).toEqual({ error: null, status: 1 });
    expect(await local.profile("u")).toEqual({
      plan: "free",
      first: "kept",
      count: -3,
      list: ["b"],
      set: ["x"],
    });
    expect((await local.send("/emulator/adds")).json()).toEqual({ u: { count: 2 } });
  });

  test("$unset and $remove make no profile, and $delete removes one while its events stay", async () => {
    const local = await startLocal();
    await local.engage([
      { ...quiet, $unset: ["a"] },
      { ...quiet, $remove: { a: 1 } },
    ]);
    expect(await local.profile("u")).toBeUndefined();
    await local.track([{ event: "A", properties: { token: "t", distinct_id: "u" } }]);
    await local.engage([
      { ...quiet, $set: { a: 1 } },
      { ...quiet, $delete: "" },
    ]);
    expect(await local.profile("u")).toBeUndefined();
    expect(await local.exported()).toHaveLength(1);
  });

  test.each([
    ["$token, missing or empty", { $distinct_id: "u", $set: {} }],
    ["$distinct_id, missing or empty", { $token: "t", $distinct_id: "", $set: {} }],
    ["operator, missing", { $token: "t", $distinct_id: "u" }],
    ["$add, values must be numbers", { ...quiet, $add: { n: "1" } }],
    ["$union, values must be lists", { ...quiet, $union: { n: 1 } }],
    ["$unset, must be a non-empty list of names", { ...quiet, $unset: [] }],
    ["$set, must be an object", { ...quiet, $set: 1 }],
  ])("refused with: %s", async (error, update) => {
    const local = await startLocal();
    const reply = await local.engage([update]);
    expect(reply).toMatchObject({ status: 200 });
    expect(reply.json()).toEqual({ error, status: 0 });
  });

  test("a property called __proto__ is a property like any other", async () => {
    const local = await startLocal();
    await local.send("/engage", {
      method: "POST",
      body: '[{"$token":"t","$distinct_id":"u","$ip":0,"$ignore_time":true,"$set":{"__proto__":{"x":1}}}]',
      headers: { "content-type": "application/json" },
    });
    expect(JSON.stringify(await local.profile("u"))).toBe('{"__proto__":{"x":1}}');
  });
});

describe("what the server writes by itself", () => {
  test("a server's write moves place and last-seen time, unless it says not to", async () => {
    const clock = setClock(Date.UTC(2026, 0, 2, 3, 4, 5));
    const local = await startLocal({ clock });
    const client = { "x-forwarded-for": "81.2.69.142", "content-type": "application/json" };
    const body = JSON.stringify([{ $token: "t", $distinct_id: "u", $set: { a: 1 } }]);
    await local.send("/engage?ip=1", { method: "POST", body, headers: client });
    const home = (await local.profile("u"))?.["$city"];
    expect(home).not.toBe("Data Centre City");
    clock.advance(60_000);
    await local.engage([{ ...quiet, $set: { a: 2 } }]);
    expect(await local.profile("u")).toMatchObject({ a: 2, $city: home, $last_seen: "2026-01-02T03:04:05" });
    await local.engage([{ $token: "t", $distinct_id: "u", $set: { a: 3 } }]);
    expect(await local.profile("u")).toMatchObject({
      $city: "Data Centre City",
      $last_seen: "2026-01-02T03:05:05",
    });
  });

  test.each([
    ["ip=0 in the query", "ip=0", {}, undefined],
    ["$ip of 0", "ip=1", { $ip: 0 }, undefined],
    ["$ip with an address, although the query says 0", "ip=0", { $ip: "10.0.0.1" }, "Data Centre City"],
  ])("%s", async (_, query, more, city) => {
    const local = await startLocal();
    await local.engage([{ $token: "t", $distinct_id: "u", ...more, $set: { a: 1 } }], query);
    expect((await local.profile("u"))?.["$city"]).toBe(city);
  });

  test("coordinates are looked up", async () => {
    const local = await startLocal();
    await local.engage([{ ...quiet, $latitude: 48.2, $longitude: 16.4, $set: {} }]);
    expect(await local.profile("u")).toMatchObject({
      $geo_source: "reverse_geocoding",
      $city: expect.any(String),
    });
  });
});

describe("limits", () => {
  test("2000 properties fit a profile, more are not added until some are removed", async () => {
    const local = await startLocal();
    const many = Object.fromEntries(Array.from({ length: 2001 }, (_, index) => [`p${index}`, index]));
    await local.engage([{ ...quiet, $set: many }]);
    expect(Object.keys((await local.profile("u")) ?? {})).toHaveLength(2000);
    await local.engage([
      { ...quiet, $unset: ["p0"] },
      { ...quiet, $set: { late: 1 } },
    ]);
    expect(await local.profile("u")).toHaveProperty("late", 1);
  });

  test("names are cut at 255 characters", async () => {
    const local = await startLocal();
    await local.engage([{ ...quiet, $set: { ["n".repeat(256)]: 1 } }]);
    expect(await local.profile("u")).toEqual({ ["n".repeat(255)]: 1 });
  });

  test("more profiles than the cap are 507 with what to do; known ones can still be written", async () => {
    const local = await startLocal({ switches: { profiles_max: "1" } });
    await local.engage([{ ...quiet, $set: { a: 1 } }]);
    const full = await local.engage([{ ...quiet, $distinct_id: "v", $set: { a: 1 } }]);
    expect(full.status).toBe(507);
    expect(full.text).toContain("profiles_max");
    expect((await local.engage([{ ...quiet, $set: { a: 2 } }])).json()).toMatchObject({ status: 1 });
  });

  test("2001 updates are refused whole", async () => {
    const local = await startLocal();
    const many = Array.from({ length: 2001 }, (_, index) => ({
      ...quiet,
      $distinct_id: `u${index}`,
      $set: {},
    }));
    expect((await local.engage(many)).json()).toMatchObject({ status: 0 });
    expect((await local.send("/emulator/stats")).json()).toMatchObject({ profiles: 0 });
  });
});

test("groups have profiles of their own, and fewer operators", async () => {
  const local = await startLocal();
  const group = { $token: "t", $group_key: "company", $group_id: "acme", $ip: "0", $ignore_time: true };
  const send = (update: object) => local.post("/groups?verbose=1", [update]);
  expect((await send({ ...group, $set: { seats: 3 } })).json()).toEqual({ error: null, status: 1 });
  expect((await send({ ...group, $add: { seats: 3 } })).json()).toMatchObject({ status: 0 });
  expect((await send({ ...group, $group_id: "" })).json()).toMatchObject({
    error: "$group_id, missing or empty",
  });
  const reply = await local.post("/api/query/engage?project_id=1", { data_group_id: "company" });
  expect(reply.json()).toMatchObject({ results: [{ $distinct_id: "acme", $properties: { seats: 3 } }] });
  expect(await local.profile("acme")).toBeUndefined();
});

describe("query", () => {
  async function withProfiles(count: number) {
    const local = await startLocal();
    for (let at = 0; at < count; at += 2000)
      await local.engage(
        Array.from({ length: Math.min(2000, count - at) }, (_, index) => ({
          ...quiet,
          $distinct_id: `u${at + index}`,
          $set: { n: at + index, plan: (at + index) % 2 === 0 ? "pro" : "free" },
        })),
      );
    const query = async (form: Record<string, string>) => {
      const reply = await local.send("/api/query/engage?project_id=1", {
        method: "POST",
        body: new URLSearchParams(form).toString(),
        headers: { authorization: SERVICE_ACCOUNT, "content-type": "application/x-www-form-urlencoded" },
      });
      return {
        status: reply.status,
        body: reply.json() as {
          results: { $distinct_id: string; $properties: object }[];
          session_id: string;
          total: number;
          error?: string;
        },
      };
    };
    return { local, query };
  }

  test("goes page by page through one session until a page is not full", async () => {
    const { query } = await withProfiles(2500);
    const first = (await query({})).body;
    expect(first).toMatchObject({ page: 0, page_size: 1000, status: "ok", total: 2500 });
    const ids = new Set(first.results.map((one) => one.$distinct_id));
    for (const page of ["1", "2"])
      for (const one of (await query({ session_id: first.session_id, page })).body.results)
        ids.add(one.$distinct_id);
    expect(ids.size).toBe(2500);
    expect((await query({ session_id: "unknown", page: "1" })).body.error).toBe(
      "request for page in uncached query for params",
    );
  });

  test("chooses by id and expression, and returns only the properties asked for", async () => {
    const { query } = await withProfiles(10);
    const chosen = await query({ distinct_ids: '["u1","u2","u3"]', output_properties: '["n","missing"]' });
    expect(chosen.body.results.map((one) => one.$properties)).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
    const pro = await query({ where: 'properties["plan"] == "pro" and properties["n"] > 5' });
    expect(pro.body.results.map((one) => one.$distinct_id)).toEqual(["u6", "u8"]);
    expect((await query({ where: "nonsense(" })).status).toBe(400);
    expect((await query({ filter_by_cohort: '{"id":1}' })).status).toBe(400);
  });

  test("needs a credential and the project", async () => {
    const local = await startLocal();
    expect((await local.send("/api/query/engage?project_id=1", { method: "POST" })).status).toBe(401);
    expect((await local.post("/api/query/engage", {})).status).toBe(400);
    expect((await local.post("/api/query/engage?project_id=9", {})).status).toBe(403);
  });
});
