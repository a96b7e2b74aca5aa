// An application's database, the running people sync and a local Mixpanel, for tests of the whole way from commit to profile.
import { type Emulator, startEmulator } from "../../src/emulator/index.ts";
import type { Provider } from "../../src/core/index.ts";
import type { PeopleOptions } from "../../src/people/people-context.ts";
import { openPeopleContext, type PeopleContext } from "../../src/people/people-context.ts";
import { createPeopleSync, type PeopleSync, type PeopleSyncOptions } from "../../src/people/people-sync.ts";
import { allSets } from "../../src/people/mapping/mapping.ts";
import { planUpdate } from "../../src/people/sync/plan-update.ts";
import { readState } from "../../src/people/sync/read-state.ts";
import { createMixpanelProvider, MIXPANEL_PLAN_LIMITS } from "../../src/providers/index.ts";
import { eventually, queryProfiles } from "../support/emulator-client.ts";
import { lockOf } from "../support/plans.ts";
import type { TestPostgres } from "../support/postgres.ts";
import {
  addingMetrics,
  type AddingMetrics,
  type RememberedLog,
  rememberingLog,
  systemClock,
} from "../support/quiet.ts";
import { setUpCapture } from "../support/people-setup.ts";

export interface SyncSystemOptions {
  /** SQL of the application's tables and their first rows. */
  readonly sql: string;
  readonly people: object;
  readonly state?: object;
  /** Old ids of the plan. */
  readonly translate?: object;
  readonly options?: Partial<
    Pick<PeopleOptions, "capture" | "database" | "deletedUsers" | "oldIdHash" | "settings" | "stateUrl">
  >;
  /** The local Mixpanel of another system; absent: one of its own. */
  readonly emulator?: Emulator;
  /** Stands between the sync and the local Mixpanel. */
  readonly wrap?: (provider: Provider) => Provider;
}

export type Profiles = ReadonlyMap<string, Readonly<Record<string, unknown>>>;

export interface RunningSystem {
  readonly sync: PeopleSync;
  stop(): Promise<void>;
}

export interface SyncSystem {
  readonly url: string;
  readonly emulator: Emulator;
  readonly context: PeopleContext;
  readonly metrics: AddingMetrics;
  readonly log: RememberedLog;
  readonly run: (sql: string) => Promise<void>;
  readonly rows: (sql: string) => Promise<readonly Readonly<Record<string, string | null>>[]>;
  readonly start: (options?: PeopleSyncOptions) => RunningSystem;
  /** What the local Mixpanel holds, without what it adds itself. */
  readonly profiles: () => Promise<Profiles>;
  /** What it should hold: every user's state, recomputed. */
  readonly expected: () => Promise<Profiles>;
  /** Waits until the local Mixpanel holds what it should. */
  readonly converges: (withinMs?: number) => Promise<Profiles>;
  readonly close: () => Promise<void>;
}

/** Recomputes what a destination should hold of every user in the database. */
export async function expectedProfiles(context: PeopleContext): Promise<Profiles> {
  const [destination] = context.destinations;
  if (!destination) throw new Error("no destination");
  const rows = await context.source.query(context.mapping.pageSql, [null, 1_000_000]);
  const userIds = rows.map(({ user_id: id }) => id ?? "");
  const sets = allSets(context.mapping);
  const read = await readState(context.source, context.mapping, { userIds, sets });
  const rules = context.rulesFor(destination);
  const expected = new Map<string, Readonly<Record<string, unknown>>>();
  for (const [userId, state] of read.users) {
    const planned = planUpdate(userId, { state, sets, known: { prints: undefined, unsure: false } }, rules);
    if (planned.kind === "send") expected.set(planned.id, planned.set);
  }
  return expected;
}

