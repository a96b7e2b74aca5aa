// Delivery of a backlog of a million events to the emulator, against the emulator's own limit: the same requests sent straight to it.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { appendOutbox, encodeOutbox, OUTBOX_LOG } from "../dist/core/index.js";
import { createDelivery } from "../dist/delivery/index.js";
import { openJournal } from "../dist/journal/index.js";
import { createMixpanelProvider } from "../dist/providers/index.js";
import { makeEvent } from "./support/payload.mjs";
import { start } from "./support/processes.mjs";

const EVENTS = Number(process.env.PLUMBLINE_BENCH_EVENTS ?? 1_000_000);
const CHUNK = 10_000;
const PER_REQUEST = 2000;
const PARALLEL = 10;
const LIMIT_PER_SECOND = 30_000;
const GROWTH_MAX_MB = 150;
const MAIN = new URL("../dist/cli/main.js", import.meta.url).pathname;

function payloadOf() {
  const { event, properties } = makeEvent();
  delete properties.token;
  properties.time = Math.round(properties.time * 1000);
  properties.ip = 0;
  return JSON.stringify({ event, properties });
}

/** The emulator's bare limit: bodies made before, posted as fast as it answers. */
async function bareLimit(url) {
  const bodies = Array.from({ length: 25 }, () =>
    gzipSync(Array.from({ length: PER_REQUEST }, payloadOf).join("\n"), { level: 1 }),
  );
  const total = Math.min(EVENTS, 400_000) / PER_REQUEST;
  let next = 0;
  const started = performance.now();
  const lane = async () => {
    while (next < total) {
      const body = bodies[next++ % bodies.length];
      const answer = await fetch(`${url}/import?strict=1&project_id=1`, {
        method: "POST",
        headers: {
          authorization: "Basic c2E6cw==",
          "content-type": "application/x-ndjson",
          "content-encoding": "gzip",
        },
        body,
      });
      if (answer.status !== 200)
        throw new Error(`the emulator answered ${answer.status}: ${await answer.text()}`);
      await answer.arrayBuffer();
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, lane));
  return (total * PER_REQUEST * 1000) / (performance.now() - started);
}

/** Memory of this process without the pages of mapped files, which the kernel can take back. */
function ownBytes() {
  return Number(/RssAnon:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))[1]) * 1024;
}

async function fill(journal) {
  let position = 0;
  while (position < EVENTS) {
    const header = {
      kind: "event",
      ids: ["d"],
      repeatable: true,
      source: "web",
      name: "Order completed",
      time: Date.now(),
    };
    const records = Array.from({ length: CHUNK }, () => encodeOutbox(header, payloadOf()));
    await journal.write((write) => appendOutbox(write, OUTBOX_LOG, records));
    position += CHUNK;
  }
}

export async function run() {
  const folder = mkdtempSync(join(tmpdir(), "plumbline-bench-deliver-"));
  const clock = { now: Date.now };
  const quiet = { debug() {}, info() {}, warn() {}, error() {} };
  const journal = await openJournal({ directory: folder, clock, log: quiet, role: "primary" });
  await fill(journal);
  const bare = await start([MAIN, "emulator", "--port", "0"]);
  const limit = await bareLimit(bare.url);
  await bare.stop();
  const emulator = await start([MAIN, "emulator", "--port", "0"]);
  const provider = createMixpanelProvider({
    host: emulator.url,
    token: "mp",
    projectId: 1,
    serviceAccount: { username: "sa", secret: "s" },
    clock,
  });
  const delivery = createDelivery({
    destination: "bench",
    provider,
    journal,
    clock,
    log: quiet,
    metrics: { count() {}, gauge() {}, observe() {} },
    random: Math.random,
  });
  globalThis.gc?.();
  const stop = new AbortController();
  const memory = [];
  const cpu = process.cpuUsage();
  const started = performance.now();
  const running = delivery.run(stop.signal);
  while (delivery.state().position < EVENTS) {
    memory.push(ownBytes());
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  const seconds = (performance.now() - started) / 1000;
  const used = process.cpuUsage(cpu);
  stop.abort();
  await running;
  await provider.close();
  const stored = JSON.parse(
    execFileSync("curl", ["-s", `${emulator.url}/emulator/stats`], { encoding: "utf8" }),
  ).events;
  await emulator.stop();
  await journal.close();
  rmSync(folder, { recursive: true, force: true });
  if (stored !== EVENTS) throw new Error(`the emulator has ${stored} of ${EVENTS} events`);
  const rate = EVENTS / seconds;
  const target = Math.min(LIMIT_PER_SECOND, limit);
  // The first quarter warms up; after it memory must be flat.
  const quarter = Math.floor(memory.length / 4);
  const growth =
    (Math.max(...memory.slice(quarter)) - Math.max(...memory.slice(0, Math.max(1, quarter)))) / 2 ** 20;
  return [
    {
      measure: `delivery of a backlog of ${EVENTS.toLocaleString("en-US")} events`,
      value: rate,
      unit: "events/s",
      ratio: rate / limit,
      against: `the emulator's bare limit (${Math.round(limit).toLocaleString("en-US")}/s)`,
      target: `≥ ${Math.round(target).toLocaleString("en-US")} events/s (the lower of 30,000 and that limit)`,
      met: rate >= target,
      note: "all on two cores: delivery, gzip, emulator",
    },
    { measure: "CPU of delivery", value: (used.user + used.system) / EVENTS, unit: "µs/event" },
    {
      measure: "growth of memory after the first quarter",
      value: growth,
      unit: "MB",
      target: `≤ ${GROWTH_MAX_MB} MB`,
      met: growth <= GROWTH_MAX_MB,
      note: "without the pages of the journal's memory map, which the kernel can take back",
    },
  ];
}
