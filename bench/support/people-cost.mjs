// Measure: what capture costs the application. pgbench, eight clients, on the mapped tables: two rows of users who cross each other's path, updated
// in one transaction; without capture, with the log read, with triggers. Capture runs with a destination that is away, so that what is counted is
// capture and not the sending, which belongs on another machine.
import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { createPeopleSync } from "../../dist/people/index.js";
import { openBenchPeople, run, SIZES, until } from "./people-database.mjs";

const execute = promisify(execFile);
const CLIENTS = 8;
const HOT_USERS = 1000;
const ROUNDS = SIZES.isShort ? 1 : 2;
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
    String(Math.round(SIZES.seconds * 0.7)),
    "-f",
    script,
  ];
  const { stdout } = await execute("pgbench", [...args, "--failures-detailed", url], { env: process.env });
  return {
    tps: Number(/tps = ([\d.]+)/.exec(stdout)[1]),
    failed: Number(/number of failed transactions: (\d+)/.exec(stdout)?.[1] ?? 0),
  };
}

/** A database with one way of capture, and the reader of it running. */
async function openWay({ postgres, provider }, method) {
  const url = await postgres.createDatabase();
  if (method === "none") return { url, start: async () => async () => undefined };
  const people = await openBenchPeople({ url, provider: provider.url, method });
  await people.setup();
  return {
    url,
    async start() {
      const stop = new AbortController();
      const sync = createPeopleSync(people.context);
      const running = sync.run(stop.signal);
      await until(async () => sync.state().captures.some(({ kind }) => kind === "running"));
      return async () => {
        stop.abort();
        await running;
      };
    },
    close: () => people.close(),
  };
}

const best = (list) => Math.max(...list.map(({ tps }) => tps));

export async function measureCost({ postgres, provider }) {
  if (!hasPgbench())
    return [
      {
        measure: "cost for the application",
        value: 0,
        unit: "",
        note: "skipped: there is no pgbench on this machine",
      },
    ];
  const folder = mkdtempSync(join(tmpdir(), "plumbline-bench-pgbench-"));
  const script = join(folder, "cross.sql");
  writeFileSync(script, SCRIPT);
  await fetch(`${provider.url}/down`, { method: "POST" });
  const ways = { none: undefined, wal: undefined, trigger: undefined };
  const results = { none: [], wal: [], trigger: [] };
  for (const method of Object.keys(ways)) ways[method] = await openWay({ postgres, provider }, method);
  const deadlocks = async () =>
    Number((await run(ways.none.url, "select sum(deadlocks) as n from pg_stat_database"))[0].n);
  const before = await deadlocks();
  for (let round = 0; round < ROUNDS; round++)
    for (const method of Object.keys(ways)) {
      const stop = await ways[method].start();
      results[method].push(await pgbench(ways[method].url, script));
      await stop();
    }
  await new Promise((resolve) => setTimeout(resolve, 1200));
  const found = (await deadlocks()) - before;
  for (const way of Object.values(ways)) await way.close?.();
  await run(
    ways.wal.url,
    "select pg_drop_replication_slot(slot_name) from pg_replication_slots where database = current_database() and not active",
  );
  await fetch(`${provider.url}/up`, { method: "POST" });
  rmSync(folder, { recursive: true, force: true });
  const base = best(results.none);
  const row = (method, what) => {
    const cost = 100 * (1 - best(results[method]) / base);
    return {
      measure: `cost for the application, ${what}`,
      value: Math.max(0, cost),
      unit: "%",
      ratio: best(results[method]) / base,
      against: `without capture (${Math.round(base).toLocaleString("en-US")} tps)`,
      target: `≤ ${LIMITS[method]} %, no deadlock`,
      met: cost <= LIMITS[method] && found === 0,
      note: `${results[method].map(({ tps }) => Math.round(tps).toLocaleString("en-US")).join(", ")} tps; reader and marks on the same two cores; ${found} deadlocks, ${results[method].reduce((sum, { failed }) => sum + failed, 0)} failed`,
    };
  };
  return [row("wal", "WAL capture"), row("trigger", "triggers")];
}
