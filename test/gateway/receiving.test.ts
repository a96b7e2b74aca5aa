// Every shape of mixpanel.com's wire format that a real SDK produces, and what each outcome answers.
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeMixpanelReceiver, MIXPANEL_ROUTES } from "../../src/gateway/index.ts";
import { base64, type Door, event, PAGE_ORIGIN, SDK_FILE, startDoor } from "../support/door.ts";

const FORM = { "content-type": "application/x-www-form-urlencoded" };
const JSON_TYPE = { "content-type": "application/json" };
/** Its base64 holds `+`, `/` and padding, which is where SDKs differ. */
const AWKWARD = event("Page left", { text: "ûÿ>?~ûÿ>?~ ü" });

let door: Door;
beforeAll(async () => {
  door = await startDoor({ trustedProxies: ["127.0.0.1", "10.0.0.0/8"] });
});
afterAll(() => door.close());

describe("shapes", () => {
  const shapes: Record<string, () => Parameters<Door["send"]>> = {
    "form, base64 percent-encoded (browser, ruby, android)": () => [
      "/track/",
      { headers: FORM, body: `data=${encodeURIComponent(base64([AWKWARD]))}` },
    ],
    "form, raw JSON percent-encoded (python)": () => [
      "/track",
      { headers: FORM, body: `data=${encodeURIComponent(JSON.stringify([AWKWARD]))}&verbose=1` },
    ],
    "form, base64 not percent-encoded (node batches)": () => [
      "/track",
      { headers: FORM, body: `data=${base64([AWKWARD])}` },
    ],
    "beacon: a form body as text/plain": () => [
      "/track/?ip=1",
      {
        headers: { "content-type": "text/plain;charset=UTF-8" },
        body: `data=${encodeURIComponent(base64([AWKWARD]))}`,
      },
    ],
    "JSON array (swift, go)": () => ["/track", { headers: JSON_TYPE, body: JSON.stringify([AWKWARD]) }],
    "JSON object": () => ["/track", { headers: JSON_TYPE, body: JSON.stringify(AWKWARD) }],
    "JSON without a content type": () => ["/track", { body: JSON.stringify([AWKWARD]) }],
    "JSON with a byte order mark": () => [
      "/track",
      { headers: JSON_TYPE, body: `\uFEFF${JSON.stringify([AWKWARD])}` },
    ],
    "gzip of JSON (swift)": () => [
      "/track/",
      { headers: { ...JSON_TYPE, "content-encoding": "gzip" }, body: gzipSync(JSON.stringify([AWKWARD])) },
    ],
    "gzip of the whole form (android)": () => [
      "/track/",
      {
        headers: { ...FORM, "content-encoding": "gzip" },
        body: gzipSync(`data=${encodeURIComponent(base64([AWKWARD]))}`),
      },
    ],
    "GET with base64 (node single)": () => [`/track?ip=0&data=${encodeURIComponent(base64(AWKWARD))}`],
    "GET with url-safe base64 for a pixel (ruby)": () => [
      `/track/?img=1&ip=1&data=${Buffer.from(JSON.stringify(AWKWARD)).toString("base64url")}`,
    ],
    "under a path prefix": () => ["/_mp/api/track/", { headers: JSON_TYPE, body: JSON.stringify([AWKWARD]) }],
    "lines of JSON to import, token as Basic user name": () => [
      "/import?strict=1&project_id=1",
      {
        headers: {
          "content-type": "application/x-ndjson",
          "content-encoding": "gzip",
          authorization: `Basic ${Buffer.from("web_token:").toString("base64")}`,
        },
        body: gzipSync(
          `${JSON.stringify({ event: AWKWARD.event, properties: { ...AWKWARD.properties, token: undefined, time: Date.now() } })}\n\n`,
        ),
      },
    ],
  };

  test.each(Object.keys(shapes))("%s", async (name) => {
    const answer = await door.send(...(shapes[name]?.() ?? [""]));
    const items = door.items();
    expect(answer.status).toBe(200);
    expect(items).toHaveLength(1);
    expect(items[0]).toMatchObject({
      kind: "event",
      token: "web_token",
      event: "Page left",
      properties: { text: "ûÿ>?~ûÿ>?~ ü", distinct_id: "d1" },
    });
  });

  test("profile updates keep their operators and modifiers; group updates their key", async () => {
    const update = { $token: "web_token", $distinct_id: 7, $ip: "0", $set: { a: 1 }, $add: { b: 2 } };
    await door.send("/engage/", { headers: FORM, body: `data=${encodeURIComponent(base64([update]))}` });
    await door.send("/groups", {
      headers: JSON_TYPE,
      body: JSON.stringify([
        { $token: "web_token", $group_key: "company", $group_id: "acme", $set: { seats: 1 } },
      ]),
    });
    expect(door.items()).toEqual([
      {
        kind: "profile",
        token: "web_token",
        groupKey: undefined,
        id: "7",
        operations: [
          { operation: "$set", value: { a: 1 } },
          { operation: "$add", value: { b: 2 } },
        ],
        modifiers: { $ip: "0" },
      },
      expect.objectContaining({ groupKey: "company", id: "acme" }),
    ]);
  });

  test("routes can be renamed, since blockers match paths", async () => {
    const renamed = await startDoor({
      receivers: [makeMixpanelReceiver({ routes: { ...MIXPANEL_ROUTES, track: ["track", "t4k"] } })],
    });
    const answer = await renamed.send("/x/t4k/?verbose=1", {
      headers: JSON_TYPE,
      body: JSON.stringify([event()]),
    });
    expect(answer.text).toBe('{"error":null,"status":1}');
    expect(renamed.items()).toHaveLength(1);
    await renamed.close();
  });
});

