// What hostile or broken clients send: the gateway answers in order, holds no more than its limits, and goes on serving others.
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { Agent } from "undici";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { makeJsonReceiver, makeMixpanelReceiver, RAW_LOG } from "../../src/gateway/index.ts";
import type { RawRecord } from "../../src/gateway/raw-record.ts";
import { eventually } from "../support/emulator-client.ts";
import { base64, type Door, event, startDoor } from "../support/door.ts";

const FORM = { "content-type": "application/x-www-form-urlencoded" };
const JSON_TYPE = { "content-type": "application/json" };
const BODY_MAX = 1 * 2 ** 20;
const MIB = 2 ** 20;

let door: Door;
beforeAll(async () => {
  door = await startDoor({
    receivers: [makeJsonReceiver(), makeMixpanelReceiver({ bodyMaxBytes: BODY_MAX })],
  });
});
afterAll(() => door.close());
/** Whatever came before, an honest client is served. */
afterEach(async () => {
  door.records();
  expect(await door.send("/track", { headers: JSON_TYPE, body: JSON.stringify([event()]) })).toMatchObject({
    status: 200,
    text: "1",
  });
  expect(door.items()).toHaveLength(1);
});

async function open({ url } = door): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.on("error", () => undefined);
  await once(socket, "connect");
  return socket;
}

async function readAll(socket: Socket): Promise<string> {
  let text = "";
  socket.setEncoding("latin1").on("data", (chunk: string) => {
    text += chunk;
  });
  await once(socket, "close");
  return text;
}

const track = (body: string | Buffer, headers: Record<string, string> = JSON_TYPE) =>
  door.send("/track/?verbose=1", { headers, body });

describe("bodies", () => {
  test("larger than the limit, announced: 413 before it is read", async () => {
    const socket = await open();
    socket.write(`POST /track HTTP/1.1\r\nhost: x\r\ncontent-length: ${BODY_MAX + 1}\r\n\r\n`);
    const text = await readAll(socket);
    expect(text).toMatch(/^HTTP\/1\.1 413 /);
    expect(text).toContain(String(BODY_MAX));
    expect(door.records()).toEqual([]);
  });

  test("larger than the limit, in chunks without an announced length: 413", async () => {
    const socket = await open();
    const answered = readAll(socket);
    socket.write("POST /track HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n");
    const chunk = "x".repeat(64 * 1024);
    for (let sent = 0; sent < BODY_MAX + chunk.length && socket.writable; sent += chunk.length)
      socket.write(`${chunk.length.toString(16)}\r\n${chunk}\r\n`);
    expect(await answered).toMatch(/^HTTP\/1\.1 413 /);
    expect(door.records()).toEqual([]);
  });

  test.each([
    ["gzip", gzipSync],
    ["deflate", deflateSync],
    ["br", brotliCompressSync],
  ] as const)("a %s bomb is not unpacked beyond the limit", async (encoding, pack) => {
    const bomb = pack(Buffer.alloc(100 * MIB, " "));
    const before = process.memoryUsage().arrayBuffers;
    const answer = await track(bomb, { ...JSON_TYPE, "content-encoding": encoding });
    expect(answer.status).toBe(413);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * MIB);
    expect(door.records()).toEqual([]);
  });

  test("compressed data that is none, and an encoding that nobody knows", async () => {
    const wrong = await track("not gzip", { ...JSON_TYPE, "content-encoding": "gzip" });
    const unknown = await track("[]", { ...JSON_TYPE, "content-encoding": "zstd" });
    expect(wrong).toMatchObject({
      status: 200,
      text: '{"error":"body is not what its encoding says","status":0}',
    });
    expect(unknown).toMatchObject({
      status: 200,
      text: '{"error":"content encoding is not supported","status":0}',
    });
    const cut = gzipSync(JSON.stringify([event()]));
    expect(
      (await track(cut.subarray(0, cut.length - 12), { ...JSON_TYPE, "content-encoding": "gzip" })).text,
    ).toContain('"status":0');
  });

  test.each([
    ["bad base64", "data=%%%"],
    ["base64 of no JSON", `data=${Buffer.from("hello").toString("base64")}`],
    ["a form without data", "verbose=1&x=y"],
    ["nothing", ""],
    ["a lone percent sign", "data=%"],
  ])("%s is malformed, not an error", async (_, body) => {
    const answer = await track(body, FORM);
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.text)).toMatchObject({ status: 0 });
    expect(door.records()).toEqual([]);
  });

  test.each([
    ["a stray continuation byte", Buffer.from([0x80])],
    ["an overlong slash", Buffer.from([0xc0, 0xaf])],
    ["a surrogate in UTF-8", Buffer.from([0xed, 0xa0, 0x80])],
    ["a cut sequence", Buffer.from([0xf0, 0x9f, 0x98])],
  ])("bad UTF-8, %s: malformed", async (_, bytes) => {
    const body = Buffer.concat([
      Buffer.from('[{"event":"'),
      bytes,
      Buffer.from('","properties":{"token":"web_token"}}]'),
    ]);
    expect(JSON.parse((await track(body)).text)).toMatchObject({ error: "data, not UTF-8", status: 0 });
  });
});

