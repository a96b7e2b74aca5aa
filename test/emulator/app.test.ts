// Lexicon, privacy requests, the unofficial data definitions, and what SDKs ask beside ingestion.
import { describe, expect, test } from "vitest";
import { setClock } from "../support/quiet.ts";
import { makeEvent, makeTracked, SERVICE_ACCOUNT, startLocal } from "./local.ts";

const authorization = SERVICE_ACCOUNT;
const bearer = { authorization: "Bearer person", "content-type": "application/json" };
const SCHEMAS = "/api/app/projects/1/schemas";

describe("Lexicon schemas", () => {
  const entry = (name: string, schemaJson: object, entityType = "event") => ({
    entityType,
    name,
    schemaJson,
  });
  const metadata = (own: object) => ({ "com.mixpanel": own });

  test("an absent metadata key keeps its value, null clears it", async () => {
    const local = await startLocal();
    const schema = {
      description: "Plays a song",
      properties: { title: { type: "string", metadata: metadata({ hidden: true }) } },
      metadata: metadata({ displayName: "Song played", tags: ["music"] }),
    };
    const first = await local.post(SCHEMAS, { entries: [entry("Song played", schema)], truncate: false });
    expect(first.json()).toEqual({ results: { added: 1, deleted: 0 }, status: "ok" });
    await local.post(`${SCHEMAS}/event/Song%20played`, {
      properties: { title: { type: "string", description: "Of the song" } },
      metadata: metadata({ tags: null, hidden: true }),
    });
    const { results } = (
      await local.send(`${SCHEMAS}/event/Song%20played`, { headers: { authorization } })
    ).json() as {
      results: unknown[];
    };
    expect(results).toEqual([
      entry("Song played", {
        properties: {
          title: { type: "string", description: "Of the song", metadata: metadata({ hidden: true }) },
        },
        metadata: metadata({ displayName: "Song played", hidden: true }),
      }),
    ]);
  });

  test("truncate replaces everything; delete takes one, a type, or all", async () => {
    const local = await startLocal();
    const put = (truncate: boolean, ...names: string[]) =>
      local.post(SCHEMAS, { entries: names.map((name) => entry(name, {})), truncate });
    const names = async (path = "") => {
      const { results } = (await local.send(`${SCHEMAS}${path}`, { headers: { authorization } })).json() as {
        results: { name: string }[];
      };
      return results.map(({ name }) => name);
    };
    await put(false, "A", "B");
    expect((await put(true, "C", "D", "E")).json()).toMatchObject({ results: { added: 3, deleted: 2 } });
    await local.post(`${SCHEMAS}/profile/$user`, { properties: { plan: { type: "string" } } });
    await local.post(`${SCHEMAS}/event/D`, {}, "DELETE");
    expect(await names()).toEqual(["C", "E", "$user"]);
    expect(await names("/event?entity_name=E")).toEqual(["E"]);
    const gone = await local.post(`${SCHEMAS}/event`, {}, "DELETE");
    expect(gone.json()).toEqual({ results: { delete_count: 2 }, status: "ok" });
    expect(await names()).toEqual(["$user"]);
  });

  test.each([
    ["an unknown metadata key", { metadata: metadata({ colour: "red" }) }],
    ["an unknown type", { properties: { a: { type: "date" } } }],
    ["metadata that is no object", { metadata: metadata([1]) }],
  ])("refuses %s, and then stores none of the request", async (_, schema) => {
    const local = await startLocal();
    const reply = await local.post(SCHEMAS, { entries: [entry("Good", {}), entry("Bad", schema)] });
    expect(reply).toMatchObject({ status: 400 });
    expect(reply.json()).toHaveProperty("status", "error");
    expect((await local.send(SCHEMAS, { headers: { authorization } })).json()).toMatchObject({ results: [] });
  });

  test("a profile cannot be dropped, another project cannot be reached, nobody gets nothing", async () => {
    const local = await startLocal();
    const dropped = entry("$user", { metadata: metadata({ dropped: true }) }, "profile");
    expect((await local.post(SCHEMAS, { entries: [dropped] })).status).toBe(400);
    expect((await local.post("/api/app/projects/2/schemas", { entries: [] })).status).toBe(403);
    expect((await local.send(SCHEMAS)).status).toBe(401);
    expect((await local.send("/api/app/me", { headers: { authorization } })).json()).toHaveProperty(
      "results.projects.1",
    );
  });
});

