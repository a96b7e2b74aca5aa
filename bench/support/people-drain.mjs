// Reads a slot until a number of changes has come, in a process of its own, and prints how long it took and what it cost.
// Usage: node people-drain.mjs <bare|ours|marks|library> <url> <provider> <slot> <changes>
import { ChangeCollector } from "../../dist/people/capture/wal/collect-changes.js";
import { PgOutputDecoder } from "../../dist/people/capture/wal/pgoutput.js";
import { ReplicationClient } from "../../dist/people/capture/wal/replication-client.js";
import { WalCapture } from "../../dist/people/capture/wal/wal-capture.js";
import { planCapture, readServerFacts } from "../../dist/people/index.js";
import { benchLog, openBenchPeople, quietMetrics } from "./people-database.mjs";

const [kind, url, provider, slot] = process.argv.slice(2);
const wanted = Number(process.argv[6]);
const people = await openBenchPeople({ url, provider });
const { context } = people;
const facts = await readServerFacts(context.source, context.mapping, context.capture);
const { plan } = planCapture(context.mapping, facts, context.capture);
const { publication } = plan;
// So often what was collected is taken and the position reported back, as the capture does.
const FLUSH_VALUES = 50_000;
const FLUSH_MS = 15;
const COMMIT = "C".charCodeAt(0);
const UPDATE = "U".charCodeAt(0);

/** Counts bytes and messages of changes; nothing is decoded. */
async function bare(stop) {
  const client = await ReplicationClient.open(context.source.config);
  let [changes, bytes] = [0, 0];
  await new Promise((resolve, reject) => {
    client.ended.catch(reject);
    void client.start(
      { slot, publication, from: 0n },
      {
        message(buffer, at) {
          bytes += buffer.length;
          if (buffer[at] === UPDATE) changes += 1;
          if (changes >= wanted) resolve();
        },
        keepAlive() {},
      },
    );
  });
  stop();
  client.close();
  return { bytes };
}

/** Decodes and collects as the capture does, reports positions, and writes no marks. */
async function ours(stop) {
  const client = await ReplicationClient.open(context.source.config);
  const collector = new ChangeCollector(plan);
  const decoder = new PgOutputDecoder(collector);
  let [rows, flushedAt] = [0, performance.now()];
  await new Promise((resolve, reject) => {
    client.ended.catch(reject);
    void client.start(
      { slot, publication, from: 0n },
      {
        message(buffer, at) {
          decoder.decode(buffer, at);
          if (buffer[at] !== COMMIT) {
            if (buffer[at] === UPDATE) rows += 1;
            return;
          }
          const now = performance.now();
          if (collector.size < FLUSH_VALUES && now - flushedAt < FLUSH_MS && rows < wanted) return;
          flushedAt = now;
          client.report(collector.take().endLsn, Date.now());
          if (rows >= wanted) resolve();
        },
        keepAlive() {},
      },
    );
  });
  stop();
  client.close();
  return {};
}

/** The capture itself: marks on disk, and the position after them. */
async function marks(stop) {
  let [rows, flushes] = [0, 0];
  const end = new AbortController();
  let ended = () => undefined;
  const all = new Promise((resolve) => {
    ended = resolve;
  });
  const capture = new WalCapture(
    {
      source: context.source,
      state: context.state,
      isSameDatabase: true,
      destinations: ["product"],
      clock: context.clock,
      log: benchLog,
      metrics: {
        ...quietMetrics,
        count(name, _labels, by = 1) {
          if (name !== "plumbline_people_changes_total") return;
          rows += by;
          flushes += 1;
          if (rows >= wanted) ended();
        },
      },
      onMarked() {},
      requestEveryone: async () => undefined,
    },
    { mapping: context.mapping, plan: { ...plan, slot } },
  );
  const running = capture.run(end.signal);
  await all;
  stop();
  end.abort();
  await running;
  const [{ count }] = await context.state.query("select count(*) as count from plumbline.marks");
  return { flushes, users: Number(count) };
}

/** `pg-logical-replication` with its own decoder and automatic acknowledgement. */
async function library(stop) {
  const { LogicalReplicationService, PgoutputPlugin } = await import("pg-logical-replication");
  const service = new LogicalReplicationService({ connectionString: url });
  const plugin = new PgoutputPlugin({ protoVersion: 1, publicationNames: [publication] });
  let changes = 0;
  await new Promise((resolve, reject) => {
    service.on("data", (_lsn, message) => {
      if (message.tag === "update") changes += 1;
      if (changes >= wanted) resolve();
    });
    service.on("error", reject);
    void service.subscribe(plugin, slot).catch(reject);
  });
  stop();
  await service.stop();
  return {};
}

let peak = 0;
const watch = setInterval(() => {
  peak = Math.max(peak, process.memoryUsage().rss);
}, 50);
const cpu = process.cpuUsage();
const started = performance.now();
let seconds = 0;
const result = await { bare, ours, marks, library }[kind](() => {
  seconds = (performance.now() - started) / 1000;
});
clearInterval(watch);
const used = process.cpuUsage(cpu);
await people.close();
await new Promise((resolve) => setTimeout(resolve, 200));
process.stdout.write(
  `${JSON.stringify({ ...result, seconds, cpuSeconds: (used.user + used.system) / 1e6, peakMb: Math.max(peak, process.memoryUsage().rss) / 2 ** 20 })}\n`,
);
process.exit(0);