describe("JSON", () => {
  test("nested a million times", async () => {
    const deep = `[{"event":"x","properties":{"token":"web_token","a":${"[".repeat(400_000)}${"]".repeat(400_000)}}}]`;
    expect(JSON.parse((await track(deep)).text)).toMatchObject({ status: 0 });
    expect(door.records()).toEqual([]);
  });

  test("a million members", async () => {
    const big = await startDoor();
    const members = Array.from({ length: 600_000 }, (_, index) => `"k${index}":1`).join(",");
    const answer = await big.send("/track", {
      headers: JSON_TYPE,
      body: `[{"event":"x","properties":{"token":"web_token",${members}}}]`,
    });
    expect(answer).toMatchObject({ status: 200, text: "0" });
    expect(big.records()).toEqual([]);
    await big.close();
  });

  test("__proto__, constructor and prototype are names like others, and change nothing else", async () => {
    const body = `[{"event":"Page left","properties":{"token":"web_token","distinct_id":"d","__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}},
      {"__proto__":{"event":"x"},"properties":{"token":"web_token"}}]`;
    expect((await track(body)).status).toBe(200);
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
    const items = door.items();
    expect(items.map(({ kind }) => kind)).toEqual(["event", "malformed"]);
  });

  test("a token, name or id that is no string", async () => {
    const odd = [{ toString: "x" }, ["web_token"], Number.MAX_VALUE, null, true];
    for (const value of odd) {
      const answer = await track(
        JSON.stringify([
          { event: value, properties: { token: "web_token" } },
          { event: "x", properties: { token: value } },
        ]),
      );
      expect(answer.status).toBe(200);
    }
  });

  test("keys and values of a megabyte are kept whole or refused, never cut", async () => {
    const key = "k".repeat(300_000);
    await track(JSON.stringify([event("x", { [key]: "v".repeat(300_000) })]));
    const [item] = door.items();
    expect(item?.kind === "event" && String(item.properties[key]).length).toBe(300_000);
  });

  test("more items than a request may have", async () => {
    const door2 = await startDoor();
    const tiny = Array.from({ length: 2001 }, () => ({ event: "x", properties: { token: "web_token" } }));
    const answer = await door2.send("/track?verbose=1", { headers: JSON_TYPE, body: JSON.stringify(tiny) });
    expect(JSON.parse(answer.text)).toEqual({ error: "data, more than 2000 items", status: 0 });
    expect(
      (await door2.send("/track", { headers: JSON_TYPE, body: JSON.stringify(tiny.slice(1)) })).text,
    ).toBe("1");
    expect(door2.items()).toHaveLength(2000);
    await door2.close();
  });
});

