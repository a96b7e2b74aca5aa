// `plumbline up` as an operator meets it: health, metrics, reload, quarantine beside it, and an orderly end.
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { request } from "undici";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ensureDist } from "../support/dist.ts";
import { base64 } from "../support/door.ts";
import { eventually, exportEvents } from "../support/emulator-client.ts";
import { plumbline } from "../support/run-plumbline.ts";
import { makeSystem, type Running, startPlumbline, type System } from "../support/system.ts";

const PLAN = `plumbline: 1
name: shop
sources: { web: { trust: client }, api: { trust: server } }
identity: { user_id: { format: uuid } }
events:
  orderCompleted:
    name: Order completed
    description: An order was paid
    owner: shop
    sources: { web: {}, api: {} }
    properties:
      total: { type: number, data: none, description: In euro }
`;
const WITH_CHECKOUT = `${PLAN}  checkoutStarted:
    name: Checkout started
    description: The buyer began to pay
    owner: shop
    sources: { web: {} }
`;
const DEVICE = "10000000-0000-4000-8000-000000000001";

let system: System;
let gateway: Running;
let admin = "";

beforeAll(async () => {
  ensureDist();
  system = await makeSystem({ plan: PLAN });
  gateway = await system.startGateway();
  admin = adminUrl();
});
afterAll(() => system.close());

/** The admin port is any free one; the running gateway says which on the line that `startGateway` has read. */
function adminUrl(): string {
  const found = /admin on (\S+)/.exec(gateway.firstLine)?.[1];
  if (found === undefined) throw new Error(`no admin address in: ${gateway.firstLine}`);
  return found;
}

const get = async (path: string) => {
  const answer = await request(`${admin}${path}`);
  return { status: answer.statusCode, text: await answer.body.text() };
};

async function track(event: string, insertId: string, properties: object = {}): Promise<string> {
  const item = {
    event,
    properties: {
      token: "web_token",
      $device_id: DEVICE,
      distinct_id: `$device:${DEVICE}`,
      $insert_id: insertId,
      time: Date.now(),
      ...properties,
    },
  };
  const answer = await request(`${system.gatewayUrl}/track/`, {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: `data=${encodeURIComponent(base64([item]))}`,
  });
  return answer.body.text();
}

const cli = (...args: string[]) => plumbline([...args, "--config", system.config], { cwd: system.directory });
const metric = async (line: RegExp) => Number(line.exec((await get("/metrics")).text)?.[1] ?? 0);
const arrived = (insertId: string) =>
  eventually(
    () => exportEvents(system.emulator.url),
    (events) => events.some(({ properties }) => properties.$insert_id === insertId),
    { what: insertId },
  );