describe("privacy requests", () => {
  const LATENCY_MS = 3000;
  const deletions = "/api/app/data-deletions/v3.0";
  async function withData() {
    const clock = setClock();
    const local = await startLocal({ clock, switches: { deletion_latency_ms: String(LATENCY_MS) } });
    await local.importEvents([
      makeEvent({ time: clock.now(), distinct_id: "ada" }),
      makeEvent({ time: clock.now(), distinct_id: "bob" }),
    ]);
    await local.engage([{ $token: "t", $distinct_id: "ada", $set: { a: 1 } }]);
    const create = (path: string) =>
      local.send(`${path}?token=t`, {
        method: "POST",
        body: JSON.stringify({ distinct_ids: ["ada"], compliance_type: "GDPR" }),
        headers: bearer,
      });
    const status = async (path: string, id: string) =>
      (
        (await local.send(`${path}/${id}?token=t`, { headers: bearer })).json() as {
          results: { status: string };
        }
      ).results.status;
    return { clock, local, create, status };
  }
  const idOf = (reply: { json(): unknown }) =>
    (reply.json() as { results: { task_id: string } }).results.task_id;

  test("a deletion goes through its states with time, and what comes later stays", async () => {
    const { clock, local, create, status } = await withData();
    const created = await create(deletions);
    expect(created.status).toBe(201);
    const id = idOf(created);
    const seen = [await status(deletions, id)];
    await local.importEvents([makeEvent({ time: clock.now(), distinct_id: "ada", late: true })]);
    for (let third = 0; third < 3; third += 1) {
      expect(await local.exported()).toHaveLength(3);
      clock.advance(LATENCY_MS / 3);
      seen.push(await status(deletions, id));
    }
    expect(seen).toEqual(["PENDING", "STAGING", "STARTED", "SUCCESS"]);
    expect(
      (await local.exported()).map(({ properties }) => [properties["distinct_id"], properties["late"]]),
    ).toEqual([
      ["bob", undefined],
      ["ada", true],
    ]);
    expect(await local.profile("ada")).toBeUndefined();
  });

  test("a deletion can be called off until it has started", async () => {
    const { clock, local, create, status } = await withData();
    const [first, second] = [idOf(await create(deletions)), idOf(await create(deletions))];
    const cancel = (id: string) =>
      local.send(`${deletions}/${id}?token=t`, { method: "DELETE", headers: bearer });
    expect((await cancel(first)).status).toBe(204);
    expect(await status(deletions, first)).toBe("REVOKED");
    clock.advance((LATENCY_MS * 2) / 3);
    expect((await cancel(second)).status).toBe(405);
    expect((await cancel("unknown")).status).toBe(404);
  });

  test("a retrieval ends with an address where the data is", async () => {
    const { clock, local, create } = await withData();
    const path = "/api/app/data-retrievals/v3.0";
    const id = idOf(await create(path));
    clock.advance(LATENCY_MS);
    const { results } = (await local.send(`${path}/${id}?token=t`, { headers: bearer })).json() as {
      results: { result: string };
    };
    const { text } = await local.send(new URL(results.result).pathname);
    expect(text).toContain('"$distinct_id":"ada"');
    expect(text).toContain('"event":"Song played"');
    expect(text).not.toContain("bob");
  });

  test.each([
    ["a service account", { authorization }, { distinct_ids: ["a"] }, 401],
    ["no ids", bearer, { distinct_ids: [] }, 400],
    ["2000 ids", bearer, { distinct_ids: Array.from({ length: 2000 }, () => "a") }, 400],
    ["1999 ids", bearer, { distinct_ids: Array.from({ length: 1999 }, () => "a") }, 201],
    ["an unknown law", bearer, { distinct_ids: ["a"], compliance_type: "X" }, 400],
  ])("%s", async (_, headers, body, status) => {
    const local = await startLocal();
    const reply = await local.send(`${deletions}?token=t`, {
      method: "POST",
      body: JSON.stringify(body),
      headers,
    });
    expect(reply.status).toBe(status);
  });
});

