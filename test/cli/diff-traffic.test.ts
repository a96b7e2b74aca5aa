// `plumbline diff --traffic`: the same events from a file, from the raw export and from a real gateway's journal weigh the same.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { request } from "undici";
import { beforeEach, describe, expect, test } from "vitest";
import { ensureDist } from "../support/dist.ts";
import { eventually, exportEvents } from "../support/emulator-client.ts";
import { plumbline } from "../support/run-plumbline.ts";
import { makeSystem } from "../support/system.ts";
import { tempDirectory } from "../support/temp.ts";

ensureDist();
const directory = tempDirectory("diff-traffic");
const USER = "018f3a5e-7a3c-7cc0-9b1c-111111111111";
const DAY_SECONDS = 86_400;

const plan = (total: string, sources = "web: { trust: client }, api: { trust: server }") => `plumbline: 1
name: shop
sources: { ${sources} }
identity: { user_id: { format: uuid } }
events:
  paid:
    name: Paid
    description: The money arrived
    owner: shop
    properties:
      total: { type: number, ${total}data: none, description: What was paid }
`;

/** Three of release 1.0 without the total, one with it; two of release 2.0, all with it. */
const sent = (["1.0", "1.0", "1.0", "1.0", "2.0", "2.0"] as const).map((release, index) => ({
  event: "Paid",
  properties: {
    distinct_id: USER,
    $user_id: USER,
    $insert_id: `insert-${index}`,
    mp_lib: "web",
    $app_version_string: release,
    time: Math.floor(Date.now() / 1000) - index * DAY_SECONDS,
    ...(index < 3 ? {} : { total: index }),
  },
}));
const ndjson = (list: readonly object[]) => `${list.map((event) => JSON.stringify(event)).join("\n")}\n`;
const row = { source: "web", release: "1.0", event: "Paid", count: 4, rejected: 3 };

const run = (...args: string[]) => plumbline(["diff", ...args], { cwd: directory });
const write = (name: string, content: string | Buffer) => writeFileSync(join(directory, name), content);

beforeEach(() => {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  write("old.yaml", plan(""));
  write("new.yaml", plan("presence: required, "));
  write("events.ndjson", ndjson(sent));
});

describe("a file", () => {
  test("rows by source and release, as text, JSON, Markdown and as a finding", async () => {
    write("events.ndjson.gz", gzipSync(ndjson(sent)));
    const { code, stdout } = await run("old.yaml", "new.yaml", "--traffic", "events.ndjson.gz");
    expect(stdout).toContain(
      "Of 6 events the new plan would reject 3 (50.0 %), strip 0 and repair 0 that pass today.",
    );
    expect(stdout).toMatch(/ {2}web {5}1\.0 {6}Paid {3}4 {7}3 /);
    expect(code).toBe(1);
    const asJson = await run("old.yaml", "new.yaml", "--traffic", "events.ndjson", "--json");
    expect(JSON.parse(asJson.stdout)).toMatchObject({ traffic: { events: 6, rejected: 3, rows: [row] } });
    const comment = await run("old.yaml", "new.yaml", "--traffic", "events.ndjson", "--format", "markdown");
    expect(comment.stdout).toContain("| web | 1.0 | Paid | 4 | 3 | 0 | 0 | 0 |");
    const annotations = await run("old.yaml", "new.yaml", "--traffic", "events.ndjson", "--format", "github");
    expect(annotations.stdout).toContain("::error title=traffic-lost::Of 6 events");
  });

  test("--days looks at the last days alone, and says what it left out", async () => {
    const { stdout, stderr } = await run("old.yaml", "new.yaml", "--traffic", "events.ndjson", "--days", "2");
    expect(stdout).toContain("Of 2 events of the last 2 days the new plan would reject 2");
    expect(stderr).toContain("4 events are older than 2 days");
  });

  test("lines that are no events are counted; a source that nothing names is told, and can be said", async () => {
    const unnamed = sent.map(({ event, properties: { mp_lib: _lib, ...properties } }) => ({
      event,
      properties,
    }));
    write("events.ndjson", `${ndjson(unnamed)}{"broken\n`);
    const without = await run("old.yaml", "new.yaml", "--traffic", "events.ndjson");
    expect(without.stderr).toContain("1 of 7 lines are no events");
    expect(without.stderr).toContain("6 events name no library");
    expect(without.stdout).toContain("Of 0 events");
    const named = await run(
      "old.yaml",
      "new.yaml",
      "--traffic",
      "events.ndjson",
      "--source",
      "web",
      "--json",
    );
    expect(JSON.parse(named.stdout)).toMatchObject({ traffic: { rows: [row] } });
    expect((await run("old.yaml", "new.yaml", "--traffic", "events.ndjson", "--source", "wep")).code).toBe(2);
  });

  test("a file that is not there, and a wrong number of days", async () => {
    const missing = await run("old.yaml", "new.yaml", "--traffic", "nowhere.ndjson");
    expect(missing.stderr).toContain("INPUT_UNREADABLE");
    expect(missing.code).toBe(3);
    expect((await run("old.yaml", "new.yaml", "--traffic", "x", "--days", "0")).code).toBe(2);
  });

  test("a change that real events do not feel says so", async () => {
    write("events.ndjson", ndjson(sent.slice(3)));
    const { stdout } = await run("old.yaml", "new.yaml", "--traffic", "events.ndjson", "--format", "github");
    expect(stdout).not.toContain("traffic-lost");
  });
});

test("the gateway's journal and the raw export weigh the same events the same", async () => {
  const system = await makeSystem({
    plan: plan("", "web: { trust: client }, api: { trust: server }"),
    sources: "sources: { web: { token: w }, api: { token: a } }",
  });
  try {
    const gateway = await system.startGateway();
    const { body } = await request(`${system.gatewayUrl}/track/?verbose=1`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(
        sent.map(({ event, properties }) => ({ event, properties: { ...properties, token: "w" } })),
      ),
    });
    expect(await body.json()).toMatchObject({ status: 1 });
    await eventually(
      () => exportEvents(system.emulator.url),
      (list) => list.length >= sent.length,
      { what: "all events delivered", withinMs: 40_000 },
    );
    write("new.yaml", plan("presence: required, "));
    const sides = [join(system.directory, "plan.yaml"), "new.yaml", "--config", system.config, "--json"];
    const own = await run(...sides, "--traffic", "gateway", "--days", "30");
    expect(JSON.parse(own.stdout)).toMatchObject({
      traffic: { events: 6, rejected: 3, days: 30, rows: [row] },
    });
    const live = await run(...sides, "--traffic", "export", "--days", "30");
    expect(JSON.parse(live.stdout)).toMatchObject({ traffic: { events: 6, rejected: 3, rows: [row] } });
    expect((await run(...sides, "--traffic", "export", "--destination", "nope")).code).toBe(2);
    await gateway.stop();
  } finally {
    await system.close();
  }
});
