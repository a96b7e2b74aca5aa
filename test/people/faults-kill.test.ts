// The fault proof, first part: the sync is killed with SIGKILL at each named point, again and again, while the application goes on writing. In the
// end the destination holds what a full recompute says. `PLUMBLINE_FAULT_SEEDS=100` tries a hundred histories a point.
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { requestJob } from "../../src/people/jobs/jobs.ts";
import { FAULT_POINTS, type FaultPointName } from "../../src/people/sync/fault-point.ts";
import { eventually } from "../support/emulator-client.ts";
import { startPostgres, type TestPostgres } from "../support/postgres.ts";
import { type ChildOptions, startSyncProcess, type SyncProcess } from "./fault-process.ts";
import type { SeenRequest } from "./fault-proxy.ts";
import { faultSeeds, PEOPLE, seeded, userId, writeHistory } from "./fault-shop.ts";
import { type FaultSystem, openFaultSystem } from "./fault-system.ts";

const STEPS_MAX = 400;
const KILLS = 2;
/** Short leases, so that the next process need not wait long for those of the killed one. */
const SETTINGS = {
  settleMs: 100,
  pollMs: 20,
  backoffMs: 20,
  backoffMaxMs: 100,
  leaseMs: 600,
  requestTimeoutMs: 300,
  liveBatchUsers: 5,
};
/** The destination refuses this user for as long as the name stands. */
const SPOILER = userId(99);

let postgres: TestPostgres;
let system: FaultSystem | undefined;
let child: SyncProcess | undefined;
beforeAll(async () => {
  postgres = await startPostgres();
});
afterEach(async () => {
  await child?.signal("SIGKILL");
  await system?.close();
  [child, system] = [undefined, undefined];
});
afterAll(() => postgres.close());

/** Points that are not passed all the time: what leads to them. */
async function provoke(point: FaultPointName, opened: FaultSystem): Promise<void> {
  const { context, proxy } = opened;
  if (point === "after-refusal") {
    proxy.fate = ({ updates }: SeenRequest) =>
      updates.some(({ $set: set }) => JSON.stringify(set ?? "").includes("spoiler"))
        ? { kind: "answer", status: 200, body: { status: 0, error: "spoiled" } }
        : { kind: "pass" };
    await opened.run(
      `insert into users (id, email, name) values ('${SPOILER}', 'spoiler', '') on conflict (id) do update set email = 'spoiler', name = users.name || '!'`,
    );
  }
  if (point === "after-page" || point === "after-page-read")
    await requestJob(context.state, { kind: "reconcile", cause: "a test" });
  if (point === "after-slot")
    // The server may take a while to see that its reader is gone.
    await eventually(
      async () => {
        const slot = `from pg_replication_slots where slot_name = '${context.capture.slot ?? ""}'`;
        await opened.run(`select pg_drop_replication_slot(slot_name) ${slot} and not active`);
        return opened.rows(`select 1 ${slot}`);
      },
      (slots) => slots.length === 0,
      { what: "the slot is gone" },
    );
}

/** Points that a process passes once or twice, and not again and again. */
const RARE: ReadonlySet<FaultPointName> = new Set([
  "after-slot",
  "after-page",
  "after-page-read",
  "after-refusal",
]);

interface Killing {
  readonly kills: number;
  /** The killed processes are over, and one runs that nobody kills. */
  readonly isOver: boolean;
}

/** Starts syncs that kill themselves, one after the other, and then one that does not. */
function startKilling(
  options: ChildOptions,
  ask: {
    readonly point: FaultPointName;
    readonly random: () => number;
    readonly before: () => Promise<void>;
  },
): { readonly state: () => Killing; readonly over: Promise<void> } {
  let state: Killing = { kills: 0, isOver: false };
  const run = async (): Promise<void> => {
    for (let kill = 1; kill <= KILLS; kill += 1) {
      await ask.before();
      const visit = RARE.has(ask.point) ? 1 : 1 + Math.floor(ask.random() * 3);
      child = await startSyncProcess({ ...options, kill: { point: ask.point, visit } });
      await child.over;
      expect(child.ended()).toBe("SIGKILL");
      state = { kills: kill, isOver: false };
    }
    child = await startSyncProcess(options);
    state = { kills: KILLS, isOver: true };
  };
  return { state: () => state, over: run() };
}

describe.each(FAULT_POINTS)("killed %s", (point) => {
  test.each(faultSeeds())("seed %i", async (seed) => {
    const opened = await openFaultSystem(postgres, { users: 8 });
    system = opened;
    const { context, url, proxy } = system;
    const options: ChildOptions = {
      databaseUrl: url,
      host: proxy.url,
      people: PEOPLE,
      settings: SETTINGS,
      capture: context.capture,
    };
    // A first run, so that the destination knows users and the state has a position.
    child = await startSyncProcess(options);
    await requestJob(context.state, { kind: "backfill", cause: "a test" });
    await opened.ends();
    await child.signal("SIGTERM");
    const random = seeded(seed * 1000 + FAULT_POINTS.indexOf(point));
    const killing = startKilling(options, { point, random, before: () => provoke(point, opened) });
    killing.over.catch(() => undefined);
    await writeHistory(url, {
      seed: seed * 7919 + FAULT_POINTS.indexOf(point),
      steps: STEPS_MAX,
      until: () => killing.state().isOver,
      // Some writes meet a process that starts, some one that works, some none.
      between: async () => {
        const before = proxy.seen.length;
        const { kills } = killing.state();
        await eventually(async () => proxy.seen.length > before || killing.state().kills > kills, Boolean, {
          withinMs: 100,
        }).catch(() => undefined);
      },
    });
    await killing.over;
    await writeHistory(url, { seed, steps: 10 });
    await opened.run(`update users set email = 'good' where id = '${SPOILER}'`);
    await opened.ends();
    expect(killing.state().kills).toBe(KILLS);
    expect(proxy.overlaps).toEqual([]);
  });
});
