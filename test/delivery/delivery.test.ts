import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { appendOutbox, encodeOutbox, OUTBOX_LOG, type OutboxHeader } from "../../src/core/index.ts";
import {
  createDelivery,
  deliveryConsumer,
  type DeliverySettings,
  findDeadLetters,
  settleDeadLetters,
} from "../../src/delivery/index.ts";
import { openJournal } from "../../src/journal/index.ts";
import { createMixpanelProvider, type MixpanelOptions } from "../../src/providers/index.ts";
import { addingMetrics, rememberingLog, systemClock } from "../support/quiet.ts";
import {
  accept,
  type ScriptedMixpanel,
  type SeenRequest,
  startScripted,
} from "../support/scripted-mixpanel.ts";

const DESTINATION = "product";
const DAY_MS = 86_400_000;
const ACCOUNT = { username: "sa", secret: "sa_secret" };
/** Short pauses, so that a test of patience is not one. */
const FAST: Partial<DeliverySettings> = {
  backoffMs: 20,
  backoffMaxMs: 100,
  unauthorizedPauseMs: 60,
  stopGraceMs: 200,
};

/** Where a request under way must not be cut on a slow machine. */
const PATIENT: Partial<DeliverySettings> = { stopGraceMs: 10_000 };

let directory = "";
let journal: Awaited<ReturnType<typeof openJournal>>;
let server: ScriptedMixpanel;

beforeAll(async () => {
  server = await startScripted();
});
afterAll(() => server.close());

beforeEach(async () => {
  await journal?.close();
  if (directory !== "") await rm(directory, { recursive: true, force: true });
  directory = await mkdtemp(join(tmpdir(), "plumbline-delivery-"));
  journal = await openJournal({ directory, clock: systemClock, log: rememberingLog(), role: "primary" });
  server.requests.length = 0;
  server.script = accept;
});
afterAll(async () => {
  await journal.close();
  await rm(directory, { recursive: true, force: true });
});

interface Record_ {
  readonly header: OutboxHeader;
  readonly payload: Readonly<Record<string, unknown>>;
}

function event(name: string, id: string, more: Partial<OutboxHeader> = {}): Record_ {
  return {
    header: { kind: "event", ids: [id], repeatable: true, source: "web", name, time: Date.now(), ...more },
    payload: { event: name, properties: { time: Date.now(), distinct_id: id, $insert_id: `${name}-${id}` } },
  };
}

function update(id: string, operator: string, value: unknown, more: Partial<OutboxHeader> = {}): Record_ {
  const repeatable = operator !== "$add" && operator !== "$append";
  return {
    header: { kind: "user", ids: [id], repeatable, source: "web", name: operator, time: Date.now(), ...more },
    payload: { $distinct_id: id, $ip: "0", [operator]: value },
  };
}

function put(records: readonly Record_[]): Promise<void> {
  return journal.write((write) =>
    appendOutbox(
      write,
      OUTBOX_LOG,
      records.map(({ header, payload }) => encodeOutbox(header, JSON.stringify(payload))),
    ),
  );
}

function start(
  settings: Partial<DeliverySettings> = {},
  provider: Partial<MixpanelOptions> = {},
  destination = DESTINATION,
) {
  const log = rememberingLog();
  const metrics = addingMetrics();
  const mixpanel = createMixpanelProvider({
    host: server.url,
    token: "mp_token",
    projectId: 7,
    serviceAccount: ACCOUNT,
    clock: systemClock,
    timeoutMs: 2000,
    ...provider,
  });
  const delivery = createDelivery({
    destination,
    provider: mixpanel,
    journal,
    clock: systemClock,
    log,
    metrics,
    random: () => 0,
    settings: { ...FAST, ...settings },
  });
  const stop = new AbortController();
  const running = delivery.run(stop.signal);
  return {
    delivery,
    log,
    metrics,
    /** Waits until everything in the outbox is settled, then stops. */
    drained: async () => {
      const end = Date.now() + 10_000;
      while (journal.position(OUTBOX_LOG, deliveryConsumer(destination)) < journal.stats(OUTBOX_LOG).last) {
        if (Date.now() > end) throw new Error("not drained");
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      stop.abort();
      await running;
      await mixpanel.close();
    },
    stop: async () => {
      stop.abort();
      await running;
      await mixpanel.close();
    },
  };
}

async function deliver(...args: Parameters<typeof start>) {
  const worker = start(...args);
  await worker.drained();
  return worker;
}

function until(condition: () => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = Date.now() + 10_000;
    const look = (): void => {
      if (condition()) resolve();
      else if (Date.now() > end) reject(new Error("did not happen"));
      else setTimeout(look, 5);
    };
    look();
  });
}

