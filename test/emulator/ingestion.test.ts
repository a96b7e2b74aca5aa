// `/track` and the request grammar it shares with `/engage` and `/groups`: every shape that an official SDK sends.
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { makeTracked, startLocal } from "./local.ts";

const FORM = { "content-type": "application/x-www-form-urlencoded" };
// `>>>` and `???` give `+` and `/` in base64.
const tracked = makeTracked({ note: ">>>???ü" });
const json = JSON.stringify([tracked]);
const base64 = Buffer.from(json).toString("base64");
const urlSafe = base64.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");

describe("every shape that SDKs send is read", () => {
  const shapes: readonly [string, string, { body?: string | Buffer; headers?: Record<string, string> }][] = [
    [
      "form, escaped base64",
      "/track/?ip=1&_=1",
      { body: `data=${encodeURIComponent(base64)}`, headers: FORM },
    ],
    ["form, base64 that was not escaped", "/track", { body: `data=${base64}`, headers: FORM }],
    ["form, escaped JSON", "/track/", { body: `data=${encodeURIComponent(json)}`, headers: FORM }],
    ["form without a type", "/track/", { body: `data=${encodeURIComponent(base64)}` }],
    [
      "beacon",
      "/track/",
      { body: `data=${encodeURIComponent(base64)}`, headers: { "content-type": "text/plain;charset=UTF-8" } },
    ],
    ["JSON list", "/track/?ip=1", { body: json, headers: { "content-type": "application/json" } }],
    [
      "JSON object",
      "/track",
      { body: JSON.stringify(tracked), headers: { "content-type": "application/json" } },
    ],
    [
      "gzip of JSON",
      "/track",
      { body: gzipSync(json), headers: { "content-type": "application/json", "content-encoding": "gzip" } },
    ],
    [
      "gzip of a whole form",
      "/track/",
      {
        body: gzipSync(`data=${encodeURIComponent(base64)}`),
        headers: { ...FORM, "content-encoding": "gzip" },
      },
    ],
    [
      "lines",
      "/track",
      { body: JSON.stringify(tracked), headers: { "content-type": "application/x-ndjson" } },
    ],
  ];
  test.each(shapes)("POST: %s", async (_, path, sent) => {
    const local = await startLocal();
    const reply = await local.send(path, { method: "POST", ...sent });
    expect(reply).toMatchObject({ status: 200, text: "1" });
    expect((await local.exported())[0]?.properties["note"]).toBe(">>>???ü");
  });

  test.each([
    ["base64", encodeURIComponent(base64)],
    ["url-safe base64", urlSafe],
    ["JSON", encodeURIComponent(json)],
  ])("GET: %s", async (_, data) => {
    const local = await startLocal();
    expect((await local.send(`/track?data=${data}`)).text).toBe("1");
    expect((await local.exported())[0]?.properties["note"]).toBe(">>>???ü");
  });
});

describe("the answer is what the sender asked for", () => {
  const data = encodeURIComponent(base64);
  test("verbose in the query or in the form gives JSON", async () => {
    const local = await startLocal();
    expect((await local.send(`/track?verbose=1&data=${data}`)).json()).toEqual({ error: null, status: 1 });
    const reply = await local.send("/track", {
      method: "POST",
      body: `data=${data}&verbose=1`,
      headers: FORM,
    });
    expect(reply.json()).toEqual({ error: null, status: 1 });
    expect((await local.send("/track?verbose=1&data=e30")).json()).toEqual({
      error: "event, missing",
      status: 0,
    });
    expect((await local.send("/track?data=e30")).text).toBe("0");
    expect((await local.send("/track?data=!!!")).text).toBe("0");
    expect((await local.send("/track")).text).toBe("0");
  });

  test("img=1 gives an image, callback a script; a callback that is no name is not obeyed", async () => {
    const local = await startLocal();
    const image = await local.send(`/track?img=1&data=${data}`);
    expect(image.headers["content-type"]).toBe("image/gif");
    const script = await local.send(`/track?callback=cb.done&data=${data}`);
    expect(script).toMatchObject({ status: 200, text: "cb.done(1);" });
    expect((await local.send(`/track?callback=alert(1)//&data=${data}`)).text).toBe("1");
  });

  test("a page on any origin may send with cookies, and its preflight is answered", async () => {
    const local = await startLocal();
    const headers = {
      origin: "https://shop.example",
      "access-control-request-headers": "authorization,traceparent",
    };
    const preflight = await local.send("/flags", { method: "OPTIONS", headers });
    expect(preflight.status).toBe(204);
    expect(preflight.headers).toMatchObject({
      "access-control-allow-origin": "https://shop.example",
      "access-control-allow-credentials": "true",
      "access-control-allow-headers": "authorization,traceparent",
    });
    const reply = await local.send(`/track/?data=${data}`, { headers });
    expect(reply.headers).toMatchObject({
      "access-control-allow-origin": "https://shop.example",
      "access-control-expose-headers": "retry-after",
      vary: "origin",
    });
  });

  test("GET / tells that it is the API", async () => {
    const local = await startLocal();
    expect((await local.send("/")).json()).toHaveProperty("error", expect.stringContaining("Welcome"));
    expect((await local.send("/trackk")).status).toBe(404);
  });
});

