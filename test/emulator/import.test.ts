// `/import`: what strict mode refuses and says, what is stored, who may send.
import { describe, expect, test } from "vitest";
import { makeEvent, SERVICE_ACCOUNT, startLocal } from "./local.ts";

const NDJSON = { "content-type": "application/x-ndjson" };

describe("strict import", () => {
  test("answers the number of events that were stored", async () => {
    const local = await startLocal();
    const reply = await local.importEvents([makeEvent(), makeEvent({ $insert_id: "insert-2" })]);
    expect(reply.status).toBe(200);
    expect(reply.json()).toEqual({ code: 200, num_records_imported: 2, status: "OK" });
  });

  test("a bad record is reported with index, id, field and message; the others are stored", async () => {
    const local = await startLocal();
    const reply = await local.importEvents([
      makeEvent({ $insert_id: "good" }),
      makeEvent({ $insert_id: "bad", time: "yesterday" }),
      makeEvent({ $insert_id: "fine" }),
    ]);
    expect(reply.status).toBe(400);
    expect(reply.json()).toEqual({
      code: 400,
      error: "some data points in the request failed validation",
      failed_records: [
        {
          index: 1,
          insert_id: "bad",
          field: "properties.time",
          message: "'properties.time' is invalid: must be specified as seconds since epoch",
        },
      ],
      num_records_imported: 2,
      status: "Bad Request",
    });
    expect((await local.exported()).map(({ properties }) => properties["$insert_id"])).toEqual([
      "good",
      "fine",
    ]);
  });

  const deep = { a: { b: { c: {} } } };
  test.each([
    ["a blank event", { event: " ", properties: {} }, "event"],
    ["no properties", { event: "A" }, "properties"],
    ["no time", makeEvent({ time: undefined }), "properties.time"],
    ["a time before 1971", makeEvent({ time: 31_535_999 }), "properties.time"],
    ["a time over an hour ahead", makeEvent({ time: Date.now() + 3_700_000 }), "properties.time"],
    ["no distinct id", makeEvent({ distinct_id: undefined }), "properties.distinct_id"],
    ["a forbidden distinct id", makeEvent({ distinct_id: "Undefined" }), "properties.distinct_id"],
    ["a distinct id that is a number", makeEvent({ distinct_id: 7 }), "properties.distinct_id"],
    ["no insert id", makeEvent({ $insert_id: undefined }), "$insert_id"],
    ["an insert id with a colon", makeEvent({ $insert_id: "a:b" }), "$insert_id"],
    ["an insert id of 37 characters", makeEvent({ $insert_id: "a".repeat(37) }), "$insert_id"],
    ["objects four levels deep", makeEvent({ deep }), "properties.deep"],
    ["a list of 255 items", makeEvent({ many: Array.from({ length: 255 }, () => 1) }), "properties.many"],
    [
      "lists hundreds of levels deep",
      makeEvent({ deep: JSON.parse(`${"[".repeat(500)}${"]".repeat(500)}`) }),
      "properties.deep",
    ],
    ["half a surrogate pair", makeEvent({ text: "\ud83d" }), "properties.text"],
    ["a record that is no object", 5, ""],
  ])("refuses %s", async (_, event, field) => {
    const local = await startLocal();
    const reply = await local.importEvents([event]);
    expect(reply.status).toBe(400);
    expect(reply.json()).toMatchObject({ failed_records: [{ index: 0, field }], num_records_imported: 0 });
  });

  test.each([
    ["a time in seconds", makeEvent({ time: 1_700_000_000 })],
    ["an empty distinct id", makeEvent({ distinct_id: "" })],
    ["a device id instead of a distinct id", makeEvent({ distinct_id: undefined, $device_id: "d" })],
    ["objects three levels deep", makeEvent({ deep: deep.a })],
    ["a list of 254 items", makeEvent({ many: Array.from({ length: 254 }, () => 1) })],
    ["an insert id of 36 characters", makeEvent({ $insert_id: "a".repeat(36) })],
  ])("takes %s", async (_, event) => {
    const local = await startLocal();
    expect((await local.importEvents([event])).status).toBe(200);
  });

  test("254 properties are taken and 255 are not", async () => {
    const local = await startLocal();
    const of = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`p${index}`, 1]));
    expect((await local.importEvents([makeEvent(of(250))])).status).toBe(200);
    expect((await local.importEvents([makeEvent(of(251))])).status).toBe(400);
  });

  test("bytes that are not UTF-8, and a line that is not JSON, fail alone", async () => {
    const local = await startLocal();
    const line = JSON.stringify(makeEvent({ text: "\u0001" })).replace("\\u0001", "\u0001");
    const bytes = Buffer.from(`${line.replace("\u0001", "@")}\n{"event":\n${JSON.stringify(makeEvent())}`);
    bytes[bytes.indexOf("@")] = 0xff;
    const reply = await local.send("/import?strict=1&project_id=1", {
      method: "POST",
      body: bytes,
      headers: { ...NDJSON, authorization: SERVICE_ACCOUNT },
    });
    expect(reply.json()).toMatchObject({
      failed_records: [
        { index: 0, message: "properties.text is invalid: string should be valid utf8" },
        { index: 1, field: "" },
      ],
      num_records_imported: 1,
    });
  });

  test("what is stamped and what is not kept", async () => {
    const local = await startLocal();
    await local.importEvents([makeEvent({ ip: "10.1.2.3", token: "t" })]);
    const [event] = await local.exported();
    expect(event?.properties).toMatchObject({
      $import: true,
      $city: "Data Centre City",
      mp_country_code: "ZZ",
    });
    expect(event?.properties).not.toHaveProperty("ip");
    expect(event?.properties).not.toHaveProperty("token");
  });

  test("without an address in the event the sender's is used, and ip 0 switches that off", async () => {
    const local = await startLocal();
    await local.importEvents([makeEvent({ ip: undefined }), makeEvent({ ip: 0 }), makeEvent({ ip: "0" })]);
    const cities = (await local.exported()).map(({ properties }) => properties["$city"]);
    expect(cities).toEqual(["Data Centre City", undefined, undefined]);
  });

  test("2000 events are taken, 2001 are not, and a body over the limit is 413 before it is unpacked", async () => {
    const local = await startLocal();
    const many = Array.from({ length: 2000 }, (_, index) => makeEvent({ $insert_id: `i${index}` }));
    expect((await local.importEvents(many)).status).toBe(200);
    expect((await local.importEvents([...many, makeEvent()])).status).toBe(400);
    const large = Array.from({ length: 12 }, () => makeEvent({ text: "x".repeat(900_000) }));
    const reply = await local.importEvents(large);
    expect(reply.json()).toEqual({
      code: 413,
      error: "request exceeds max limit of 10485760 bytes",
      status: "Request Entity Too Large",
    });
  });
});

