// Measure: against what the idea began with, one job for each change and one request for each job, with graphile-worker and the same provider.
import { Logger, makeWorkerUtils, run as runWorker } from "graphile-worker";
import { request } from "undici";
import { createPeopleSync, requestJob } from "../../dist/people/index.js";
import { stats } from "./people-backfill.mjs";
import { openBenchPeople, run, SIZES, until } from "./people-database.mjs";
import { untilFollowed } from "./people-latency.mjs";
import pg from "pg";

const USERS = SIZES.isShort ? 2000 : 20_000;
/** Changes of each user: an order, another, and a visit. */
const CHANGES_PER_USER = 3;
/** The peer gets a share of the same users: it would take minutes. */
const PEER_USERS = SIZES.isShort ? 200 : 1000;
/** Jobs at once: one process as graphile-worker's own measurements have it, and four of them. */
const CONCURRENCIES = [24, 96];
const TIMES = 20;

const changesSql = (users) =>
  Array.from({ length: CHANGES_PER_USER }, (_, n) =>
    n === 2
      ? `update users set visits = visits + 1 where id in (select ${idSql} from generate_series(1, ${users}) g)`
      : `insert into orders (user_id, status, total, ref) select ${idSql}, 'paid', 5, ${(n + 1) * 10_000_000} + g from generate_series(1, ${users}) g`,
  );
const idSql = "('00000000-0000-4000-8000-' || lpad(to_hex(g), 12, '0'))::uuid";

const READ = `
select u.email, u.name, u.visits::int as visits, count(o.*) filter (where o.status = 'paid')::int as orders_count,
  coalesce(sum(o.total) filter (where o.status = 'paid'), 0)::float8 as total_spent, max(o.ref)::int as last_ref,
  (select s.plan from subscriptions s where s.user_id = u.id order by s.started_at desc limit 1) as plan_tier
from users u left join orders o on o.user_id = u.id where u.id = $1 group by u.id`;

/** One job reads one user and sends one request, as model callbacks with a queue do. */
async function peer({ url, provider }, concurrency) {
  await stats(provider, "/reset", "POST");
  const logger = new Logger(() => () => undefined);
  const utils = await makeWorkerUtils({ connectionString: url, logger });
  await utils.migrate();
  await utils.release();
  for (const sql of changesSql(PEER_USERS)) {
    await run(url, sql);
    await run(
      url,
      `select graphile_worker.add_job('profile', json_build_object('id', ${idSql})) from generate_series(1, ${PEER_USERS}) g`,
    );
  }
  const pool = new pg.Pool({ connectionString: url, max: concurrency + 4 });
  pool.on("error", () => undefined);
  pool.on("connect", (client) => client.on("error", () => undefined));
  let done = 0;
  const started = performance.now();
  const runner = await runWorker({
    pgPool: pool,
    concurrency,
    logger,
    crontab: "",
    noHandleSignals: true,
    pollInterval: 100,
    taskList: {
      profile: async ({ id }) => {
        const { rows } = await pool.query({ name: "read", text: READ, values: [id] });
        const { email, name, ...rest } = rows[0];
        const body = JSON.stringify([
          {
            $token: "t",
            $distinct_id: id,
            $ip: "0",
            $ignore_time: true,
            $set: { $email: email, $name: name, ...rest },
          },
        ]);
        const answer = await request(`${provider.url}/engage`, { method: "POST", body });
        await answer.body.dump();
        done += 1;
      },
    },
  });
  await until(() => done >= PEER_USERS * CHANGES_PER_USER);
  const seconds = (performance.now() - started) / 1000;
  await runner.stop();
  await pool.end();
  const { requests } = await stats(provider);
  return { usersPerSecond: PEER_USERS / seconds, requestsPerUser: requests / PEER_USERS };
}

/** The same changes through the people sync, which has sent everybody before. */
async function ours({ url, provider }) {
  const people = await openBenchPeople({ url, provider: provider.url });
  await people.setup();
  const stop = new AbortController();
  const running = createPeopleSync(people.context).run(stop.signal);
  await requestJob(people.context.state, { kind: "backfill", cause: "bench" });
  await until(async () => {
    const [job] = await people.context.state.query(
      "select phase from plumbline.jobs where kind = 'backfill'",
    );
    return job?.phase === "done";
  });
  await untilFollowed(url);
  await stats(provider, "/reset", "POST");
  const started = performance.now();
  for (const sql of changesSql(USERS)) await run(url, sql);
  await untilFollowed(url);
  const seconds = (performance.now() - started) / 1000;
  const { requests } = await stats(provider);
  stop.abort();
  await running;
  await people.close();
  return { usersPerSecond: USERS / seconds, requestsPerUser: requests / USERS };
}

export async function measureJobs({ postgres, provider }) {
  const peers = [];
  for (const concurrency of CONCURRENCIES)
    peers.push({
      concurrency,
      ...(await peer({ url: await postgres.createDatabase(), provider }, concurrency)),
    });
  const plumbline = await ours({ url: await postgres.createDatabase(), provider });
  const requestsPerUser = peers[0].requestsPerUser;
  return [
    ...peers.map(({ concurrency, usersPerSecond }, index) => {
      const ratio = plumbline.usersPerSecond / usersPerSecond;
      return {
        measure:
          index === 0
            ? `${USERS.toLocaleString("en-US")} users with ${CHANGES_PER_USER} changes each, from the first change to the last answer`
            : "the same",
        value: plumbline.usersPerSecond,
        unit: "users/s",
        ratio,
        against: `one job a change, one request a job (graphile-worker 0.17.3, ${concurrency} at once: ${Math.round(usersPerSecond)} users/s)`,
        target: `≥ ${TIMES} ×`,
        met: ratio >= TIMES,
        note: "the changes are made in the same time; the peer's jobs stand ready",
      };
    }),
    {
      measure: "requests for 1,000 of these users",
      value: plumbline.requestsPerUser * 1000,
      unit: "requests",
      ratio: requestsPerUser / plumbline.requestsPerUser,
      against: `fewer than one job a change (${Math.round(requestsPerUser * 1000).toLocaleString("en-US")})`,
    },
  ];
}