const letters = () => [...findDeadLetters(journal, DESTINATION)];
const insertIds = (requests: readonly SeenRequest[]) =>
  requests.flatMap(({ items }) =>
    items.map((item) => (item["properties"] as { $insert_id: string }).$insert_id),
  );

describe("what goes over the wire", () => {
  test("events go to /import, strict, gzip, one a line, with the service account and the project", async () => {
    await put([event("a", "u1"), event("b", "u2")]);
    await deliver();
    const [request] = server.requests;
    expect(server.requests).toHaveLength(1);
    expect(request?.route).toBe("import");
    expect(Object.fromEntries(request?.query ?? [])).toEqual({ strict: "1", project_id: "7" });
    expect(request?.headers["content-encoding"]).toBe("gzip");
    expect(request?.headers["authorization"]).toBe(`Basic ${Buffer.from("sa:sa_secret").toString("base64")}`);
    expect(request?.items.map((item) => item["event"])).toEqual(["a", "b"]);
  });

  test("where only a token is configured events go to /track with the token in each, never with this machine's address", async () => {
    await put([event("a", "u1"), event('quoted "name" \\', "u2")]);
    const worker = start({}, {});
    await worker.stop();
    server.requests.length = 0;
    const bare = createMixpanelProvider({ host: server.url, token: "mp_token", clock: systemClock });
    await bare.send(
      {
        kind: "event",
        items: [event("a", "u1"), event('quoted "name" \\', "u2")].map(({ payload }) =>
          Buffer.from(JSON.stringify(payload)),
        ),
      },
      { signal: new AbortController().signal },
    );
    await bare.close();
    const [request] = server.requests;
    expect(request?.route).toBe("track");
    expect(request?.query.get("ip")).toBe("0");
    expect(request?.headers["authorization"]).toBeUndefined();
    expect(request?.items.map((item) => (item["properties"] as { token: string }).token)).toEqual([
      "mp_token",
      "mp_token",
    ]);
    expect(request?.items[1]?.["event"]).toBe('quoted "name" \\');
  });

  test("profiles go to /engage, groups to /groups, with the token and ip=0", async () => {
    await put([
      update("u1", "$set", { theme: "dark" }),
      {
        header: {
          kind: "group",
          ids: ["company\nacme"],
          repeatable: true,
          source: "web",
          name: "$set",
          time: 1,
        },
        payload: { $group_key: "company", $group_id: "acme", $set: { seats: 3 } },
      },
    ]);
    await deliver();
    expect(server.requests.map(({ route }) => route).sort()).toEqual(["engage", "groups"]);
    for (const { query, items } of server.requests) {
      expect(query.get("ip")).toBe("0");
      expect(items[0]?.["$token"]).toBe("mp_token");
    }
  });

  test("no request has more events or bytes than the provider takes", async () => {
    const large = "x".repeat(3000);
    await put(
      Array.from({ length: 5000 }, (_, index) => {
        const record = event("a", `u${index}`);
        return index < 2500 ? record : { ...record, payload: { ...record.payload, large } };
      }),
    );
    await deliver();
    const sizes = server.requests.map(({ items }) => items.length);
    expect(sizes.reduce((sum, size) => sum + size)).toBe(5000);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(2000);
    for (const { items } of server.requests)
      expect(items.map((item) => JSON.stringify(item)).join("\n").length).toBeLessThanOrEqual(2 * 2 ** 20);
  });
});

