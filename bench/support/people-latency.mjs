// Measure: from the return of a commit in the application to the provider's yes to the first request with that change's value or a later one.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { createPeopleSync, requestJob } from "../../dist/people/index.js";
import { printStatements, stats } from "./people-backfill.mjs";
import { openBenchPeople, run, SIZES, until } from "./people-database.mjs";

const execute = promisify(execFile);
const WRITES = new URL("people-writes.mjs", import.meta.url).pathname;
const RATES = [200, 1000, 3000];
const P50_MS = 100;
const P99_MS = 250;

const percentile = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];

/** Latencies of writes, by the acknowledgements of the provider. Values of a user only grow. */
export function latenciesOf(done, acks) {
  const byKey = new Map();
  for (const [id, property, value, at] of acks) {
    const key = `${id} ${property}`;
    const list = byKey.get(key);
    if (list) list.push([value, at]);
    else byKey.set(key, [[value, at]]);
  }
  let missed = 0;
  const latencies = [];
  for (const [id, property, value, committed] of done) {
    const answers = (byKey.get(`${id} ${property}`) ?? [])
      .filter(([seen]) => seen >= value)
      .map(([, at]) => at);
    if (answers.length > 0) latencies.push(Math.min(...answers) - committed);
    else missed += 1;
  }
  return { latencies: latencies.toSorted((a, b) => a - b), missed };
}

/** Until everything that is committed now was read, sent and acknowledged. */
export async function untilFollowed(url) {
  const [{ lsn }] = await run(url, "select pg_current_wal_insert_lsn()::text as lsn");
  await until(async () => {
    const [row] = await run(
      url,
      "select (select bool_and(confirmed_flush_lsn >= $1::pg_lsn) from pg_replication_slots where database = current_database()) and not exists (select from plumbline.marks) as done",
      [lsn],
    );
    return row?.done === true;
  });
}

async function measureRate({ url, provider, postgres }, { rate, from }) {
  await stats(provider, "/reset", "POST");
  const cpu = process.cpuUsage();
  const server = postgres.cpuSeconds();
  const { stdout } = await execute(
    process.execPath,
    [WRITES, url, String(rate), String(SIZES.seconds), String(SIZES.users), String(from)],
    { maxBuffer: 2 ** 28 },
  );
  const { done, late, refused } = JSON.parse(stdout);
  await untilFollowed(url);
  const acks = await stats(provider, "/acks");
  const { requests } = await stats(provider);
  const used = process.cpuUsage(cpu);
  const each = (seconds) => `${Math.round((seconds * 1e6) / done.length)} µs`;
  const { latencies, missed } = latenciesOf(done, acks);
  const [p50, p99] = [percentile(latencies, 0.5), percentile(latencies, 0.99)];
  return {
    measure: `commit → acknowledged, ${rate.toLocaleString("en-US")} writes/s: p50`,
    value: p50,
    unit: "ms",
    target: `p50 ≤ ${P50_MS} ms, p99 ≤ ${P99_MS} ms`,
    met: p50 <= P50_MS && p99 <= P99_MS && missed === 0,
    note: `p99 ${Math.round(p99)} ms, most ${Math.round(latencies.at(-1))} ms; ${done.length.toLocaleString("en-US")} writes in ${requests} requests; ${missed} missed; CPU a write: sync ${each((used.user + used.system) / 1e6)}, Postgres ${each(postgres.cpuSeconds() - server)}${late + refused > 0 ? `; the load was ${late} late, ${refused} refused` : ""}`,
  };
}

export async function measureLatency({ postgres, provider }) {
  const url = await postgres.createDatabase();
  const people = await openBenchPeople({ url, provider: provider.url });
  await people.setup();
  const stop = new AbortController();
  const running = createPeopleSync(people.context).run(stop.signal);
  await requestJob(people.context.state, { kind: "backfill", cause: "bench" });
  await until(async () => {
    const [row] = await people.context.state.query(
      "select (select phase = 'done' from plumbline.jobs where kind = 'backfill') and not exists (select from plumbline.marks) as done",
    );
    return row?.done === "t";
  });
  const rows = [];
  if (process.env.PLUMBLINE_BENCH_STATEMENTS === "1") {
    await printStatements(url);
    await run(url, "select pg_stat_statements_reset()");
  }
  // Values of a later run are greater than all of an earlier one.
  for (const [index, rate] of RATES.entries())
    rows.push(await measureRate({ url, provider, postgres }, { rate, from: index * 1_000_000 }));
  if (process.env.PLUMBLINE_BENCH_STATEMENTS === "1") await printStatements(url);
  stop.abort();
  await running;
  await people.close();
  return rows;
}