describe("answers", () => {
  const post = (path: string, body: unknown) =>
    door.send(path, { headers: JSON_TYPE, body: typeof body === "string" ? body : JSON.stringify(body) });

  test("accepted: exactly 200, 1 or verbose, also when the form says verbose", async () => {
    expect(await post("/track", [event()])).toMatchObject({ status: 200, text: "1" });
    expect(await post("/track?verbose=1", [event()])).toMatchObject({ text: '{"error":null,"status":1}' });
    const form = await door.send("/track", { headers: FORM, body: `data=${base64([event()])}&verbose=1` });
    expect(form.text).toBe('{"error":null,"status":1}');
  });

  test("malformed: 200 and 0, with the reason where it was asked for", async () => {
    expect(await post("/track", "{not json")).toMatchObject({ status: 200, text: "0" });
    expect(await post("/track?verbose=1", [{ properties: { token: "web_token" } }])).toMatchObject({
      status: 200,
      text: '{"error":"event, missing","status":0}',
    });
    expect(await post("/track?verbose=1", [{ event: "x", properties: {} }])).toMatchObject({
      text: '{"error":"token, missing or empty","status":0}',
    });
    expect(await post("/engage?verbose=1", [{ $token: "web_token", $set: {} }])).toMatchObject({
      text: '{"error":"$distinct_id, missing or empty","status":0}',
    });
  });

  test("one good item makes a batch good, and all of it is kept", async () => {
    door.records();
    expect(await post("/track", [event(), { event: "", properties: { token: "web_token" } }])).toMatchObject({
      text: "1",
    });
    expect(door.items().map(({ kind }) => kind)).toEqual(["event", "malformed"]);
  });

  test("an unknown token is answered like a known one, kept nowhere and counted", async () => {
    door.records();
    expect(await post("/track", [event("x", { token: "nobody" })])).toMatchObject({ status: 200, text: "1" });
    expect(door.records()).toEqual([]);
    expect(door.metrics.value("plumbline_refused_total", { reason: "unknown-token" })).toBeGreaterThan(0);
    const strict = await door.send("/import?strict=1", {
      headers: { ...JSON_TYPE, authorization: `Basic ${Buffer.from("nobody:").toString("base64")}` },
      body: JSON.stringify([event("x", { token: undefined })]),
    });
    expect(strict.status).toBe(401);
  });

  test("an empty batch is accepted and keeps nothing", async () => {
    door.records();
    expect(await post("/track", [])).toMatchObject({ status: 200, text: "1" });
    expect(door.records()).toEqual([]);
  });

  test("strict import names each failed record", async () => {
    const good = {
      event: "a",
      properties: { token: "web_token", time: Date.now(), distinct_id: "d", $insert_id: "1" },
    };
    const answer = await post("/import?strict=1", [
      good,
      { event: "b", properties: { token: "web_token", $insert_id: "2" } },
    ]);
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.text)).toMatchObject({
      code: 400,
      num_records_imported: 1,
      failed_records: [{ index: 1, insert_id: "2", field: "properties.time" }],
    });
  });

  test("a pixel is an image, and a callback is called", async () => {
    const query = `data=${encodeURIComponent(base64(event()))}`;
    expect((await door.send(`/track?img=1&${query}`)).headers["content-type"]).toBe("image/gif");
    const jsonp = await door.send(`/track?callback=mp.cb&${query}`);
    expect(jsonp).toMatchObject({ text: "mp.cb(1);", headers: { "content-type": "text/javascript" } });
    expect((await door.send(`/track?callback=alert(1)//&${query}`)).text).toBe("1");
  });

  test("never redirects, and says what it is where nothing is", async () => {
    expect(await door.send("/nowhere")).toMatchObject({ status: 404 });
    expect(await door.send("/")).toMatchObject({ status: 200, text: '{"name":"plumbline"}' });
  });
});