describe("who may import", () => {
  const body = JSON.stringify(makeEvent());
  const as = (credential: string) => ({
    ...NDJSON,
    authorization: `Basic ${Buffer.from(credential).toString("base64")}`,
  });
  test.each([
    ["a service account with the project", "strict=1&project_id=1", as("anyone:secret"), 200],
    ["a service account without the project", "strict=1", as("anyone:secret"), 400],
    ["a service account with another project", "strict=1&project_id=2", as("anyone:secret"), 403],
    ["a token as user name", "strict=1", as("token:"), 200],
    ["nobody", "strict=1&project_id=1", NDJSON, 401],
    ["an old SDK without a credential", "ip=0", NDJSON, 200],
  ])("%s", async (_, query, headers, status) => {
    const local = await startLocal();
    expect((await local.send(`/import?${query}`, { method: "POST", body, headers })).status).toBe(status);
  });

  test("listed service accounts keep all others out", async () => {
    const local = await startLocal({ serviceAccounts: { robot: "right" } });
    const send = (credential: string) =>
      local.send("/import?strict=1&project_id=1", { method: "POST", body, headers: as(credential) });
    expect((await send("robot:right")).status).toBe(200);
    expect((await send("robot:wrong")).json()).toMatchObject({ code: 401, status: "Unauthorized" });
    expect((await send("__proto__:x")).status).toBe(401);
  });
});

test("store=swallow counts lines and keeps nothing", async () => {
  const local = await startLocal({ store: "swallow" });
  const reply = await local.importEvents([makeEvent(), makeEvent(), "anything"]);
  expect(reply.json()).toMatchObject({ num_records_imported: 3 });
  expect((await local.track([makeEvent({ token: "t" })])).json()).toMatchObject({ status: 1 });
  expect((await local.send("/emulator/stats")).json()).toMatchObject({ events: 4, store: "swallow" });
  expect((await local.send("/emulator/events")).status).toBe(409);
});

test("a body whose JSON is nested too deeply for anyone fails alone and breaks nothing", async () => {
  const local = await startLocal();
  const body = `${"[".repeat(200_000)}${"]".repeat(200_000)}`;
  const reply = await local.send("/import?strict=1&project_id=1", {
    method: "POST",
    body: `{"event":"A","properties":{"deep":${body}}}`,
    headers: { ...NDJSON, authorization: SERVICE_ACCOUNT },
  });
  expect(reply.status).toBe(400);
  expect((await local.importEvents([makeEvent()])).status).toBe(200);
});

test("a full store says so and how to go on", async () => {
  const local = await startLocal({ switches: { events_max: "2" } });
  expect((await local.importEvents([makeEvent(), makeEvent()])).status).toBe(200);
  const full = await local.importEvents([makeEvent()]);
  expect(full.status).toBe(507);
  expect(full.text).toContain("events_max");
  await local.post("/emulator/reset", {});
  expect((await local.importEvents([makeEvent()])).status).toBe(200);
});