describe("connections", () => {
  test("headers that never end are cut, and so is a body that drips; nothing of it is kept", async () => {
    const hasty = await startDoor({ limits: { headersTimeoutMs: 400, requestTimeoutMs: 600 } });
    const socket = await open(hasty);
    socket.write("POST /track HTTP/1.1\r\nhost: x\r\n");
    expect(await readAll(socket)).toMatch(/^HTTP\/1\.1 408 /);
    const slow = await open(hasty);
    slow.write("POST /track HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\ndata=");
    const drip = setInterval(() => slow.write("x"), 100);
    await readAll(slow);
    clearInterval(drip);
    expect(hasty.records()).toEqual([]);
    await hasty.close();
  });

  test("a client that goes away in the middle of a body leaves nothing behind", async () => {
    const socket = await open();
    socket.write("POST /track HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\ndata=abc");
    socket.destroy();
    await eventually(
      () => Promise.resolve(door.metrics.value("plumbline_refused_total", { reason: "aborted" })),
      (count) => count > 0,
      { what: "an aborted request" },
    );
    expect(door.records()).toEqual([]);
  });

  test("something that is no HTTP gets 400", async () => {
    const socket = await open();
    const answered = readAll(socket);
    socket.write("\x16\x03\x01 hello\r\n\r\n");
    expect(await answered).toMatch(/^HTTP\/1\.1 400 /);
  });

  test("a length and chunks at once (request smuggling) get 400", async () => {
    const socket = await open();
    const answered = readAll(socket);
    socket.write(
      "POST /track HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    );
    expect(await answered).toMatch(/^HTTP\/1\.1 400 /);
  });

  test("headers above 16 KiB get 431", async () => {
    const socket = await open();
    const answered = readAll(socket);
    // Little more than the limit: what is still unread when the server closes would reset the connection and its answer.
    socket.write(`POST /track HTTP/1.1\r\nhost: x\r\nx-huge: ${"x".repeat(17 * 1024)}\r\n\r\n`);
    expect(await answered).toMatch(/^HTTP\/1\.1 431 /);
  });

  test("more connections than allowed are closed; the others go on", async () => {
    const small = await startDoor({ limits: { connectionsMax: 3 } });
    const { hostname, port } = new URL(small.url);
    const sockets = Array.from({ length: 10 }, () =>
      connect(Number(port), hostname).on("error", () => undefined),
    );
    const count = (holds: (socket: Socket) => boolean) => sockets.filter(holds).length;
    await eventually(
      () => Promise.resolve(count((socket) => socket.closed)),
      (closed) => closed === 7,
      { what: "seven closed connections" },
    );
    expect(count((socket) => socket.readyState === "open")).toBe(3);
    for (const socket of sockets) socket.destroy();
    const again = () =>
      small.send("/").then(
        ({ status }) => status,
        () => undefined,
      );
    await eventually(again, (status) => status === 200, { what: "an answer" });
    await small.close();
  });

  test("headers longer than what is kept are cut there, and line feeds cannot come in", async () => {
    await door.send("/track", {
      headers: { ...JSON_TYPE, "user-agent": "u".repeat(5000) },
      body: JSON.stringify([event()]),
    });
    expect(door.records()[0]?.header.userAgent).toHaveLength(512);
  });
});

describe("floods", () => {
  test("thousands of tiny events in thousands of requests are all kept", async () => {
    const requests = 3000;
    const dispatcher = new Agent({ connections: 500 });
    const answers = await Promise.all(
      Array.from({ length: requests }, (_, index) =>
        door.send("/track", {
          headers: JSON_TYPE,
          body: JSON.stringify([event("x", { $insert_id: String(index) })]),
          dispatcher,
        }),
      ),
    );
    await dispatcher.close();
    expect(answers.every(({ status, text }) => status === 200 && text === "1")).toBe(true);
    const ids = new Set(door.items().map((item) => item.kind === "event" && item.properties["$insert_id"]));
    expect(ids.size).toBe(requests);
  });

  test("more bytes than may wait for the disk: 503 and Retry-After, and every 200 is on disk", async () => {
    const tight = await startDoor({ limits: { pendingMaxBytes: 200_000 } });
    const body = JSON.stringify([event("x", { text: "x".repeat(20_000) })]);
    const answers = await Promise.all(
      Array.from({ length: 200 }, () => tight.send("/track", { headers: JSON_TYPE, body })),
    );
    const kept = answers.filter(({ status }) => status === 200).length;
    const refused = answers.filter(({ status }) => status === 503);
    expect(kept).toBeGreaterThan(0);
    expect(refused.length).toBeGreaterThan(0);
    expect(kept + refused.length).toBe(200);
    expect(refused[0]?.headers["retry-after"]).toBe("2");
    expect(tight.records()).toHaveLength(kept);
    await tight.close();
  });

  test("a source's rate, and the rate of each address, answer 503", async () => {
    const base = {
      trust: "client" as const,
      origins: [],
      clientAddress: "forward" as const,
      development: false,
    };
    const limited = await startDoor({
      trustedProxies: ["127.0.0.1"],
      extraSources: [
        { ...base, id: "slow", tokens: ["slow_token"], eventsPerSecond: 1 },
        { ...base, id: "fair", tokens: ["fair_token"], eventsPerSecondPerAddress: 1 },
      ],
    });
    const send = async (token: string, address: string) => {
      const headers = { ...JSON_TYPE, "x-forwarded-for": address };
      return (await limited.send("/track", { headers, body: JSON.stringify([event("x", { token })]) }))
        .status;
    };
    const many = async (token: string, address: string) => {
      const statuses = await Promise.all(Array.from({ length: 50 }, () => send(token, address)));
      return statuses.filter((status) => status === 503).length;
    };
    expect(await many("slow_token", "203.0.113.1")).toBeGreaterThan(20);
    expect(await many("fair_token", "203.0.113.1")).toBeGreaterThan(20);
    expect(await send("fair_token", "203.0.113.2")).toBe(200);
    expect(limited.metrics.value("plumbline_refused_total", { reason: "rate" })).toBeGreaterThan(40);
    await limited.close();
  });

  test("a journal that is full answers 503, logs a code and no values", async () => {
    const full = await startDoor({
      journal: { append: () => Promise.reject(new Error("no room for secret_value")) },
    });
    const answer = await full.send("/track", {
      headers: JSON_TYPE,
      body: JSON.stringify([event("secret_value")]),
    });
    expect(answer).toMatchObject({ status: 503, headers: { "retry-after": "2" } });
    expect(JSON.stringify(full.log.lines)).not.toContain("secret_value");
    expect(full.journal.stats(RAW_LOG).records).toBe(0);
    await full.close();
  });
});

describe("fuzz", () => {
  const seconds = Number(process.env["PLUMBLINE_FUZZ_SECONDS"] ?? (process.env["CI"] === undefined ? 2 : 60));
  const receivers = [makeMixpanelReceiver(), makeJsonReceiver()];
  const header = { receivedAt: 0, clientAddress: "", userAgent: "" };

  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.json({ maxDepth: 6 }),
    fc.json().map((json) => `data=${encodeURIComponent(json)}`),
    fc.json().map((json) => `data=${Buffer.from(json).toString("base64")}&verbose=1`),
    fc
      .array(fc.record({ event: fc.jsonValue(), properties: fc.jsonValue(), $token: fc.jsonValue() }))
      .map(base64),
    fc
      .array(
        fc.record({
          $token: fc.string(),
          $distinct_id: fc.jsonValue(),
          $set: fc.jsonValue(),
          $group_key: fc.jsonValue(),
        }),
      )
      .map((items) => JSON.stringify(items)),
  );
  const bytes = fc
    .tuple(
      fc.oneof(
        text.map((value) => Buffer.from(value)),
        fc.uint8Array({ maxLength: 300 }),
      ),
      fc.nat(),
      fc.integer({ min: 0, max: 255 }),
    )
    .map(([body, at, value]) => {
      // A valid body with one wrong byte gets further than noise.
      const changed = Buffer.from(body);
      if (changed.length > 0 && value > 128) changed[at % changed.length] = value;
      return changed;
    });
  const record = fc
    .record({
      body: bytes,
      route: fc.constantFrom("track", "engage", "groups", "import", "events"),
      query: fc.oneof(
        fc.constantFrom("", "verbose=1", "strict=1", "img=1&ip=1", "callback=a.b", "data=%7B%7D"),
        fc.string(),
      ),
      contentType: fc.constantFrom(
        "",
        "application/json",
        "application/x-www-form-urlencoded",
        "text/plain",
        "application/x-ndjson",
      ),
      pack: fc.constantFrom("", "gzip", "br", "deflate", "wrong"),
      credential: fc.constantFrom("", "web_token"),
    })
    .map(({ body, pack, ...rest }) => {
      const packers = { gzip: gzipSync, br: brotliCompressSync, deflate: deflateSync } as const;
      const packed = pack === "" || pack === "wrong" ? body : packers[pack](body);
      return { body: packed, ...rest, contentEncoding: pack === "wrong" ? "gzip" : pack };
    });

  test(
    `decoding and answering never throw, and decoding twice gives the same (${seconds} s)`,
    () => {
      const kinds = new Map<string, number>();
      fc.assert(
        fc.property(record, ({ body, ...rest }) => {
          for (const receiver of receivers) {
            const raw: RawRecord = { header: { ...header, ...rest, receiver: receiver.kind }, body };
            const decoded = receiver.decode(raw);
            kinds.set(decoded.kind, (kinds.get(decoded.kind) ?? 0) + 1);
            expect(receiver.decode(raw)).toEqual(decoded);
            if (decoded.kind !== "items") continue;
            const answer = receiver.answer({ kind: "accepted", items: decoded.items }, raw);
            expect([200, 400]).toContain(answer.status);
            for (const item of decoded.items)
              if (item.kind === "event")
                expect([typeof item.event, typeof item.token]).toEqual(["string", "string"]);
          }
        }),
        { numRuns: 1_000_000_000, interruptAfterTimeLimit: seconds * 1000, markInterruptAsFailure: false },
      );
      // Fuzz that never gets past the first check proves nothing.
      expect(kinds.get("items") ?? 0).toBeGreaterThan(100);
      expect(kinds.get("undecodable") ?? 0).toBeGreaterThan(100);
    },
    seconds * 1000 + 30_000,
  );
});