describe("/track checks each event for itself", () => {
  const day = 86_400_000;
  test.each([
    ["event, missing", { properties: { token: "t" } }],
    ["properties, missing", { event: "A" }],
    ["token, missing or empty", { event: "A", properties: {} }],
    ["token, invalid format", { event: "A", properties: { token: "not a token" } }],
    ["distinct_id, missing or empty", { event: "$identify", properties: { token: "t" } }],
    [
      "time, older than 5 days",
      { event: "A", properties: { token: "t", time: Date.now() - 5 * day - 60_000 } },
    ],
    ["data, not an object", 5],
  ])("%s", async (error, event) => {
    const local = await startLocal();
    expect((await local.track([event])).json()).toEqual({ error, status: 0 });
    expect(await local.exported()).toEqual([]);
  });

  test("2000 events are taken and 2001 are not", async () => {
    const local = await startLocal();
    const many = Array.from({ length: 2000 }, () => makeTracked());
    expect((await local.track(many)).json()).toEqual({ error: null, status: 1 });
    expect((await local.track([...many, makeTracked()])).json()).toMatchObject({ status: 0 });
    expect(await local.exported()).toHaveLength(2000);
  });

  test("any token is taken, and a time in the future becomes now", async () => {
    const local = await startLocal({ clock: { now: () => 1_800_000_000_000 } });
    await local.track([makeTracked({ token: "nobody_knows_me", time: 1_900_000_000 })]);
    const [event] = await local.exported();
    expect(event?.properties).toMatchObject({
      time: 1_800_000_000_000,
      mp_processing_time_ms: 1_800_000_000_000,
    });
    expect(event?.properties).not.toHaveProperty("token");
  });

  test("an event that says $ignore is dropped silently, unless the value is empty or false", async () => {
    const local = await startLocal();
    const events = [true, "bot", "", false].map(($ignore, n) => makeTracked({ $ignore, n }));
    expect((await local.track(events)).json()).toEqual({ error: null, status: 1 });
    expect((await local.exported()).map(({ properties }) => properties["n"])).toEqual([2, 3]);
  });

  test("without any id, ip=1 makes one of the address; without ip the id is empty", async () => {
    const local = await startLocal();
    const bare = { event: "A", properties: { token: "t" } };
    await local.track([bare], "ip=1");
    await local.track([bare], "ip=0");
    const ids = (await local.exported()).map(({ properties }) => properties["distinct_id"]);
    expect(ids).toEqual([expect.stringMatching(/^[0-9a-f]{36}$/), ""]);
  });
});

describe("where an event happened", () => {
  const CLIENT = { "x-forwarded-for": "81.2.69.142", "content-type": "application/json" };
  async function cityOf(path: string, properties: object): Promise<unknown> {
    const local = await startLocal();
    const body = JSON.stringify([
      { event: "A", properties: { token: "t", distinct_id: "u", ...properties } },
    ]);
    await local.send(path, { method: "POST", body, headers: CLIENT });
    return (await local.exported())[0]?.properties["$city"];
  }

  test("ip=1 is the sender's place whatever the event says; without it the event's own address counts; else there is none", async () => {
    const sender = await cityOf("/track?ip=1", {});
    expect(sender).toEqual(expect.any(String));
    expect(await cityOf("/track?ip=1", { ip: "10.0.0.1" })).toBe(sender);
    expect(await cityOf("/track?ip=0", { ip: "81.2.69.142" })).toBe(sender);
    expect(await cityOf("/track", { ip: "10.0.0.1" })).toBe("Data Centre City");
    expect(await cityOf("/track", {})).toBeUndefined();
  });
});