describe("a running gateway", () => {
  test("says that it is healthy and ready, and counts what it did", async () => {
    expect(await get("/healthz")).toMatchObject({ status: 200 });
    expect(await get("/readyz")).toEqual({ status: 200, text: '{"status":"ready","reasons":[]}' });
    expect(await track("Order completed", "one", { total: 1 })).toBe("1");
    await arrived("one");
    const text = await eventually(
      async () => (await get("/metrics")).text,
      (found) => found.includes("plumbline_delivered_records_total"),
    );
    for (const name of [
      "plumbline_received_events_total",
      "plumbline_verdicts_total",
      "plumbline_journal_lag_records",
      "plumbline_delivered_records_total",
      "plumbline_ack_seconds_bucket",
      "plumbline_delivery_request_seconds_bucket",
    ])
      expect(text).toContain(name);
    expect(text).toContain('event="Order completed"');
    expect(text).not.toContain(DEVICE);
  });

  test("keeps out what the plan does not know; a preview and a replay under a better plan let it in, once, at its own time", async () => {
    await track("Checkout started", "early");
    await eventually(
      async () => (await cli("quarantine", "list", "--json")).stdout,
      (text) => text.includes("Checkout started"),
    );
    const better = join(system.directory, "better.yaml");
    writeFileSync(better, WITH_CHECKOUT);
    const preview = await cli("quarantine", "preview", "--plan", better, "--json");
    expect(JSON.parse(preview.stdout)).toMatchObject({
      changed: 1,
      rows: [{ name: "Checkout started", today: "quarantined", next: "accepted" }],
    });
    const dry = await cli("quarantine", "replay", "--plan", better, "--json");
    expect(JSON.parse(dry.stdout)).toMatchObject({ applied: false, released: 1 });
    expect(
      JSON.parse((await cli("quarantine", "replay", "--plan", better, "--apply", "--json")).stdout),
    ).toMatchObject({ applied: true, released: 1 });
    expect(
      JSON.parse((await cli("quarantine", "replay", "--plan", better, "--apply", "--json")).stdout),
    ).toMatchObject({ examined: 0 });
    const events = await arrived("early");
    expect(events.filter(({ properties }) => properties.$insert_id === "early")).toHaveLength(1);
  });

  test("takes a good new plan without restart, and refuses a broken one with its findings", async () => {
    const plan = join(system.directory, "plan.yaml");
    const before = await metric(
      /plumbline_verdicts_total\{event="Checkout started"[^}]*verdict="accepted"[^}]*\} (\d+)/,
    );
    writeFileSync(plan, `${PLAN}broken: [`);
    await eventually(
      () => Promise.resolve(gateway.errors()),
      (text) => text.includes("the old one stays"),
      { what: "the refusal" },
    );
    expect(gateway.errors()).toContain("plan.yaml:");
    expect(await track("Order completed", "still", { total: 2 })).toBe("1");
    await arrived("still");
    writeFileSync(plan, WITH_CHECKOUT);
    await eventually(
      () => Promise.resolve(gateway.errors()),
      (text) => text.includes("a new plan holds"),
      { what: "the new plan" },
    );
    await track("Checkout started", "late");
    await arrived("late");
    expect(
      await metric(/plumbline_verdicts_total\{event="Checkout started"[^}]*verdict="accepted"[^}]*\} (\d+)/),
    ).toBe(before + 1);
  });

  test("reads the plan again on SIGHUP", async () => {
    const loads = () => gateway.errors().split("a new plan holds").length;
    const before = loads();
    const plan = join(system.directory, "plan.yaml");
    writeFileSync(plan, readFileSync(plan, "utf8").replace("An order was paid", "An order was paid for"));
    gateway.process.kill("SIGHUP");
    await eventually(
      () => Promise.resolve(loads()),
      (now) => now > before,
      { what: "a reload" },
    );
  });

  test("a plan that cannot be taken over leaves the old one in force, and the gateway runs on", async () => {
    const [plan, archive] = [join(system.directory, "plan.yaml"), join(system.directory, "data/plans")];
    const before = readFileSync(plan, "utf8");
    renameSync(archive, `${archive}.aside`);
    writeFileSync(archive, "a file where a folder should be");
    writeFileSync(plan, before.replace("In euro", "In euros"));
    await eventually(
      () => Promise.resolve(gateway.errors()),
      (text) => text.includes("cannot be taken over"),
      { what: "the refusal" },
    );
    writeFileSync(plan, before);
    renameSync(archive, `${archive}.file`);
    renameSync(`${archive}.aside`, archive);
    expect(await track("Order completed", "after-the-failure", { total: 3 })).toBe("1");
    await arrived("after-the-failure");
  });

  test("an event that an older plan's client made is judged by that plan, also after a restart; another's is not", async () => {
    const stampOf = async () => {
      const { stdout } = await cli("compile");
      return (JSON.parse(stdout) as { hash: string }).hash.slice(0, 12);
    };
    const plan = join(system.directory, "plan.yaml");
    const older = await stampOf();
    const loads = () => gateway.errors().split("a new plan holds").length;
    const before = loads();
    const stricter = readFileSync(plan, "utf8").replace(
      "total: { type: number,",
      "currency: { type: string, presence: required, data: none, description: Code }\n      total: { type: number,",
    );
    writeFileSync(plan, stricter);
    await eventually(
      () => Promise.resolve(loads()),
      (now) => now > before,
      { what: "the stricter plan" },
    );
    expect(await stampOf()).not.toBe(older);
    await track("Order completed", "by-the-old-plan", { total: 1, plan: older });
    await arrived("by-the-old-plan");
    expect(await gateway.stop()).toBe(0);
    gateway = await system.startGateway();
    admin = adminUrl();
    await track("Order completed", "without-a-plan", { total: 1 });
    await track("Order completed", "after-the-restart", { total: 1, plan: older });
    await arrived("after-the-restart");
    const sent = (await exportEvents(system.emulator.url)).map(({ properties }) => properties.$insert_id);
    expect(sent).not.toContain("without-a-plan");
    writeFileSync(plan, WITH_CHECKOUT);
    gateway.process.kill("SIGHUP");
    await eventually(
      () => Promise.resolve(loads()),
      (now) => now > 1,
      { what: "the plan of before" },
    );
  });

  test("status reads the journal beside the running gateway", async () => {
    const { stdout, code } = await cli("status", "--json");
    expect(code).toBe(0);
    const status = JSON.parse(stdout) as { logs: { log: string; records: number }[]; deadLetters: object };
    expect(status.logs.map(({ log }) => log)).toEqual(["raw", "outbox"]);
    expect(status.deadLetters).toEqual({ product: 0 });
    expect((await cli("status")).stdout).toContain("deliver:product");
  });

  test("a second gateway on the same data is refused and told so", async () => {
    const { code, stderr } = await cli("up");
    expect(code).toBe(75);
    expect(stderr).toContain("JOURNAL_LOCKED");
  });

  test("logs hold no property value, id, token or address", async () => {
    await track("Order completed", "quiet", { total: "not a number at all", note: "private-note" });
    await arrived("still");
    const text = gateway.errors();
    for (const secret of [
      "private-note",
      "not a number at all",
      DEVICE,
      "web_token",
      "mp_token",
      "sa_secret",
    ])
      expect(text).not.toContain(secret);
  });

  test("ends on SIGTERM with 0 after delivering what was under way, and starts again where it was", async () => {
    for (let index = 0; index < 20; index++) await track("Order completed", `end-${index}`, { total: index });
    expect(await gateway.stop()).toBe(0);
    gateway = await system.startGateway();
    await arrived("end-19");
  });
});

