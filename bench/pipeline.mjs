// The whole way on both cores: HTTP in, journal, judge, delivery to a destination that swallows; sustained, with the backlog watched.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { start } from "./support/processes.mjs";
import { PLAN } from "./support/payload.mjs";

/** 5 million events at the target rate, for the memory bound. */
const SECONDS = Number(process.env.PLUMBLINE_BENCH_SECONDS ?? 100);
const TARGET_PER_SECOND = 50_000;
const MAIN = new URL("../dist/cli/main.js", import.meta.url).pathname;
const BATCH = 50;
const OWN_MAX_MB = 300;
/** Events that may wait when the load ends: two seconds of target. */
const LAG_MAX = 2 * TARGET_PER_SECOND;

function writeSystem(folder, { emulatorUrl, adminPort }) {
  writeFileSync(join(folder, "plan.yaml"), PLAN);
  writeFileSync(
    join(folder, "plumbline.yaml"),
    `plumbline: 1
plan: plan.yaml
data: data
listen: 127.0.0.1:0
admin: { listen: "127.0.0.1:${adminPort}" }
log: { level: warn }
journal: { raw: { max_age_hours: 1, max_bytes: 2000000000 }, outbox: { max_age_hours: 1, max_bytes: 2000000000 } }
sources: { web: { token: web_token, client_address: drop } }
destinations: { product: { kind: mixpanel, host: "${emulatorUrl}", token: mp, project_id: 1, service_account: { username: sa, secret: s } } }
`,
  );
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function lagOf(adminPort) {
  const { logs } = await (await fetch(`http://127.0.0.1:${adminPort}/v1/status`)).json();
  const behind = ({ last, consumers }) => last - Math.min(last, ...Object.values(consumers));
  // A record of `raw` is a request; one of the outbox is an event.
  return behind(logs[0]) * BATCH + behind(logs[1]);
}

/** A light client in a process of its own: a fixed number of requests each second. */
function startLoad(url, perSecond) {
  const script = new URL("support/steady-load.mjs", import.meta.url).pathname;
  return spawn(process.execPath, [script, url, String(perSecond), String(BATCH), String(SECONDS)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
}

async function output(child) {
  let text = "";
  for await (const chunk of child.stdout) text += chunk;
  return JSON.parse(text);
}

export async function run() {
  const folder = mkdtempSync(join(tmpdir(), "plumbline-bench-pipeline-"));
  const emulator = await start([MAIN, "emulator", "--port", "0", "--store", "swallow"]);
  const adminPort = await freePort();
  writeSystem(folder, { emulatorUrl: emulator.url, adminPort });
  const gateway = await start([MAIN, "up", "--config", join(folder, "plumbline.yaml")]);
  const before = { gateway: gateway.cpuSeconds(), emulator: emulator.cpuSeconds() };
  const load = startLoad(gateway.url, TARGET_PER_SECOND / BATCH);
  const lags = [];
  const timer = setInterval(() => void lagOf(adminPort).then((lag) => lags.push(lag)), 5000);
  const sent = await output(load);
  clearInterval(timer);
  const atEnd = await lagOf(adminPort);
  const drainStarted = performance.now();
  while ((await lagOf(adminPort)) > 0) await new Promise((resolve) => setTimeout(resolve, 100));
  const drainSeconds = (performance.now() - drainStarted) / 1000;
  const memory = gateway.rss();
  const used = {
    gateway: gateway.cpuSeconds() - before.gateway,
    emulator: emulator.cpuSeconds() - before.emulator,
  };
  await gateway.stop();
  await emulator.stop();
  rmSync(folder, { recursive: true, force: true });
  const rate = sent.events / sent.seconds;
  const worst = Math.max(atEnd, ...lags);
  const perEvent = (seconds) => (seconds * 1e6) / sent.events;
  return [
    {
      measure: `whole pipeline, both cores, ${Math.round(sent.seconds)} s, batches of ${BATCH}, asked for ${TARGET_PER_SECOND.toLocaleString("en-US")}/s`,
      value: rate,
      unit: "events/s",
      ratio: rate / TARGET_PER_SECOND,
      against: "asked for",
      target: "≥ 50,000 events/s, backlog not growing",
      met: rate >= TARGET_PER_SECOND * 0.99 && atEnd <= LAG_MAX,
      note: `load and emulator ran on the same two cores; ${sent.refused} requests refused; ${atEnd.toLocaleString("en-US")} events waited at the end`,
    },
    {
      measure: "backlog not yet delivered, largest seen",
      value: worst,
      unit: "events",
      note: `empty ${drainSeconds.toFixed(1)} s after the load ended; every 5 s: ${[...lags, atEnd].map((lag) => Math.round(lag / 1000)).join(", ")} thousand`,
    },
    {
      measure: "CPU of the gateway (receive, judge, deliver)",
      value: perEvent(used.gateway),
      unit: "µs/event",
    },
    { measure: "CPU of the swallowing emulator", value: perEvent(used.emulator), unit: "µs/event" },
    { measure: "CPU of the load", value: perEvent(sent.cpuSeconds), unit: "µs/event" },
    {
      measure: `own memory of the gateway after ${(sent.events / 1e6).toFixed(1)} million events`,
      value: memory.ownMb,
      unit: "MB",
      target: `< ${OWN_MAX_MB} MB`,
      met: memory.ownMb < OWN_MAX_MB,
      note: `${Math.round(memory.totalMb)} MB RSS with the pages of the journal's memory map, which the kernel can take back`,
    },
  ];
}
