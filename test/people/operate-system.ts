// A shop's database, a local Mixpanel and an opened people sync, for tests of operating it.
import { type Emulator, startEmulator } from "../../src/emulator/index.ts";
import {
  openPeopleContext,
  type PeopleContext,
  type PeopleDestination,
} from "../../src/people/people-context.ts";
import { markEveryone } from "../../src/people/capture/mark-changes.ts";
import { allSets } from "../../src/people/mapping/mapping.ts";
import { adoptMapping } from "../../src/people/state/plan-in-force.ts";
import { writeMarks } from "../../src/people/state/marks.ts";
import { createWorker } from "../../src/people/sync/worker.ts";
import {
  createMixpanelProfileStore,
  createMixpanelProvider,
  MIXPANEL_PLAN_LIMITS,
} from "../../src/providers/index.ts";
import { eventually } from "../support/emulator-client.ts";
import { lockOf } from "../support/plans.ts";
import type { TestPostgres } from "../support/postgres.ts";
import { addingMetrics, rememberingLog, systemClock } from "../support/quiet.ts";

const SCHEMA = `
create table users (id uuid primary key, email text not null, name text, plan text not null default 'free', created_at timestamptz not null default now());
create table orders (id bigint primary key generated always as identity, user_id uuid not null references users (id), status text not null, total numeric(10,2) not null);
create index on orders (user_id);`;

const PEOPLE = {
  $email: { type: "string", owner: "state", from: "users.email" },
  $name: { type: "string", owner: "state", from: "users.name" },
  plan_tier: { type: "string", owner: "state", from: "users.plan" },
  $created: { type: "datetime", owner: "state", from: "users.created_at" },
  orders_count: { type: "integer", owner: "state", from: { count: "orders" } },
  paid_count: { type: "integer", owner: "state", from: { count: "orders", where: { status: "paid" } } },
  paid_total: { type: "number", owner: "state", from: { sum: "orders.total", where: { status: "paid" } } },
  used_ios_app: { type: "boolean", owner: "client" },
};

/** The id of the n-th user. */
export function userId(index: number): string {
  return `00000000-0000-4000-8000-${String(index).padStart(12, "0")}`;
}

/** SQL that makes the first users, with two orders each. */
export function usersSql(count: number): string {
  return `
insert into users (id, email, name, plan) select ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, 'person' || n || '@example.com', 'Person ' || n, case when n % 3 = 0 then 'pro' else 'free' end from generate_series(1, ${count}) n;
insert into orders (user_id, status, total) select id, s, 10.5 from users, (values ('paid'), ('open')) v(s);
analyze;`;
}

export interface OperateSystem {
  readonly url: string;
  readonly emulator: Emulator;
  readonly context: PeopleContext;
  readonly destination: PeopleDestination;
  run(sql: string): Promise<void>;
  /** Rows of the state. */
  rows(sql: string): Promise<readonly Readonly<Record<string, string | null>>[]>;
  /** Marks users, or everybody. */
  mark(ids?: readonly string[]): Promise<void>;
  /** Runs a worker until no mark is left that is due. */
  drain(): Promise<void>;
  close(): Promise<void>;
}

export interface OperateOptions {
  readonly users?: number;
  readonly switches?: Readonly<Record<string, string>>;
  readonly clock?: { now(): number };
}

/** Opens all of it on a fresh database. */
export async function openOperateSystem(
  postgres: TestPostgres,
  options: OperateOptions = {},
): Promise<OperateSystem> {
  const url = await postgres.createDatabase();
  await postgres.run(url, SCHEMA + usersSql(options.users ?? 10));
  const clock = options.clock ?? systemClock;
  const emulator = await startEmulator({
    store: "memory",
    clock,
    ...(options.switches ? { switches: options.switches } : {}),
  });
  const account = { username: "sa", secret: "sa_secret" };
  const common = { host: emulator.url, token: "project-token", projectId: 1, serviceAccount: account, clock };
  const destination: PeopleDestination = {
    name: "product",
    provider: createMixpanelProvider(common),
    limits: MIXPANEL_PLAN_LIMITS,
    store: createMixpanelProfileStore({ ...common, erasureToken: "person-token" }),
  };
  const log = rememberingLog();
  const opened = await openPeopleContext({
    databaseUrl: url,
    lock: lockOf({ people: PEOPLE }),
    destinations: [destination],
    clock,
    log,
    metrics: addingMetrics(),
    random: Math.random,
    settings: { settleMs: 50, pollMs: 10, backoffMs: 20 },
  });
  if (opened.kind !== "open") throw new Error(JSON.stringify(opened.findings));
  const { context } = opened;
  await adoptMapping(context.state, context.mapping.hash);
  const mark = async (ids?: readonly string[]): Promise<void> => {
    if (!ids) {
      await markEveryone(context, {
        destinations: [destination.name],
        sets: allSets(context.mapping),
        cause: "a test",
      });
      return;
    }
    await context.state.transaction((tx) =>
      writeMarks(
        tx,
        ids.map((id) => ({ userId: id, sets: allSets(context.mapping) })),
        { destinations: [destination.name], lane: "live", cause: "a test" },
      ),
    );
  };
  return {
    url,
    emulator,
    context,
    destination,
    run: (sql) => postgres.run(url, sql),
    rows: (sql) => context.state.query(sql),
    mark,
    async drain() {
      const worker = createWorker({
        ...context,
        destination: destination.name,
        provider: destination.provider,
        limits: destination.limits,
        rules: context.rulesFor(destination),
      });
      const stop = new AbortController();
      const running = worker.run(stop.signal);
      try {
        await eventually(
          () =>
            context.state.query(
              `select count(*) as n from plumbline.marks m where not exists
               (select 1 from plumbline.quarantine q where q.destination = m.destination and q.user_id = m.user_id and q.property is null)`,
            ),
          ([row]) => row?.["n"] === "0",
          { what: `no marks: ${JSON.stringify(log.lines.slice(-3))}` },
        );
      } finally {
        stop.abort();
        await running;
      }
    },
    async close() {
      await destination.provider.close();
      await context.close();
      await emulator.close();
    },
  };
}