describe("data definitions, which are not official", () => {
  const base = "/api/app/projects/1/data-definitions";
  test("are off unless switched on", async () => {
    const local = await startLocal();
    expect((await local.post(`${base}/events/`, {}, "PATCH")).status).toBe(404);
  });

  test("an event that is dropped is not ingested any more, and the list shows it", async () => {
    const local = await startLocal({ switches: { data_definitions: "on" } });
    await local.track([makeTracked({}, "Old")]);
    await local.post(`${base}/events/`, { name: "Old", dropped: true, tags: ["gone"] }, "PATCH");
    await local.track([makeTracked({}, "Old"), makeTracked({}, "New")]);
    expect((await local.exported()).map(({ event }) => event)).toEqual(["Old", "New"]);
    const list = await local.send(`${base}/events/?name[]=Old`, { headers: { authorization } });
    expect(list.json()).toMatchObject({
      status: "ok",
      results: [{ name: "Old", dropped: true, hidden: false, tags: ["gone"] }],
    });
    await local.post(
      `${base}/properties/`,
      { properties: [{ name: "plan", resourceType: "User", hidden: true }] },
      "PATCH",
    );
    expect(
      (await local.post(`${base}/properties/`, { name: "plan", resourceType: "user" }, "PATCH")).status,
    ).toBe(400);
    const properties = await local.send(`${base}/properties/?resourceType=User`, {
      headers: { authorization },
    });
    expect(properties.json()).toMatchObject({ results: [{ name: "plan", hidden: true }] });
  });

  test("a deletion of events hides them at once, later ones stay, and it can be undone; ten a month", async () => {
    const clock = setClock(Date.UTC(2026, 5, 15, 12));
    const local = await startLocal({ clock, switches: { data_definitions: "on" } });
    await local.importEvents([
      makeEvent({ time: clock.now() }),
      makeEvent({ time: clock.now() - 86_400_000 }),
      makeEvent({ time: clock.now() }, "Other"),
    ]);
    const request = { eventName: "Song played", fromDate: "2026-06-15", toDate: "2026-06-15" };
    await local.post(`${base}/events/deletion-requests/`, request);
    await local.importEvents([makeEvent({ time: clock.now(), late: true })]);
    expect(await local.exported()).toHaveLength(3);
    await local.post(`${base}/events/deletion-requests/1/`, {}, "DELETE");
    expect(await local.exported()).toHaveLength(4);
    for (let more = 0; more < 10; more += 1)
      expect((await local.post(`${base}/events/deletion-requests/`, request)).status).toBe(200);
    expect((await local.post(`${base}/events/deletion-requests/`, request)).status).toBe(400);
    expect(
      (await local.post(`${base}/events/deletion-requests/`, { ...request, fromDate: "2025-06-15" })).status,
    ).toBe(400);
  });
});