describe("the plain JSON receiver", () => {
  const send = (body: unknown, token = "api_token") =>
    door.send("/v1/events", {
      headers: { ...JSON_TYPE, authorization: `Bearer ${token}` },
      body: typeof body === "string" ? body : JSON.stringify(body),
    });

  test("answers for each item, and keeps what is well formed", async () => {
    door.records();
    const answer = await send([
      {
        event: "Order completed",
        distinct_id: "u1",
        time: "2026-11-23T10:00:00Z",
        properties: { total: 1 },
        insert_id: "i",
      },
      { event: "" },
      { event: "x", time: "yesterday" },
    ]);
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.text)).toEqual({
      results: [
        { index: 0, status: "accepted" },
        { index: 1, status: "malformed", error: "event is missing or not a string", field: "event" },
        {
          index: 2,
          status: "malformed",
          error: "time is neither a number nor an ISO 8601 date",
          field: "time",
        },
      ],
    });
    expect(door.items()[0]).toEqual({
      kind: "event",
      token: "api_token",
      event: "Order completed",
      properties: { total: 1, distinct_id: "u1", time: Date.UTC(2026, 10, 23, 10), $insert_id: "i" },
    });
  });

  test("tells a server what is wrong by its status", async () => {
    expect((await send("{")).status).toBe(400);
    expect((await send({ event: "x" })).status).toBe(400);
    expect((await send([{ event: "x" }], "nobody")).status).toBe(401);
  });
});

