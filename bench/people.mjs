// The people sync on one machine, with a real Postgres (fsync on) and a provider that answers after 50 ms: the log drained, everybody sent and
// compared, commit to acknowledgement, what capture costs the application, one job a change as the peer, and an outage.
// `PLUMBLINE_BENCH_SHORT=1`: a tenth of the data; `PLUMBLINE_BENCH_ONLY=drain,backfill,…`: some of the measures.
import { measureBackfill } from "./support/people-backfill.mjs";
import { measureCost } from "./support/people-cost.mjs";
import { startBenchPostgres } from "./support/people-database.mjs";
import { measureDrain } from "./support/people-drains.mjs";
import { measureJobs } from "./support/people-jobs.mjs";
import { measureLatency } from "./support/people-latency.mjs";
import { measureOutage } from "./support/people-outage.mjs";
import { start } from "./support/processes.mjs";

const MEASURES = {
  drain: measureDrain,
  backfill: measureBackfill,
  latency: measureLatency,
  cost: measureCost,
  jobs: measureJobs,
  outage: measureOutage,
};
const PROVIDER = new URL("support/people-provider.mjs", import.meta.url).pathname;

export async function run() {
  const wanted = process.env.PLUMBLINE_BENCH_ONLY?.split(",") ?? Object.keys(MEASURES);
  const postgres = await startBenchPostgres();
  const provider = await start([PROVIDER, "50"]);
  const rows = [];
  try {
    for (const name of wanted) {
      const started = performance.now();
      rows.push(...(await MEASURES[name]({ postgres, provider })));
      process.stderr.write(
        `bench: people/${name} took ${Math.round((performance.now() - started) / 1000)} s\n`,
      );
    }
  } finally {
    await provider.stop();
    await postgres.close();
  }
  return rows;
}
