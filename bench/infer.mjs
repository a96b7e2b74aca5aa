// `plumbline infer` over exported events of about 700 bytes: events a second on one core, beside bare JSON.parse of the same lines in the
// same run, and memory after half and after all. INFER_EVENTS sets how many; the target is meant for five million.
import { closeSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { spawnSync } from "node:child_process";
import { makeLine, makeRandom } from "./support/shop-events.mjs";

const EVENTS = Number(process.env.INFER_EVENTS ?? 5_000_000);
const BARE_EVENTS = Math.min(EVENTS, 1_000_000);
const PIECE_BYTES = 64 * 1024;
const TARGET_PER_SECOND = 150_000;
const TARGET_MB = 500;
const MB = 1e6;
const self = fileURLToPath(import.meta.url);

function writeEvents(path) {
  const random = makeRandom(7);
  const file = openSync(path, "w");
  let bytes = 0;
  let lines = [];
  for (let index = 0; index < EVENTS; index++) {
    const time = 1_790_000_000 + Math.floor((index / EVENTS) * 2_592_000);
    lines.push(makeLine(index, { random, time }));
    if (lines.length === 5000 || index === EVENTS - 1) {
      bytes += writeSync(file, `${lines.join("\n")}\n`);
      lines = [];
    }
  }
  closeSync(file);
  return bytes;
}

/** Pieces of a file, read in order. */
function* pieces(path) {
  const file = openSync(path);
  for (;;) {
    const piece = Buffer.allocUnsafe(PIECE_BYTES);
    const read = readSync(file, piece, 0, PIECE_BYTES, null);
    if (read === 0) break;
    yield piece.subarray(0, read);
  }
  closeSync(file);
}

const cpuSeconds = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

/** One contestant in a process of its own, so that memory and compiled code are its own. */
async function measure(kind, path) {
  const { EventLines, makeTrafficProfile, proposePlan, writePlan } = await import("../dist/infer/index.js");
  const limit = kind === "bare" ? BARE_EVENTS : EVENTS;
  const profile = makeTrafficProfile({ forbiddenIds: ["undefined", "null"] });
  const memory = [];
  let count = 0;
  const sample = (at) => {
    if (memory.length === 0 && at >= limit / 2) memory.push(process.memoryUsage().rss);
  };
  const started = performance.now();
  const cpuStarted = cpuSeconds();
  if (kind === "bare") {
    let held = "";
    for (const piece of pieces(path)) {
      const text = held + piece.toString("utf8");
      const end = text.lastIndexOf("\n");
      let start = 0;
      for (let at = text.indexOf("\n"); at >= 0 && at <= end; at = text.indexOf("\n", start)) {
        if (typeof JSON.parse(text.slice(start, at)).event === "string") count += 1;
        start = at + 1;
      }
      held = text.slice(end + 1);
      if (count >= limit) break;
    }
  } else {
    const lines = new EventLines((event) => profile.add(event));
    for (const piece of pieces(path)) {
      lines.push(piece);
      sample(profile.count);
    }
    lines.end();
    count = profile.count;
    writePlan(proposePlan(profile, { name: "bench" }).draft, []);
  }
  const seconds = (performance.now() - started) / 1000;
  memory.push(process.memoryUsage().rss);
  process.stdout.write(JSON.stringify({ count, seconds, cpu: cpuSeconds() - cpuStarted, memory }));
}

function runChild(kind, path) {
  const child = spawnSync(process.execPath, [self, kind, path], {
    encoding: "utf8",
    env: { ...process.env, INFER_EVENTS: String(EVENTS) },
  });
  if (child.status !== 0) throw new Error(`${kind} ended with ${child.status}: ${child.stderr}`);
  return JSON.parse(child.stdout);
}

/** @returns {Promise<{ measure: string, value: number, unit: string, ratio?: number, against?: string, target?: string, met?: boolean, note?: string }[]>} */
export async function run() {
  const path = join(tmpdir(), `plumbline-bench-infer-${process.pid}.ndjson`);
  try {
    const bytes = writeEvents(path);
    const before = runChild("bare", path);
    const ours = runChild("infer", path);
    const after = runChild("bare", path);
    const rate = ours.count / ours.cpu;
    // The limit is taken before and after, so that a slow moment of the machine meets both.
    const bare = (before.count + after.count) / (before.cpu + after.cpu);
    const [half = 0, all = 0] = ours.memory.map((rss) => rss / MB);
    return [
      {
        measure: `infer: ${EVENTS.toLocaleString("en-US")} events of ${Math.round(bytes / EVENTS)} bytes, a second of one core`,
        value: rate,
        unit: "events/s",
        ratio: rate / bare,
        against: "bare JSON.parse",
        target: `≥ ${TARGET_PER_SECOND.toLocaleString("en-US")}`,
        met: rate >= TARGET_PER_SECOND,
        note: `${Math.round(ours.count / ours.seconds).toLocaleString("en-US")} a second on the clock`,
      },
      {
        measure: "infer: bare JSON.parse of the same lines",
        value: bare,
        unit: "events/s",
        note: "the limit",
      },
      {
        measure: "infer: memory after all events",
        value: all,
        unit: "MB",
        ratio: all / half,
        against: "after half",
        target: `≤ ${TARGET_MB} MB`,
        met: all <= TARGET_MB,
        note: `${Math.round(half)} MB after half`,
      },
    ];
  } finally {
    rmSync(path, { force: true });
  }
}

const [, main, kind, path] = process.argv;
if (main === self && path !== undefined) await measure(kind, path);