describe("browsers", () => {
  const fromPage = { origin: PAGE_ORIGIN };

  test("a listed origin may read the answer, with credentials, by its exact name", async () => {
    const answer = await door.send("/track/", {
      headers: { ...FORM, ...fromPage },
      body: `data=${base64([event()])}`,
    });
    expect(answer.headers).toMatchObject({
      "access-control-allow-origin": PAGE_ORIGIN,
      "access-control-allow-credentials": "true",
      "access-control-expose-headers": "Retry-After",
      vary: "Origin",
    });
  });

  test("preflight lets through the headers that SDK requests add", async () => {
    const answer = await door.send("/flags/", { method: "OPTIONS", headers: fromPage });
    expect(answer.status).toBe(204);
    expect(answer.headers["access-control-allow-headers"]).toContain("authorization");
    expect(answer.headers["access-control-allow-headers"]).toContain("traceparent");
    expect(answer.headers["access-control-max-age"]).toBe("86400");
  });

  test("another origin gets no headers, and nothing of it is kept", async () => {
    door.records();
    const headers = { ...FORM, origin: "https://evil.example" };
    const answer = await door.send("/track/", { headers, body: `data=${base64([event()])}` });
    expect(answer.headers["access-control-allow-origin"]).toBeUndefined();
    expect(
      (await door.send("/track/", { method: "OPTIONS", headers })).headers["access-control-allow-origin"],
    ).toBeUndefined();
    expect(door.records()).toEqual([]);
  });

  test("a page on the gateway's own host is not foreign, also behind a proxy that says so", async () => {
    door.records();
    const own = door.url;
    await door.send("/track/", { headers: { ...FORM, origin: own }, body: `data=${base64([event()])}` });
    await door.send("/track/", {
      headers: { ...FORM, origin: "https://www.example", "x-forwarded-host": "www.example" },
      body: `data=${base64([event()])}`,
    });
    expect(door.records()).toHaveLength(2);
  });

  test("the SDK's file comes first-party: compressed, cacheable, by its tag", async () => {
    const plain = await door.send("/lib.min.js");
    expect(plain.text).toBe(SDK_FILE.toString());
    const packed = await door.send("/_mp/libs/lib.min.js", { headers: { "accept-encoding": "gzip, br" } });
    expect(packed.headers["content-encoding"]).toBe("br");
    const again = await door.send("/lib.min.js", {
      headers: { "if-none-match": String(plain.headers["etag"]) },
    });
    expect(again).toMatchObject({ status: 304, text: "" });
  });

  test("flags, settings and recordings get answers that the SDK takes for success", async () => {
    expect((await door.send("/flags/?context=%7B%7D")).text).toBe('{"flags":{}}');
    expect((await door.send("/flags/definitions")).text).toBe('{"flags":[]}');
    expect((await door.send("/settings/?sdk_config=1")).text).toBe('{"sdk_config":{"config":{}}}');
    expect((await door.send("/record/", { method: "POST", body: "x" })).text).toBe("{}");
  });
});

describe("session recordings", () => {
  test("are passed on for known sources from their own pages, and for nobody else", async () => {
    const passing = await startDoor({
      record: (request, response) => {
        request.resume();
        response.end("passed on");
        return Promise.resolve();
      },
    });
    const send = (token: string, origin: string) =>
      passing.send("/record/?seq=0", {
        headers: { authorization: `Basic ${Buffer.from(`${token}:`).toString("base64")}`, origin },
        body: "x",
      });
    expect(await send("web_token", PAGE_ORIGIN)).toMatchObject({
      text: "passed on",
      headers: { "access-control-allow-origin": PAGE_ORIGIN },
    });
    expect((await send("nobody", PAGE_ORIGIN)).text).toBe("{}");
    expect((await send("web_token", "https://evil.example")).text).toBe("{}");
    await passing.close();
  });
});

describe("client address", () => {
  const addressFor = async (forwardedFor: string, send = door) => {
    send.records();
    await send.send("/track", {
      headers: { ...JSON_TYPE, "x-forwarded-for": forwardedFor },
      body: JSON.stringify([event()]),
    });
    return send.records()[0]?.header.clientAddress;
  };

  test("is the right-most hop that is not a configured proxy", async () => {
    expect(await addressFor("6.6.6.6, 203.0.113.9, 10.1.2.3")).toBe("203.0.113.9");
    expect(await addressFor("::ffff:203.0.113.9")).toBe("203.0.113.9");
    expect(await addressFor("2001:db8::1")).toBe("2001:db8::1");
  });

  test("is empty where the proxy says something that is no address", async () => {
    expect(await addressFor("unknown")).toBe("");
  });

  test("headers of a client that is no proxy are not believed", async () => {
    const direct = await startDoor();
    expect(await addressFor("6.6.6.6", direct)).toBe("127.0.0.1");
    const spoofed = await direct.send("/track/", {
      headers: { ...FORM, origin: "https://evil.example", "x-forwarded-host": "evil.example" },
      body: `data=${base64([event()])}`,
    });
    expect(spoofed.status).toBe(200);
    expect(direct.records()).toEqual([]);
    await direct.close();
  });
});
