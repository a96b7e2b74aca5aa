// A local Mixpanel with many profiles, and a configuration that `plumbline clean` works by. For the bench of cleanup.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkPlan } from "../../dist/plan/index.js";
import { MIXPANEL_PLAN_LIMITS } from "../../dist/providers/index.js";
import { start } from "./processes.mjs";

const MAIN = new URL("../../dist/cli/main.js", import.meta.url).pathname;
const PLAN = `plumbline: 1
name: bench
sources: { api: { trust: server } }
identity: { user_id: { format: uuid } }
events: { done: { name: Thing done, sources: { api: {} }, properties: {} } }
`;
const PLANT_BATCH = 2000;
const PLANT_LANES = 4;

function uuid(index) {
  return `00000000-0000-4000-8000-${index.toString(16).padStart(12, "0")}`;
}

/** Profiles with the property that is to go, and some that stay. */
async function plant(url, profiles) {
  let next = 0;
  const lane = async () => {
    while (next < profiles) {
      const from = next;
      next += PLANT_BATCH;
      const updates = Array.from({ length: Math.min(PLANT_BATCH, profiles - from) }, (_, at) => ({
        $token: "t",
        $distinct_id: uuid(from + at),
        $ignore_time: true,
        $set: {
          plan: "free",
          orders: at,
          legacy_score: `score-${from + at}`,
          $email: `p${from + at}@example.com`,
        },
      }));
      const answer = await fetch(`${url}/engage?ip=0&verbose=1`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(updates),
      });
      if (!(await answer.text()).includes('"status":1')) throw new Error("planting was refused");
    }
  };
  await Promise.all(Array.from({ length: PLANT_LANES }, lane));
}

/** Resident memory at its highest, from /proc while the process lives. */
function watchMemory(pid) {
  let peakMb = 0;
  const samples = [];
  const timer = setInterval(() => {
    try {
      const status = readFileSync(`/proc/${pid}/status`, "utf8");
      const mb = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
      samples.push(mb);
      peakMb = Math.max(peakMb, mb);
    } catch {
      // It has just ended.
    }
  }, 200);
  return () => {
    clearInterval(timer);
    return { peakMb, samples };
  };
}

/** The project; `close` ends it. */
export async function makeCleanupProject(profiles) {
  const folder = mkdtempSync(join(tmpdir(), "plumbline-bench-cleanup-"));
  const planFile = join(folder, "plan.yaml");
  writeFileSync(planFile, PLAN);
  const disk = { expand: () => [], read: (path) => (path === planFile ? PLAN : undefined) };
  const { lock } = checkPlan(planFile, disk, { limits: [MIXPANEL_PLAN_LIMITS], today: "2026-11-25" });
  const room = `profiles_max=${profiles + 1000}`;
  const emulator = await start([MAIN, "emulator", "--port", "0", "--store", "memory", "--set", room]);
  await plant(emulator.url, profiles);
  let runs = 0;

  /** Runs `clean <work>` to its end and measures it. */
  async function clean(work, set, { updatesPerSecond = 100_000_000, backoffMs = 2000 } = {}) {
    const config = join(folder, "plumbline.yaml");
    writeFileSync(
      config,
      `plumbline: 1
plan: plan.yaml
data: data
sources: { api: { token: api_token } }
destinations: { product: { kind: mixpanel, host: "${emulator.url}", token: t, project_id: 1, service_account: { username: sa, secret: sa_secret }, events_per_second: ${updatesPerSecond}, backoff_ms: ${backoffMs} } }
`,
    );
    const file = join(folder, `${set.name}.json`);
    writeFileSync(file, JSON.stringify(set));
    const args = ["clean", work, file, "--apply", "--json", "--queries-per-hour", "1000000"];
    const started = performance.now();
    const child = spawn(process.execPath, [MAIN, "--config", config, ...args], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const memory = watchMemory(child.pid);
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text) => {
      output += text;
    });
    const [code] = await new Promise((resolve) => child.once("close", (...ended) => resolve(ended)));
    const seconds = (performance.now() - started) / 1000;
    if (code !== 0) throw new Error(`clean ${work} ended with ${code}: ${output}`);
    return { seconds, report: JSON.parse(output), ...memory() };
  }

  /** How many profiles a filter finds. */
  async function countWhere(where) {
    const answer = await fetch(`${emulator.url}/api/query/engage?project_id=1`, {
      method: "POST",
      headers: { authorization: `Basic ${Buffer.from("sa:sa_secret").toString("base64")}` },
      body: new URLSearchParams({ where }),
    });
    return (await answer.json()).total;
  }

  return {
    url: emulator.url,
    clean,
    countWhere,
    /** How many profiles have a property. */
    count: (name) => countWhere(`defined(properties[${JSON.stringify(name)}])`),
    setOf: (...steps) => ({
      name: `bench-${(runs += 1)}`,
      destination: "product",
      plan: lock.hash,
      madeAt: "2026-11-25T00:00:00.000Z",
      steps: steps.map((step) => ({ because: "bench", ...step })),
    }),
    close: async () => {
      await emulator.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