describe("outcomes", () => {
  test("400 partial: each named record is a dead letter with field and message, the others are delivered", async () => {
    server.script = (request) => ({
      status: 400,
      body: {
        code: 400,
        num_records_imported: request.items.length - 1,
        failed_records: [
          { index: 1, insert_id: "x", field: "properties.time", message: "'properties.time' is invalid" },
        ],
        status: "Bad Request",
      },
    });
    await put([event("a", "u1"), event("b", "u2"), event("c", "u3")]);
    const worker = await deliver();
    expect(letters()).toMatchObject([
      {
        reason: "rejected",
        field: "properties.time",
        message: "'properties.time' is invalid",
        header: { name: "b", source: "web" },
      },
    ]);
    expect(worker.metrics.value("plumbline_delivered_records_total")).toBe(2);
    expect(worker.metrics.value("plumbline_dead_letters_total", { reason: "rejected" })).toBe(1);
  });

  test("413: halves until it fits; what alone is too large is a dead letter", async () => {
    server.script = (request) =>
      request.items.length > 2 || request.items.some((item) => item["event"] === "huge")
        ? { status: 413, body: { error: "request exceeds max limit" } }
        : accept(request);
    await put([event("a", "1"), event("b", "2"), event("huge", "3"), event("d", "4"), event("e", "5")]);
    await deliver();
    const stored = server.requests.filter(
      ({ items }) => items.length <= 2 && items.every((item) => item["event"] !== "huge"),
    );
    expect(insertIds(stored).sort()).toEqual(["a-1", "b-2", "d-4", "e-5"]);
    expect(letters()).toMatchObject([{ reason: "too-large", header: { name: "huge" } }]);
  });

  test("a refusal that names nobody is bisected down to the one that is refused alone", async () => {
    server.script = (request) =>
      request.items.some((item) => "$bad" in item)
        ? { status: 200, body: { error: "bad update", status: 0 } }
        : accept(request);
    await put([
      update("u1", "$set", { a: 1 }),
      { ...update("u1", "$set", { a: 2 }), payload: { $distinct_id: "u1", $bad: 1 } },
      update("u1", "$set", { a: 3 }),
    ]);
    await deliver();
    expect(letters()).toMatchObject([{ reason: "refused", message: "bad update" }]);
    const stored = server.requests.filter(({ items }) => items.every((item) => !("$bad" in item)));
    expect(stored.flatMap(({ items }) => items.map((item) => (item["$set"] as { a: number }).a))).toEqual([
      1, 3,
    ]);
  });

  test("429, 502 and 503 are tried again, and Retry-After is kept to", async () => {
    const statuses = [429, 502, 503];
    const times: number[] = [];
    server.script = (request) => {
      times.push(Date.now());
      const status = statuses.shift();
      if (status === undefined) return accept(request);
      return { status, headers: status === 503 ? { "retry-after": "1" } : {}, body: { error: "later" } };
    };
    await put([event("a", "u1")]);
    await deliver();
    expect(server.requests).toHaveLength(4);
    expect(new Set(insertIds(server.requests))).toEqual(new Set(["a-u1"]));
    expect((times[3] ?? 0) - (times[2] ?? 0)).toBeGreaterThanOrEqual(950);
    expect(letters()).toEqual([]);
  });

  test("pauses grow and many parallel failures count once", async () => {
    const times: number[] = [];
    const pauses = new Set<number>();
    await put(Array.from({ length: 30 }, (_, index) => event("a", `u${index}`)));
    const worker = start({ backoffMs: 40, backoffMaxMs: 160 }, { limits: { eventsPerRequest: 3 } });
    server.script = (request) => {
      const { pace } = worker.delivery.state();
      if (pace.kind === "holding") pauses.add(pace.until);
      if (times.length >= 60) return accept(request);
      times.push(Date.now());
      return { status: 503 };
    };
    await worker.drained();
    expect(pauses.size).toBeLessThanOrEqual(8);
    // Six rounds of ten. Pauses that stay as they are would be over after 100 ms.
    expect((times[59] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(250);
    expect(insertIds(server.requests.slice(60)).length).toBe(30);
  });

  test("401 pauses loudly and does not loop; resume() goes on at once", async () => {
    let refuse = true;
    server.script = (request) =>
      refuse ? { status: 401, body: { error: "Invalid credentials" } } : accept(request);
    await put([event("a", "u1")]);
    const worker = start({ unauthorizedPauseMs: 60_000 });
    await until(() => worker.delivery.state().pace.kind === "paused");
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(server.requests).toHaveLength(1);
    expect(worker.log.lines.filter(({ level }) => level === "error")).toHaveLength(1);
    refuse = false;
    worker.delivery.resume();
    await worker.drained();
    expect(server.requests).toHaveLength(2);
    expect(letters()).toEqual([]);
  });

  test("an answer that says neither yes nor no is sent again as it was: same insert ids", async () => {
    let answers = 0;
    server.script = (request) => {
      answers += 1;
      if (answers === 1) return "cut";
      if (answers === 2) return { status: 200, body: "<html>a proxy's page</html>" };
      return accept(request);
    };
    await put([event("a", "u1")]);
    await deliver();
    expect(insertIds(server.requests)).toEqual(["a-u1", "a-u1", "a-u1"]);
    expect(letters()).toEqual([]);
  });

  test("a server that never answers is given up after the time-out and tried again", async () => {
    let answers = 0;
    server.script = (request) => (++answers === 1 ? "hang" : accept(request));
    await put([event("a", "u1")]);
    await deliver({}, { timeoutMs: 300 });
    expect(server.requests).toHaveLength(2);
  });

  test("an old event is not sent by a route that does not take it", async () => {
    await put([event("old", "u1", { time: Date.now() - 6 * DAY_MS }), event("new", "u1")]);
    await deliver({}, { route: "track" });
    expect(server.requests.flatMap(({ items }) => items.map((item) => item["event"]))).toEqual(["new"]);
    expect(letters()).toMatchObject([{ reason: "too-old", header: { name: "old" } }]);
  });
});

describe("what must never be applied twice", () => {
  test("an $add whose outcome is unknown is a dead letter, not a second try", async () => {
    server.script = (request) => (request.items.some((item) => "$add" in item) ? "cut" : accept(request));
    await put([
      update("u1", "$set", { a: 1 }),
      update("u1", "$add", { n: 1 }),
      update("u1", "$set", { a: 2 }),
    ]);
    await deliver();
    expect(server.requests.filter(({ items }) => items.some((item) => "$add" in item))).toHaveLength(1);
    expect(letters()).toMatchObject([{ reason: "outcome-unknown", header: { name: "$add" } }]);
  });

  test("a busy server did not apply it: then it is tried again", async () => {
    let answers = 0;
    server.script = (request) => (++answers <= 2 ? { status: 429 } : accept(request));
    await put([update("u1", "$append", { list: 1 })]);
    await deliver();
    expect(server.requests).toHaveLength(3);
    expect(letters()).toEqual([]);
  });

  test("a refused connection is not an unknown outcome", async () => {
    const closed = await startScripted();
    await closed.close();
    await put([update("u1", "$add", { n: 1 })]);
    const worker = start({}, { host: closed.url });
    await until(() => worker.delivery.state().pace.kind === "holding");
    await worker.stop();
    expect(letters()).toEqual([]);
    await deliver();
    expect(server.requests).toHaveLength(1);
  });

  test("stopped between sending and writing it down: the next run makes a dead letter of it, and does not send it", async () => {
    server.script = (request) => (request.items.some((item) => "$add" in item) ? "hang" : accept(request));
    await put([update("u1", "$add", { n: 1 })]);
    const first = start({ stopGraceMs: 20 });
    await until(() => server.requests.length === 1);
    // As after SIGKILL: a new worker on what the journal holds, while the old one still waits for its answer.
    server.script = accept;
    const second = start();
    await until(() => letters().length === 1);
    await second.drained();
    expect(server.requests.filter(({ items }) => items.some((item) => "$add" in item))).toHaveLength(1);
    expect(letters()).toMatchObject([{ reason: "outcome-unknown" }]);
    await first.stop();
  });

  test("a position that was lost sends no settled $add again, nor a $set before it", async () => {
    await put([update("u1", "$set", { n: 0 }), update("u1", "$add", { n: 1 }), event("hold", "u9")]);
    let held = true;
    server.script = (request) => (request.route === "import" && held ? { status: 503 } : accept(request));
    const first = start();
    await until(() => server.requests.some(({ items }) => items.some((item) => "$add" in item)));
    await until(
      () => first.metrics.value("plumbline_delivery_requests_total", { outcome: "accepted" }) === 2,
    );
    await first.stop();
    held = false;
    const before = server.requests.filter(({ route }) => route === "engage").length;
    await deliver();
    expect(server.requests.filter(({ route }) => route === "engage")).toHaveLength(before);
    expect(letters()).toEqual([]);
  });
});

describe("order", () => {
  test("updates of one user arrive in the order they were judged, whatever fails in between", async () => {
    let answers = 0;
    server.script = (request) => (++answers % 3 === 0 ? { status: 503 } : accept(request));
    const users = 7;
    await put(Array.from({ length: 700 }, (_, index) => update(`u${index % users}`, "$set", { n: index })));
    await deliver({}, { limits: { profilesPerRequest: 13 } });
    const last = new Map<string, number>();
    const stored = server.requests.filter((_, index) => (index + 1) % 3 !== 0);
    for (const { items } of stored)
      for (const item of items) {
        const id = String(item["$distinct_id"]);
        const { n } = item["$set"] as { n: number };
        expect(n).toBeGreaterThan(last.get(id) ?? -1);
        last.set(id, n);
      }
    expect(last.size).toBe(users);
    expect([...last.values()].sort((a, b) => a - b).at(-1)).toBe(699);
  });

  test("what shares an id with an identity event waits until that is settled; others do not", async () => {
    let held = true;
    server.script = (request) =>
      held && request.items.some((item) => item["event"] === "$identify") ? { status: 503 } : accept(request);
    await put([
      event("before", "device"),
      event("$identify", "user", { link: true, ids: ["user", "device"] }),
      event("after", "user"),
    ]);
    const worker = start({}, { limits: { eventsPerRequest: 1 } });
    const requestsOf = (name: string) => server.requests.filter(({ items }) => items[0]?.["event"] === name);
    await until(() => requestsOf("$identify").length >= 2 && requestsOf("before").length === 1);
    expect(requestsOf("after")).toEqual([]);
    held = false;
    await worker.drained();
    const names = server.requests.map(({ items }) => items[0]?.["event"]);
    expect(names.indexOf("after")).toBeGreaterThan(names.lastIndexOf("$identify"));
  });
});

describe("the worker", () => {
  test("two destinations go on at their own pace, and one that is down does not hold the other", async () => {
    const other = await startScripted(() => ({ status: 503 }));
    await put([event("a", "u1")]);
    const slow = start({}, { host: other.url }, "slow");
    await deliver();
    expect(server.requests).toHaveLength(1);
    expect(journal.position(OUTBOX_LOG, deliveryConsumer("slow"))).toBe(0);
    await until(() => other.requests.length > 0);
    other.script = accept;
    await slow.drained();
    expect(other.requests.length).toBeGreaterThanOrEqual(2);
    await other.close();
  });

  test("the position moves only past what is settled, also in the middle of an entry", async () => {
    server.script = (request) => (request.items[0]?.["event"] === "b" ? { status: 503 } : accept(request));
    await put([event("a", "1"), event("b", "2"), event("c", "3")]);
    const worker = start(PATIENT, { limits: { eventsPerRequest: 1 } });
    await until(
      () => worker.metrics.value("plumbline_delivery_requests_total", { outcome: "accepted" }) === 2,
    );
    await worker.stop();
    expect(journal.position(OUTBOX_LOG, deliveryConsumer(DESTINATION))).toBe(1);
    server.script = accept;
    server.requests.length = 0;
    await deliver();
    expect(insertIds(server.requests)).toEqual(["b-2", "c-3"]);
  });

  test("keeps to a rate of events a second", async () => {
    await put(Array.from({ length: 400 }, (_, index) => event("a", `u${index}`)));
    const started = Date.now();
    await deliver({ eventsPerSecond: 1000 }, { limits: { eventsPerRequest: 100 } });
    expect(Date.now() - started).toBeGreaterThanOrEqual(280);
    expect(server.requests).toHaveLength(4);
  });

  test("properties that this kind of provider must not have are taken out", async () => {
    const withhold = { mixpanel: ["secret"] };
    const secret = event("a", "u1", { withhold });
    await put([
      { ...secret, payload: { event: "a", properties: { distinct_id: "u1", secret: 1, open: 2 } } },
      update("u1", "$set", { secret: 1, open: 2 }, { withhold }),
      update("u1", "$unset", ["secret", "open"], { withhold }),
    ]);
    await deliver();
    const sent = server.requests.flatMap(({ items }) => items);
    expect(JSON.stringify(sent)).not.toContain("secret");
    expect(sent).toHaveLength(3);
    expect(JSON.stringify(sent).match(/open/g)).toHaveLength(3);
  });

  test("stopping waits for requests under way, and what was not sent is sent by the next run", async () => {
    await put(Array.from({ length: 50 }, (_, index) => event("a", `u${index}`)));
    const worker = start(PATIENT, { limits: { eventsPerRequest: 1, parallelEventRequests: 2 } });
    await until(() => server.requests.length >= 5);
    await worker.stop();
    const first = insertIds(server.requests);
    expect(first.length).toBeLessThan(50);
    await deliver();
    expect(new Set(insertIds(server.requests)).size).toBe(50);
    expect(insertIds(server.requests)).toHaveLength(50);
  });
});

describe("dead letters", () => {
  test("are listed, counted first, sent again once to this destination, or discarded", async () => {
    server.script = () => ({ status: 400, body: { error: "no", status: 0 } });
    await put([event("a", "1"), event("b", "2"), event("c", "3")]);
    await deliver();
    expect(letters().map(({ header }) => header.name)).toEqual(["a", "b", "c"]);
    const settle = (action: "replay" | "discard", name: string, apply: boolean) =>
      settleDeadLetters({
        journal,
        clock: systemClock,
        destination: DESTINATION,
        filter: { name },
        action,
        apply,
      });
    expect(await settle("replay", "a", false)).toBe(1);
    expect(letters()).toHaveLength(3);
    expect(await settle("replay", "a", true)).toBe(1);
    expect(await settle("replay", "a", true)).toBe(0);
    expect(await settle("discard", "b", true)).toBe(1);
    expect(letters().map(({ header }) => header.name)).toEqual(["c"]);
    server.script = accept;
    server.requests.length = 0;
    const worker = start();
    await until(() => server.requests.length === 1);
    await worker.stop();
    expect(insertIds(server.requests)).toEqual(["a-1"]);
  });
});