describe("deletions of events and drop filters, which are not official", () => {
  const base = "/api/app/projects/1/data-definitions/events";
  const DAY_MS = 86_400_000;

  test("a deletion can be undone for seven days, and after thirty the export shows nothing either", async () => {
    const clock = setClock(Date.UTC(2026, 5, 15, 12));
    const local = await startLocal({ clock, switches: { data_definitions: "on", export_deleted: "show" } });
    await local.importEvents([makeEvent({ time: clock.now() })]);
    const request = { eventName: "Song played", fromDate: "2026-06-15", toDate: "2026-06-15" };
    const statusOf = async () =>
      (
        (await local.send(`${base}/deletion-requests/`, { headers: { authorization } })).json() as {
          results: { status: string }[];
        }
      ).results.map(({ status }) => status);
    const preview = await local.post(`${base}/deletion-requests/preview-filters/`, request);
    expect(preview.json()).toEqual({ status: "ok", results: [] });
    expect(await statusOf()).toEqual([]);
    await local.post(`${base}/deletion-requests/`, request);
    clock.advance(7 * DAY_MS - 1);
    expect(await statusOf()).toEqual(["Submitted"]);
    clock.advance(1);
    expect(await statusOf()).toEqual(["Processing"]);
    expect((await local.post(`${base}/deletion-requests/`, { id: 1 }, "DELETE")).status).toBe(400);
    expect(await local.exported()).toHaveLength(1);
    clock.advance(23 * DAY_MS);
    expect(await statusOf()).toEqual(["Completed"]);
    expect(await local.exported()).toHaveLength(0);
  });

  test("a drop filter keeps out events with its value until it is off; fifteen a project", async () => {
    const local = await startLocal({ switches: { data_definitions: "on" } });
    const filter = {
      event_name: "Song played",
      filters: [{ property: "bot", op: "equals", value: true }],
    };
    const kept = async () => {
      await local.importEvents([makeEvent({ bot: true })]);
      return (await local.exported()).length;
    };
    expect((await local.post(`${base}/drop-filters/`, { event_name: "Song played" })).status).toBe(400);
    expect((await local.post(`${base}/drop-filters/`, filter)).json()).toEqual({
      status: "ok",
      results: [{ id: 1, ...filter, active: true }],
    });
    await local.importEvents([makeEvent({ bot: false }), makeEvent({ bot: true }, "Other")]);
    expect(await kept()).toBe(2);
    await local.post(`${base}/drop-filters/`, { id: 1, active: false }, "PATCH");
    expect(await kept()).toBe(3);
    expect((await local.post(`${base}/drop-filters/`, { id: 1 }, "DELETE")).json()).toEqual({
      status: "ok",
      results: [],
    });
    for (let more = 0; more < 15; more += 1)
      expect((await local.post(`${base}/drop-filters/`, filter)).status).toBe(200);
    expect((await local.post(`${base}/drop-filters/`, filter)).status).toBe(400);
    const limits = await local.send(`${base}/drop-filters/limits/`, { headers: { authorization } });
    expect(limits.json()).toEqual({ status: "ok", results: { filter_limit: 15 } });
  });
});

describe("what SDKs ask beside ingestion", () => {
  const token = { authorization: `Basic ${Buffer.from("token:").toString("base64")}` };
  test("flags and settings are empty until they are set, and need the token", async () => {
    const local = await startLocal();
    expect((await local.send("/flags/?context={}", { headers: token })).json()).toEqual({ flags: {} });
    expect((await local.send("/settings/", { headers: token })).json()).toEqual({
      sdk_config: { config: {} },
    });
    expect((await local.send("/flags/")).status).toBe(401);
    const flags = { checkout: { variant_key: "new", variant_value: true } };
    await local.post("/emulator/flags", { flags, pending_first_time_events: [{ flag_key: "checkout" }] });
    await local.post("/emulator/settings", { batch_size: 10 });
    expect((await local.send("/flags", { headers: token })).json()).toEqual({
      flags,
      pending_first_time_events: [{ flag_key: "checkout" }],
    });
    expect((await local.send("/flags/definitions", { headers: token })).json()).toEqual({
      flags: [flags.checkout],
    });
    expect((await local.send("/settings/", { headers: token })).json()).toEqual({
      sdk_config: { config: { batch_size: 10 } },
    });
    expect((await local.send("/flags/7/first-time-events", { method: "POST", headers: token })).status).toBe(
      200,
    );
  });

  test("replays are counted, and the answer is JSON", async () => {
    const local = await startLocal();
    expect(
      (await local.send("/record/?format=body", { method: "POST", body: "[{}]", headers: token })).json(),
    ).toEqual({});
    expect((await local.send("/emulator/stats")).json()).toMatchObject({ replayBytes: 4 });
    expect((await local.send("/decide")).json()).toEqual({});
  });

  test("a lookup table is replaced as CSV, once it exists", async () => {
    const local = await startLocal();
    const { id } = (await local.post("/emulator/lookup-tables", { name: "songs" })).json() as { id: string };
    const put = (to: string, body: string) =>
      local.send(`/lookup-tables/${to}?project_id=1`, {
        method: "PUT",
        body,
        headers: { authorization, "content-type": "text/csv" },
      });
    expect((await put(id, "id,title\n1,One\n2,Two\n")).json()).toEqual({ code: 200, status: "OK" });
    expect((await put(id, "id,title\n1,One\n,Two\n")).json()).toMatchObject({
      code: 400,
      failed_records: [{ index: 1 }],
    });
    expect((await put("unknown", "id\n1\n")).status).toBe(404);
    expect((await local.send("/lookup-tables?project_id=1", { headers: { authorization } })).json()).toEqual({
      code: 200,
      status: "OK",
      results: [{ id, name: "songs" }],
    });
  });
});
