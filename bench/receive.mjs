// The ack path on one core: gateway with durable acks, a bare node:http server that only parses, and what teams write by hand.
// Load: wrk on the other core, keep-alive connections. Contestants take turns; medians of five rounds.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeBody } from "./support/payload.mjs";
import { median, start } from "./support/processes.mjs";

const ROUNDS = 5;
const SECONDS = 3;
const BATCHES = [1, 20, 50];
const CONNECTIONS = 256;
const BODIES = 200;
const BARE_RATIO = 0.45;
const HANDMADE_RATIO = 5;
const P99_MS = 25;
/** Share of the gateway's own limit at which latency is measured: at the limit itself 256 waiting clients only measure the limit. */
const CALM_SHARE = 0.6;
const SERVERS = new URL("support/servers.mjs", import.meta.url).pathname;

/** @param {number} delayMs pause of each connection before a request, give or take half of it */
function luaScript(folder, batch, delayMs = 0) {
  const file = join(folder, `post-${batch}-${delayMs}.lua`);
  const bodies = Array.from({ length: BODIES }, () => `"${makeBody(batch)}"`).join(",\n");
  writeFileSync(
    file,
    `local bodies = {${bodies}}
local at = 0
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
request = function()
  at = at % #bodies + 1
  return wrk.format("POST", "/track?ip=1", nil, bodies[at])
end
${delayMs > 0 ? `delay = function() return math.random(${Math.round(delayMs / 2)}, ${Math.round(delayMs * 1.5)}) end` : ""}
done = function(summary, latency)
  io.write(string.format("RESULT %d %d %d %d\\n", summary.requests, summary.duration, latency:percentile(99), summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.timeout))
end
`,
  );
  return file;
}

function load(url, script, seconds) {
  const output = execFileSync(
    "taskset",
    ["-c", "1", "wrk", "-t1", `-c${CONNECTIONS}`, `-d${seconds}s`, "-s", script, url],
    {
      encoding: "utf8",
    },
  );
  const [, requests, micros, p99, errors] = /RESULT (\d+) (\d+) (\d+) (\d+)/.exec(output).map(Number);
  return { perSecond: (requests * 1e6) / micros, p99Ms: p99 / 1000, errors, requests };
}

function needsWrk() {
  try {
    execFileSync("wrk", ["-v"], { stdio: "ignore" });
    return false;
  } catch (error) {
    return error.code === "ENOENT";
  }
}

export async function run() {
  if (needsWrk()) return [{ measure: "receive", value: 0, unit: "", note: "needs wrk: apt-get install wrk" }];
  const folder = mkdtempSync(join(tmpdir(), "plumbline-bench-receive-"));
  const swallow = await start([SERVERS, "swallow"], { core: "1" });
  const servers = {
    gateway: await start([SERVERS, "gateway", join(folder, "journal")], { core: "0" }),
    bare: await start([SERVERS, "bare"], { core: "0" }),
    handmade: await start([SERVERS, "handmade"], { core: "0", env: { UPSTREAM: swallow.url } }),
  };
  const rows = [];
  for (const batch of BATCHES) {
    const script = luaScript(folder, batch);
    const results = { gateway: [], bare: [], handmade: [] };
    let cpuMicros = [];
    for (const { url } of Object.values(servers)) load(url, script, 1);
    for (let round = 0; round < ROUNDS; round++)
      for (const [name, server] of Object.entries(servers)) {
        const before = server.cpuSeconds();
        const result = load(server.url, script, SECONDS);
        // The hand-written peer fails some requests under this load; those of the other two would be a bug.
        if (result.errors > 0 && name !== "handmade") throw new Error(`${name}: ${result.errors} errors`);
        results[name].push(result);
        if (name === "gateway")
          cpuMicros.push(((server.cpuSeconds() - before) * 1e6) / (result.requests * batch));
      }
    const rate = (name) => median(results[name].map(({ perSecond }) => perSecond)) * batch;
    const p99 = (name) => median(results[name].map(({ p99Ms }) => p99Ms));
    // Median latency at the limit is connections ÷ rate; what is added to it as a pause sets the rate.
    const calmScript = luaScript(
      folder,
      batch,
      (CONNECTIONS * 1000 * batch) / (rate("gateway") * CALM_SHARE),
    );
    const calm = { gateway: [], bare: [] };
    for (let round = 0; round < ROUNDS; round++)
      for (const name of Object.keys(calm)) calm[name].push(load(servers[name].url, calmScript, SECONDS));
    const calmP99 = (name) => median(calm[name].map(({ p99Ms }) => p99Ms));
    const calmRate = median(calm.gateway.map(({ perSecond }) => perSecond)) * batch;
    const [own, limit, hand] = [rate("gateway"), rate("bare"), rate("handmade")];
    rows.push(
      {
        measure: `durable acks, batches of ${batch}, ${CONNECTIONS} connections, one core`,
        value: own,
        unit: "events/s",
        ratio: own / limit,
        against: "bare node:http that parses",
        target: `≥ ${BARE_RATIO} ×`,
        met: own / limit >= BARE_RATIO,
      },
      {
        measure: "the same, p99 at the limit",
        value: p99("gateway"),
        unit: "ms",
        ratio: p99("gateway") / p99("bare"),
        against: "bare node:http",
        target: `< ${P99_MS} ms`,
        met: p99("gateway") < P99_MS,
        note: `${CONNECTIONS} clients that always wait: at this rate the mean alone is ${((CONNECTIONS * 1000 * batch) / own).toFixed(0)} ms`,
      },
      {
        measure: `the same, p99 at ${Math.round(calmRate).toLocaleString("en-US")} events/s`,
        value: calmP99("gateway"),
        unit: "ms",
        ratio: calmP99("gateway") / calmP99("bare"),
        against: "bare node:http",
        target: `< ${P99_MS} ms`,
        met: calmP99("gateway") < P99_MS,
      },
      {
        measure: `the same, against Express + Ajv + fetch`,
        value: hand,
        unit: "events/s (theirs)",
        ratio: own / hand,
        against: "hand-written",
        target: `≥ ${HANDMADE_RATIO} ×`,
        met: own / hand >= HANDMADE_RATIO,
        note: `${results.handmade.reduce((sum, { errors }) => sum + errors, 0)} of its requests failed`,
      },
      { measure: `CPU of receiving, batches of ${batch}`, value: median(cpuMicros), unit: "µs/event" },
    );
  }
  await Promise.all([...Object.values(servers), swallow].map((server) => server.stop()));
  rmSync(folder, { recursive: true, force: true });
  return rows;
}
