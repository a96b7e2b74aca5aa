// `plumbline infer` as people run it: from a file, from stdin, from the raw export, from the gateway's own traffic; and a real gateway
// under the plan it proposes.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { request } from "undici";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { TrafficEvent } from "../../src/infer/index.ts";
import { ensureDist } from "../support/dist.ts";
import { eventually, exportEvents } from "../support/emulator-client.ts";
import { plumbline } from "../support/run-plumbline.ts";
import { makeSystem } from "../support/system.ts";
import { tempDirectory } from "../support/temp.ts";

ensureDist();
const directory = tempDirectory("infer");
const events: TrafficEvent[] = [];
const run = (...args: string[]) => plumbline(args, { cwd: directory });
const write = (name: string, content: string | Buffer) => writeFileSync(join(directory, name), content);
const read = (name: string) => readFileSync(join(directory, name), "utf8");
const ndjson = (list: readonly TrafficEvent[]) =>
  `${list.map((event) => JSON.stringify(event)).join("\n")}\n`;

beforeAll(async () => {
  const { playHistory } = (await import(
    new URL("../../examples/shop/history.mjs", import.meta.url).href
  )) as {
    playHistory(
      this: void,
      options: { days: number; visitsPerDay: number; emit: (event: TrafficEvent) => void },
    ): void;
  };
  playHistory({ days: 20, visitsPerDay: 30, emit: (event) => events.push(event) });
});

beforeEach(() => {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
});

describe("from files", () => {
  test("the plan is written with its evidence, passes check, and is the same the next time, packed or not", async () => {
    write("history.ndjson", ndjson(events));
    write("history.ndjson.gz", gzipSync(ndjson(events)));
    const first = await run("infer", "history.ndjson", "--out", "plan.yaml", "--report", "report.md");
    expect(first).toMatchObject({ code: 0, stdout: "plan.yaml: written\n" });
    expect(read("plan.yaml")).toMatch(/# .*spelling/);
    expect(read("report.md")).toContain("`mixed-types`");
    expect((await run("check", "plan.yaml")).code).toBe(0);
    expect((await run("infer", "history.ndjson.gz")).stdout).toBe(read("plan.yaml"));
    const child = spawn(process.execPath, [join(process.cwd(), "dist/cli/main.js"), "infer", "-"], {
      stdio: ["pipe", "pipe", "ignore"],
    });
    let piped = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      piped += text;
    });
    child.stdin.end(ndjson(events));
    await once(child, "close");
    expect(piped).toBe(read("plan.yaml"));
  });

  test("nothing is overwritten unasked", async () => {
    write("history.ndjson", ndjson(events.slice(0, 10)));
    write("plan.yaml", "mine");
    const refused = await run("infer", "history.ndjson", "--out", "plan.yaml");
    expect(refused.code).toBe(3);
    expect(refused.stderr).toContain("FILE_EXISTS");
    expect(read("plan.yaml")).toBe("mine");
    expect((await run("infer", "history.ndjson", "--out", "plan.yaml", "--force")).code).toBe(0);
  });

  test("as JSON: findings, counts and the plan", async () => {
    write("history.ndjson", ndjson(events));
    const { code, stdout } = await run("infer", "history.ndjson", "--json");
    expect(code).toBe(0);
    const result = JSON.parse(stdout) as {
      plan: string;
      findings: { id: string }[];
      summary: { events: number };
    };
    expect(result.summary.events).toBe(events.length);
    expect(result.findings.map(({ id }) => id)).toContain("many-spellings");
    expect(result.plan).toContain("plumbline: 1");
  });

  test("what cannot be read is named, with what to do", async () => {
    const missing = await run("infer", "nowhere.ndjson");
    expect(missing.code).toBe(3);
    expect(missing.stderr).toContain("Cannot read nowhere.ndjson");
    expect(missing.stderr).toContain("INPUT_UNREADABLE");
    write("empty.ndjson", "\n");
    expect((await run("infer", "empty.ndjson")).stderr).toContain("INPUT_EMPTY");
    write("broken.ndjson", `${ndjson(events.slice(0, 5))}{"event":\nexport terminated early\n`);
    const broken = await run("infer", "broken.ndjson");
    expect(broken.code).toBe(0);
    expect(broken.stderr).toContain("2 of 7 lines are no events (first: line 6)");
    expect(broken.stderr).toContain("broke off");
    write("broken.ndjson.gz", "no archive");
    expect((await run("infer", "broken.ndjson.gz")).stderr).toContain("Cannot read broken.ndjson.gz");
    const unwritable = await run("infer", "broken.ndjson", "--out", "nowhere/plan.yaml");
    expect(unwritable.stderr).toContain("FILE_UNWRITABLE");
    write("other.yaml", "a: 1\n");
    expect((await run("infer", "other.yaml")).stderr).toContain("no plan of a tool that is known");
    expect((await run("infer")).code).toBe(2);
    expect((await run("infer", "broken.ndjson", "--unseen-days", "x")).code).toBe(2);
  });
});

test("a gateway under the proposed plan quarantines nothing, and infer reads its traffic and the export alike", async () => {
  const sound = events.filter(({ properties: { distinct_id: id } }) => {
    const text = typeof id === "string" ? id : "";
    return !text.includes("@") && text !== "undefined";
  });
  write("history.ndjson", ndjson(sound));
  expect((await run("infer", "history.ndjson", "--out", "plan.yaml")).code).toBe(0);
  const tokens: Readonly<Record<string, string>> = { web: "w", swift: "i", android: "a", node: "n" };
  const system = await makeSystem({
    plan: read("plan.yaml"),
    sources: "sources: { web: { token: w }, ios: { token: i }, android: { token: a }, node: { token: n } }",
  });
  try {
    const gateway = await system.startGateway();
    for (let at = 0; at < sound.length; at += 100) {
      const batch = sound.slice(at, at + 100).map(({ event, properties }) => ({
        event,
        properties: { ...properties, token: tokens[String(properties["mp_lib"])] },
      }));
      const { statusCode, body } = await request(`${system.gatewayUrl}/track/?verbose=1`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(batch),
      });
      expect(await body.json()).toMatchObject({ status: 1 });
      expect(statusCode).toBe(200);
    }
    const delivered = await eventually(
      () => exportEvents(system.emulator.url),
      (list) => list.length >= sound.length,
      { what: "all events delivered", withinMs: 40_000 },
    );
    expect(delivered.length).toBe(sound.length);
    const listed = await plumbline(["quarantine", "list", "--config", system.config, "--json"]);
    expect(JSON.parse(listed.stdout)).toEqual([]);

    const own = await plumbline(["infer", "--gateway", "--config", system.config, "--json"]);
    const fromGateway = JSON.parse(own.stdout) as {
      summary: { events: number };
      counts: { sources: number };
    };
    expect(fromGateway).toMatchObject({ summary: { events: sound.length }, counts: { sources: 4 } });

    const days = ["--from", "2026-10-01", "--to", "2026-10-31"];
    const live = await plumbline([
      "infer",
      "--export",
      "product",
      ...days,
      "--config",
      system.config,
      "--json",
    ]);
    const fromExport = JSON.parse(live.stdout) as { summary: { events: number }; findings: { id: string }[] };
    expect(fromExport.summary.events).toBe(sound.length);
    // What was exported went through the gateway: spellings and types are in order by now.
    expect(fromExport.findings.map(({ id }) => id)).not.toContain("mixed-types");
    expect((await plumbline(["infer", "--export", "nope", ...days, "--config", system.config])).code).toBe(2);
    await gateway.stop();
  } finally {
    await system.close();
  }
});
