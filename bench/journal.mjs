// The journal by itself: durable appends with many under way, against the disk's own fsync.
import { closeSync, fsyncSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openJournal } from "../dist/journal/index.js";
import { median } from "./support/processes.mjs";

const ROUNDS = 5;
const APPENDS = 20_000;
const RECORD = Buffer.alloc(700, 120);

function fsyncMicros(folder) {
  const file = openSync(join(folder, "fsync"), "w");
  const times = [];
  for (let index = 0; index < 200; index++) {
    writeSync(file, RECORD);
    const started = performance.now();
    fsyncSync(file);
    times.push((performance.now() - started) * 1000);
  }
  closeSync(file);
  return median(times);
}

async function appendRate(journal, concurrency) {
  let left = APPENDS;
  const cpu = process.cpuUsage();
  const started = performance.now();
  const lane = async () => {
    while (left-- > 0) await journal.append("raw", RECORD);
  };
  await Promise.all(Array.from({ length: concurrency }, lane));
  const used = process.cpuUsage(cpu);
  return {
    perSecond: (APPENDS * 1000) / (performance.now() - started),
    cpuMicros: (used.user + used.system) / APPENDS,
  };
}

export async function run() {
  const folder = mkdtempSync(join(tmpdir(), "plumbline-bench-journal-"));
  const quiet = { debug() {}, info() {}, warn() {}, error() {} };
  const journal = await openJournal({
    directory: folder,
    clock: { now: Date.now },
    log: quiet,
    role: "primary",
  });
  const rows = [];
  for (const concurrency of [1, 32, 256]) {
    const results = [];
    for (let round = 0; round < ROUNDS; round++) results.push(await appendRate(journal, concurrency));
    rows.push(
      {
        measure: `durable appends of ${RECORD.length} bytes, ${concurrency} under way`,
        value: median(results.map(({ perSecond }) => perSecond)),
        unit: "appends/s",
      },
      {
        measure: `CPU of an append, ${concurrency} under way`,
        value: median(results.map(({ cpuMicros }) => cpuMicros)),
        unit: "µs",
      },
    );
  }
  rows.push({ measure: "the disk's own fsync", value: fsyncMicros(folder), unit: "µs" });
  await journal.close();
  rmSync(folder, { recursive: true, force: true });
  return rows;
}
