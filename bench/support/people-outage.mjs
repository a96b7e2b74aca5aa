// Measure: a provider that is away for a day, simulated by clock and volume. The log is read on, marks are coalesced, and what waits is bounded by
// the number of users, never by the number of changes.
import { createPeopleSync, requestJob } from "../../dist/people/index.js";
import { stats } from "./people-backfill.mjs";
import { openBenchPeople, run, SIZES, until, userId } from "./people-database.mjs";
import { untilFollowed } from "./people-latency.mjs";

const DAY_MS = 24 * 3_600_000;
const ORDERS_PER_HOUR = SIZES.isShort ? 5000 : 40_000;
const TOUCHED_USERS = Math.round(SIZES.users / 4);
const RETAINED_MAX_MB = 64;

/** A clock that a test can turn forward: pauses of the pace are over when it says so. */
function turnableClock() {
  let ahead = 0;
  return { now: () => Date.now() + ahead, turn: (ms) => void (ahead += ms) };
}

/** What the slot holds back once everything committed so far was read, in MB. */
async function retained(url) {
  const [{ lsn }] = await run(url, "select pg_current_wal_insert_lsn()::text as lsn");
  await until(async () => {
    const [row] = await run(
      url,
      "select confirmed_flush_lsn >= $1::pg_lsn as read from pg_replication_slots where database = current_database()",
      [lsn],
    );
    return row?.read === true;
  });
  const [row] = await run(
    url,
    "checkpoint; select (pg_current_wal_insert_lsn() - restart_lsn)::bigint as bytes from pg_replication_slots where database = current_database()",
  );
  return Number(row.bytes) / 2 ** 20;
}

export async function measureOutage({ postgres, provider }) {
  const url = await postgres.createDatabase();
  const clock = turnableClock();
  const people = await openBenchPeople({ url, provider: provider.url, clock });
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
  await stats(provider, "/down", "POST");
  const [wal, backlog] = [[], []];
  let changes = 0;
  for (let hour = 0; hour < 24; hour++) {
    const [{ n }] = await run(
      url,
      `with changed as (update orders set ref = ref + 1 where id > ${hour * ORDERS_PER_HOUR} and id <= ${(hour + 1) * ORDERS_PER_HOUR} and user_id <= '${userId(TOUCHED_USERS)}' returning 1)
       select count(*) as n from changed`,
    );
    changes += Number(n);
    clock.turn(DAY_MS / 24);
    wal.push(await retained(url));
    backlog.push(Number((await run(url, "select count(*) as n from plumbline.marks"))[0].n));
  }
  await stats(provider, "/up", "POST");
  const started = performance.now();
  clock.turn(DAY_MS);
  await untilFollowed(url);
  const seconds = (performance.now() - started) / 1000;
  stop.abort();
  await running;
  await people.close();
  await run(
    url,
    "select pg_drop_replication_slot(slot_name) from pg_replication_slots where database = current_database() and not active",
  );
  const [most, waiting] = [Math.max(...wal), Math.max(...backlog)];
  return [
    {
      measure: "24 h without the provider: log held back by the slot, at most",
      value: most,
      unit: "MB",
      target: `flat (≤ ${RETAINED_MAX_MB} MB)`,
      met: most <= RETAINED_MAX_MB,
      note: `${changes.toLocaleString("en-US")} changes in 24 steps of an hour; after each: ${wal.map((mb) => mb.toFixed(0)).join(", ")}`,
    },
    {
      measure: "the same: marks that wait, at most",
      value: waiting,
      unit: "marks",
      target: `≤ ${TOUCHED_USERS.toLocaleString("en-US")}, the users that changed`,
      met: waiting <= TOUCHED_USERS,
      note: `after 6, 12, 24 h: ${[5, 11, 23].map((hour) => backlog[hour].toLocaleString("en-US")).join(", ")}; sent ${seconds.toFixed(1)} s after its return`,
    },
  ];
}