describe("the pipeline in one thread", () => {
  test("does the same", async () => {
    const inline = await makeSystem({ plan: PLAN, extra: "pipeline: inline\ngateway: { record: pass }" });
    const running = await inline.startGateway();
    const item = {
      event: "Order completed",
      properties: {
        token: "web_token",
        $device_id: DEVICE,
        distinct_id: `$device:${DEVICE}`,
        $insert_id: "inline",
        total: "3",
      },
    };
    await request(`${inline.gatewayUrl}/track/`, { method: "POST", body: JSON.stringify([item]) });
    const events = await eventually(
      () => exportEvents(inline.emulator.url),
      (found) => found.length === 1,
    );
    expect(events[0]?.properties["total"]).toBe(3);
    const recording = await request(`${inline.gatewayUrl}/record/?seq=0`, {
      method: "POST",
      headers: { authorization: `Basic ${Buffer.from("web_token:").toString("base64")}` },
      body: "recorded",
    });
    expect(recording.statusCode).toBe(200);
    const stats = await request(`${inline.emulator.url}/emulator/stats`);
    expect(await stats.body.json()).toMatchObject({ requests: { record: { 200: 1 } } });
    expect(await running.stop()).toBe(0);
    await inline.close();
  });
});

describe("plumbline listen", () => {
  const send = (url: string, event: string, properties: object = {}) =>
    request(`${url}/track/?verbose=1`, {
      method: "POST",
      body: JSON.stringify([
        {
          event,
          properties: { token: "any", $device_id: DEVICE, distinct_id: `$device:${DEVICE}`, ...properties },
        },
      ]),
    }).then((answer) => answer.body.text());
  const plan = () => join(system.directory, "listen.yaml");
  const start = (...args: string[]) =>
    startPlumbline(["listen", "--plan", plan(), ...args], { cwd: system.directory });

  beforeAll(() => writeFileSync(plan(), WITH_CHECKOUT));

  test("all seen and nothing wrong: 0", async () => {
    const listener = await start("--expect", "orderCompleted", "--fail-on", "warn");
    expect(await send(listener.url, "Order completed", { total: 1 })).toBe('{"error":null,"status":1}');
    expect(await listener.stop()).toBe(0);
    expect(listener.output()).toMatch(/orderCompleted|Order completed/);
  });

  test("unknown events, wrong values and events that never came: 1, told as they come and in the report", async () => {
    const listener = await start("--expect", "orderCompleted,checkoutStarted");
    expect(await send(listener.url, "Order complete")).toContain('"status":0');
    expect(await send(listener.url, "Order completed", { total: "many" })).toContain('"status":0');
    await eventually(
      () => Promise.resolve(listener.errors()),
      (text) => text.includes("unknown-event"),
    );
    expect(await listener.stop()).toBe(1);
    expect(listener.output()).toContain("checkoutStarted");
  });

  test.each(["json", "junit", "github"])("the report as %s", async (format) => {
    const listener = await start("--format", format, "--expect", "checkoutStarted");
    await send(listener.url, "Nobody knows this");
    expect(await listener.stop()).toBe(1);
    const text = listener.output();
    if (format === "json") expect(JSON.parse(text)).toMatchObject({ passed: false });
    if (format === "junit") expect(text).toMatch(/<testsuites?[\s\S]*<failure/);
    if (format === "github") expect(text).toContain("::error");
  });

  test("runs a command behind it and gives it the address", async () => {
    const script = `fetch(process.env.PLUMBLINE_LISTEN_URL + "/track", { method: "POST", body: JSON.stringify([{ event: "Order completed", properties: { token: "t", $device_id: "${DEVICE}", distinct_id: "$device:${DEVICE}", total: 1 } }]) })`;
    const good = await plumbline(
      ["listen", "--plan", plan(), "--expect", "orderCompleted", "--", process.execPath, "-e", script],
      { cwd: system.directory },
    );
    expect(good.code).toBe(0);
    const failing = await plumbline(
      ["listen", "--plan", plan(), "--", process.execPath, "-e", "process.exit(7)"],
      { cwd: system.directory },
    );
    expect(failing.code).toBe(7);
  });

  test("an event id that the plan does not have is a mistake on the command line", async () => {
    const { code, stderr } = await plumbline(["listen", "--plan", plan(), "--expect", "nobody"], {
      cwd: system.directory,
    });
    expect(code).toBe(2);
    expect(stderr).toContain("nobody");
  });
});
