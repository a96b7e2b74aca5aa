// Measure: what capture costs the application. pgbench, eight clients, on the mapped tables; each transaction changes users that other transactions
// change too, in any order. First the application's own side: set-up is there and nobody reads, as where reader and marks have another machine.
// Then with the reader and the marks on the same two cores, which pgbench alone keeps busy. The destination is away: sending is measured elsewhere.
import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { createPeopleSync } from "../../dist/people/index.js";
import { openBenchPeople, run, SIZES, until } from "./people-database.mjs";
import { median } from "./processes.mjs";

const execute = promisify(execFile);
const CLIENTS = 8;
const HOT_USERS = 1000;
const ROUNDS = SIZES.isShort ? 2 : 5;
/** A baseline that moves more than this from round to round says that something else ran: then nothing is judged. */
const BASELINE_SPREAD_MAX = 0.15;
const LIMITS = { wal: 5, trigger: 30 };

/** Ids are written as the database makes them; orders of a user are inserted and changed, and two users are updated in any order. */
const SCRIPT = `
\\set a random(1, ${HOT_USERS})
\\set b random(1, ${HOT_USERS})
\\set o random(1, ${SIZES.users})
begin;
update orders set total = total + 1 where id = :o;
insert into orders (user_id, status, total) values (('00000000-0000-4000-8000-' || lpad(to_hex(:a::bigint), 12, '0'))::uuid, 'paid', 10);
insert into orders (user_id, status, total) values (('00000000-0000-4000-8000-' || lpad(to_hex(:b::bigint), 12, '0'))::uuid, 'paid', 10);
update users set visits = visits + 1 where id = ('00000000-0000-4000-8000-' || lpad(to_hex(least(:a::bigint, :b::bigint)), 12, '0'))::uuid;
commit;
`;

function hasPgbench() {
  try {
    execFileSync("pgbench", ["--version"]);
    return true;
  } catch {
    return false;
  }
}

/** Transactions a second, and how many failed. */
async function pgbench(url, script) {
  const args = [
    "-n",
    "-M",
    "prepared",
    "-c",
    String(CLIENTS),
    "-j",
    "1",
    "-T",
    String(Math.round(SIZES.seconds * 0.3)),
    "-f",
    script,
  ];
  const { stdout } = await execute("pgbench", [...args, "--failures-detailed", url], { env: process.env });
  return {
    tps: Number(/tps = ([\d.]+)/.exec(stdout)[1]),
    failed: Number(/number of failed transactions: (\d+)/.exec(stdout)?.[1] ?? 0),
  };
}

const WAYS = [
  { name: "none", method: undefined, isRead: false },
  { name: "wal", method: "wal", isRead: false },
  { name: "trigger", method: "trigger", isRead: false },
  { name: "wal read", method: "wal", isRead: true },
  { name: "trigger read", method: "trigger", isRead: true },
];

/** A database with one way of capture. */
async function openWay({ postgres, provider }, { name, method, isRead }) {
  const url = await postgres.createDatabase();
  const way = { name, url, runs: [], start: async () => async () => undefined, close: async () => undefined };
  if (method === undefined) return way;
  const people = await openBenchPeople({ url, provider: provider.url, method });
  await people.setup();
  if (!isRead) return { ...way, close: () => people.close() };
  const start = async () => {
    const stop = new AbortController();
    const sync = createPeopleSync(people.context);
    const running = sync.run(stop.signal);
    await until(async () => sync.state().captures.some(({ kind }) => kind === "running"));
    return async () => {
      stop.abort();
      await running;
    };
  };
  return { ...way, start, close: () => people.close() };
}

async function dropSlots(url) {
  await run(
    url,
    "select pg_drop_replication_slot(slot_name) from pg_replication_slots where database = current_database() and not active",
  );
}

async function runWays(ways, script) {
  // The order turns, so that no way always comes after the same other.
  for (let round = 0; round < ROUNDS; round++)
    for (const way of [...ways.slice(round % ways.length), ...ways.slice(0, round % ways.length)]) {
      const stop = await way.start();
      way.runs.push(await pgbench(way.url, script));
      await stop();
    }
}

async function countDeadlocks(url) {
  // The server adds its counts up once a second.
  await new Promise((resolve) => setTimeout(resolve, 1200));
  return Number((await run(url, "select sum(deadlocks) as n from pg_stat_database"))[0].n);
}

/** Each round is held against the baseline of the same round; the middle one counts. */
function rowOf(way, { none, deadlocks, what, limit }) {
  const costs = way.runs.map(({ tps }, round) => 100 * (1 - tps / none.runs[round].tps));
  const cost = median(costs);
  const failed = way.runs.reduce((sum, one) => sum + one.failed, 0);
  const base = none.runs.map(({ tps }) => tps);
  const spread = 1 - Math.min(...base) / Math.max(...base);
  const isSteady = spread <= BASELINE_SPREAD_MAX;
  const judged = limit === undefined ? {} : { target: `≤ ${limit} %, no deadlock` };
  return {
    measure: `cost for the application, ${what}`,
    value: cost,
    unit: "%",
    ratio: 1 - cost / 100,
    against: `without capture (${Math.round(median(base)).toLocaleString("en-US")} tps)`,
    ...judged,
    ...(limit !== undefined && isSteady ? { met: cost <= limit && deadlocks + failed === 0 } : {}),
    note: `rounds: ${costs.map((each) => `${each.toFixed(0)} %`).join(", ")}; ${deadlocks} deadlocks, ${failed} failed${isSteady ? "" : `; not judged: the baseline itself moved by ${Math.round(spread * 100)} %`}`,
  };
}

export async function measureCost({ postgres, provider }) {
  if (!hasPgbench())
    return [
      { measure: "cost for the application", value: 0, unit: "", note: "skipped: there is no pgbench here" },
    ];
  const folder = mkdtempSync(join(tmpdir(), "plumbline-bench-pgbench-"));
  const script = join(folder, "cross.sql");
  writeFileSync(script, SCRIPT);
  await fetch(`${provider.url}/down`, { method: "POST" });
  const ways = [];
  for (const way of WAYS) ways.push(await openWay({ postgres, provider }, way));
  const [none, wal, trigger, walRead, triggerRead] = ways;
  const before = await countDeadlocks(none.url);
  await runWays(ways, script);
  const deadlocks = (await countDeadlocks(none.url)) - before;
  for (const way of ways) {
    await way.close();
    await dropSlots(way.url);
  }
  await fetch(`${provider.url}/up`, { method: "POST" });
  rmSync(folder, { recursive: true, force: true });
  const shared = { none, deadlocks };
  return [
    rowOf(wal, { ...shared, what: "WAL capture, its own side", limit: LIMITS.wal }),
    rowOf(trigger, { ...shared, what: "triggers, its own side", limit: LIMITS.trigger }),
    rowOf(walRead, { ...shared, what: "WAL, reader and marks on its two cores" }),
    rowOf(triggerRead, { ...shared, what: "triggers, reader and marks on its two cores" }),
  ];
}
