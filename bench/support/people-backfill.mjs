// Measure: everybody sent for the first time, then everybody compared with nothing changed.
import { createPeopleSync, requestJob } from "../../dist/people/index.js";
import { openBenchPeople, run, SIZES, until } from "./people-database.mjs";

const BACKFILL_PER_SECOND = 20_000;
const RECONCILE_PER_SECOND = 25_000;

/** Asks for a walk over everybody and waits until it is done and no mark is left; answers the seconds. */
async function walk(context, kind) {
  const started = performance.now();
  await requestJob(context.state, { kind, cause: "bench" });
  await until(async () => {
    const [job] = await context.state.query("select phase from plumbline.jobs where kind = $1", [kind]);
    if (job?.phase !== "done") return false;
    return (await context.state.query("select from plumbline.marks limit 1")).length === 0;
  });
  return (performance.now() - started) / 1000;
}

export async function stats(provider, path = "/stats", method = "GET") {
  return (await fetch(`${provider.url}${path}`, { method })).json();
}

export async function measureBackfill({ postgres, provider }) {
  const { users } = SIZES;
  const url = await postgres.createDatabase();
  const people = await openBenchPeople({ url, provider: provider.url });
  await people.setup();
  await stats(provider, "/reset", "POST");
  const stop = new AbortController();
  const running = createPeopleSync(people.context).run(stop.signal);
  // Until the worker has its leases.
  await until(
    async () => (await run(url, "select from plumbline.leases where owner is not null limit 1")).length > 0,
  );
  const cpu = process.cpuUsage();
  const [server, taker] = [postgres.cpuSeconds(), provider.cpuSeconds()];
  const backfill = await walk(people.context, "backfill");
  const used = process.cpuUsage(cpu);
  const [serverUsed, takerUsed] = [postgres.cpuSeconds() - server, provider.cpuSeconds() - taker];
  const { requests, updates } = await stats(provider);
  if (updates !== users) throw new Error(`the provider has ${updates} updates of ${users} users`);
  const before = process.cpuUsage();
  const serverBefore = postgres.cpuSeconds();
  const reconcile = await walk(people.context, "reconcile");
  const usedAgain = process.cpuUsage(before);
  const serverAgain = postgres.cpuSeconds() - serverBefore;
  const after = await stats(provider);
  if (after.updates !== updates) throw new Error("a comparison without changes sent something");
  if (process.env.PLUMBLINE_BENCH_STATEMENTS === "1") await printStatements(url);
  stop.abort();
  await running;
  await people.close();
  const own = ({ user, system }) => (user + system) / 1e6;
  const each = (seconds) => `${((seconds * 1e6) / users).toFixed(0)} µs`;
  return [
    {
      measure: `backfill of ${users.toLocaleString("en-US")} users, 7 properties`,
      value: users / backfill,
      unit: "users/s",
      target: `≥ ${BACKFILL_PER_SECOND.toLocaleString("en-US")}`,
      met: users / backfill >= BACKFILL_PER_SECOND,
      note: `${requests} requests; from asking to the last mark gone; CPU a user: sync ${each(own(used))}, Postgres ${each(serverUsed)}, provider ${each(takerUsed)}`,
    },
    {
      measure: "reconcile, nothing changed",
      value: users / reconcile,
      unit: "users/s",
      target: `≥ ${RECONCILE_PER_SECOND.toLocaleString("en-US")}`,
      met: users / reconcile >= RECONCILE_PER_SECOND,
      note: `0 requests; CPU a user: sync ${each(own(usedAgain))}, Postgres ${each(serverAgain)}`,
    },
  ];
}

/** Where the database spends its time, for tuning. */
export async function printStatements(url) {
  const rows = await run(
    url,
    `create extension if not exists pg_stat_statements;
     select round(total_exec_time)::int as ms, calls, rows, left(regexp_replace(query, '\\s+', ' ', 'g'), 90) as query
     from pg_stat_statements s join pg_database d on d.oid = s.dbid where d.datname = current_database() order by total_exec_time desc limit 14`,
  );
  for (const row of rows) process.stderr.write(`${JSON.stringify(row)}\n`);
}