/** Profiles of the local Mixpanel; one that has nothing left is as good as none. */
export async function storedProfiles(emulatorUrl: string): Promise<Profiles> {
  const stored = new Map<string, Readonly<Record<string, unknown>>>();
  for (const { $distinct_id: id, $properties: properties } of await queryProfiles(emulatorUrl)) {
    const own = Object.entries(properties).filter(([name]) => name !== "$last_seen");
    if (own.length > 0) stored.set(id, Object.fromEntries(own));
  }
  return stored;
}

function sorted(profiles: Profiles): string {
  const entries = [...profiles].map(([id, properties]) => [
    id,
    Object.entries(properties).toSorted(([a], [b]) => (a < b ? -1 : 1)),
  ]);
  return JSON.stringify(entries.toSorted(([a], [b]) => (String(a) < String(b) ? -1 : 1)));
}

/** Whether two sets of profiles say the same. */
export function isSame(a: Profiles, b: Profiles): boolean {
  return sorted(a) === sorted(b);
}

/** Opens all of it on a fresh database, with everything set up that capture needs. */
export async function openSyncSystem(postgres: TestPostgres, ask: SyncSystemOptions): Promise<SyncSystem> {
  const url = await postgres.createDatabase();
  await postgres.run(url, ask.sql);
  const emulator = ask.emulator ?? (await startEmulator({ store: "memory", clock: systemClock }));
  const provider = createMixpanelProvider({ host: emulator.url, token: "project-token", clock: systemClock });
  const [metrics, log] = [addingMetrics(), rememberingLog()];
  const slot = `s_${new URL(url).pathname.slice(1)}`;
  const opened = await openPeopleContext({
    databaseUrl: url,
    lock: lockOf({
      people: ask.people,
      ...(ask.state ? { state: ask.state } : {}),
      ...(ask.translate ? { translate: ask.translate } : {}),
    }),
    destinations: [
      {
        name: "product",
        provider: ask.wrap?.(provider) ?? provider,
        limits: MIXPANEL_PLAN_LIMITS,
        store: undefined,
      },
    ],
    clock: systemClock,
    log,
    metrics,
    random: Math.random,
    ...ask.options,
    settings: {
      settleMs: 200,
      pollMs: 20,
      backoffMs: 20,
      backoffMaxMs: 200,
      leaseMs: 3000,
      requestTimeoutMs: 1500,
      ...ask.options?.settings,
    },
    capture: { ...ask.options?.capture, slot },
  });
  if (opened.kind !== "open") throw new Error(JSON.stringify(opened.findings));
  const { context } = opened;
  await setUpCapture(context);
  const running = new Set<RunningSystem>();
  const system: SyncSystem = {
    url,
    emulator,
    context,
    metrics,
    log,
    run: (sql) => postgres.run(url, sql),
    rows: (sql) => context.state.query(sql),
    start(options = {}) {
      const sync = createPeopleSync(context, options);
      const stop = new AbortController();
      const work = sync.run(stop.signal);
      // A failure shows when the test stops it.
      work.catch(() => undefined);
      const handle: RunningSystem = {
        sync,
        async stop() {
          stop.abort();
          running.delete(handle);
          await work;
        },
      };
      running.add(handle);
      return handle;
    },
    profiles: () => storedProfiles(emulator.url),
    expected: () => expectedProfiles(context),
    async converges(withinMs = 20_000) {
      let last: readonly Profiles[] = [];
      await eventually(
        async () => (last = [await system.profiles(), await system.expected()]),
        ([stored, expected]) => stored !== undefined && expected !== undefined && isSame(stored, expected),
        { withinMs, what: `profiles equal state; log: ${JSON.stringify(log.lines.slice(-4))}` },
      );
      return last[0] ?? new Map<string, Readonly<Record<string, unknown>>>();
    },
    async close() {
      await Promise.all([...running].map((handle) => handle.stop().catch(() => undefined)));
      await context.source.query(
        "select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = $1 and not active",
        [slot],
      );
      await provider.close();
      await context.close();
      if (!ask.emulator) await emulator.close();
    },
  };
  return system;
}
