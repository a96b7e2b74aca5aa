// How fast the local Mixpanel takes a million events in through /import, and how much memory it needs for it.
// Bodies are made beforehand; the emulator runs in a process of its own with one connection a lane, as delivery sends.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { gzipSync } from "node:zlib";
import { Agent, request } from "undici";

const EVENTS = 1_000_000;
const BATCH = 2000;
const LANES = 4;
const DIFFERENT_BODIES = 20;
const TARGET_PER_SECOND = 60_000;
const MEMORY_TARGET_MIB = 400;
const AUTHORIZATION = `Basic ${Buffer.from("sa:sa_secret").toString("base64")}`;

function makeBody(index) {
  const lines = [];
  for (let at = 0; at < BATCH; at += 1) {
    const number = index * BATCH + at;
    const device = `00000000-0000-4000-8000-${(number % 50_000).toString(16).padStart(12, "0")}`;
    const properties = {
      time: Date.now() - number,
      distinct_id: `$device:${device}`,
      $device_id: device,
      $insert_id: `insert-${number.toString(36)}`,
      ip: 0,
      plan_tier: "pro",
      item_count: number % 99,
      total: number / 100,
      is_first_order: number % 2 === 0,
      mp_lib: "web",
      $os: "Linux",
      $browser: "Firefox",
      $current_url: "https://shop.example/checkout/confirm",
    };
    lines.push(JSON.stringify({ event: "Order completed", properties }));
  }
  return gzipSync(lines.join("\n"));
}

async function start(store) {
  const code = `
    import { startEmulator } from ${JSON.stringify(new URL("../dist/emulator/index.js", import.meta.url).href)};
    const emulator = await startEmulator({ store: ${JSON.stringify(store)} });
    console.log(emulator.url);
    process.once("SIGTERM", () => emulator.close());
  `;
  const child = spawn(process.execPath, ["--input-type=module", "-e", code], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout });
  const [url] = await once(lines, "line");
  return { child, url };
}

async function stats(url) {
  return (await request(`${url}/emulator/stats`)).body.json();
}

async function measure(store, bodies) {
  const { child, url } = await start(store);
  const agent = new Agent({ connections: LANES });
  let next = 0;
  let half = 0;
  const requests = EVENTS / BATCH;
  const started = performance.now();
  async function lane() {
    while (next < requests) {
      const body = bodies[next % bodies.length];
      next += 1;
      const answer = await request(`${url}/import?strict=1&project_id=1`, {
        method: "POST",
        dispatcher: agent,
        headers: {
          authorization: AUTHORIZATION,
          "content-type": "application/x-ndjson",
          "content-encoding": "gzip",
        },
        body,
      });
      const text = await answer.body.text();
      if (answer.statusCode !== 200)
        throw new Error(`import answered ${answer.statusCode}: ${text.slice(0, 300)}`);
      if (half === 0 && next > requests / 2) half = (await stats(url)).memoryBytes;
    }
  }
  await Promise.all(Array.from({ length: LANES }, lane));
  const seconds = (performance.now() - started) / 1000;
  const { events, memoryBytes } = await stats(url);
  if (events !== EVENTS) throw new Error(`${events} of ${EVENTS} events were stored`);
  const result = { perSecond: EVENTS / seconds, half, memoryBytes, viewSeconds: 0, viewMemory: 0 };
  if (store === "disk") {
    const began = performance.now();
    const view = await request(`${url}/emulator/events?view=deduplicated`);
    let lines = 0;
    for await (const chunk of view.body) for (const byte of chunk) if (byte === 10) lines += 1;
    if (lines !== bodies.length * BATCH) throw new Error(`the deduplicated view has ${lines} lines`);
    result.viewSeconds = (performance.now() - began) / 1000;
    result.viewMemory = (await stats(url)).memoryBytes;
  }
  await agent.close();
  child.kill("SIGTERM");
  await once(child, "exit");
  return result;
}

const MIB = 2 ** 20;

/** Measures; answers rows for the table. */
export async function run() {
  const bodies = Array.from({ length: DIFFERENT_BODIES }, (_, index) => makeBody(index));
  const rows = [];
  for (const store of ["disk", "swallow"]) {
    const { perSecond, half, memoryBytes, viewSeconds, viewMemory } = await measure(store, bodies);
    rows.push({
      measure: `/import of ${EVENTS.toLocaleString("en-US")} events, store=${store}`,
      value: perSecond,
      unit: "events/s",
      target: `≥ ${TARGET_PER_SECOND.toLocaleString("en-US")}`,
      met: perSecond >= TARGET_PER_SECOND,
    });
    rows.push({
      measure: `memory after them, store=${store}`,
      value: memoryBytes / MIB,
      unit: "MiB",
      ratio: memoryBytes / half,
      against: "after half of them",
      target: `≤ ${MEMORY_TARGET_MIB}`,
      met: memoryBytes / MIB <= MEMORY_TARGET_MIB,
    });
    if (store === "disk")
      rows.push({
        measure: "deduplicated view of all of them",
        value: viewSeconds,
        unit: "s",
        note: `${Math.round(viewMemory / MIB)} MiB afterwards`,
      });
  }
  return rows;
}
