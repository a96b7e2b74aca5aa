// Erasing a person: nothing brings the profile back, and an interruption at any step is resumed. Real Postgres, local Mixpanel.
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { request } from "undici";
import { pollErasures, runErasure, startErasure } from "../../src/people/operate/erase.ts";
import type { ErasureProgress } from "../../src/people/operate/erase.ts";
import { markEveryone } from "../../src/people/capture/mark-changes.ts";
import { allSets } from "../../src/people/mapping/mapping.ts";
import { createWorker, type WorkerOptions } from "../../src/people/sync/worker.ts";
import { markUnsure } from "../../src/people/state/doubt.ts";
import { startPostgres, type TestPostgres } from "../support/postgres.ts";
import { eventually, queryProfiles } from "../support/emulator-client.ts";
import { openOperateSystem, type OperateOptions, type OperateSystem, userId } from "./operate-system.ts";

const ID = userId(1);
const signal = new AbortController().signal;
let postgres: TestPostgres;
const open: OperateSystem[] = [];

beforeAll(async () => {
  postgres = await startPostgres();
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((system) => system.close()));
});
afterAll(() => postgres.close());

async function synced(options: OperateOptions = {}): Promise<OperateSystem> {
  const system = await openOperateSystem(postgres, { users: 3, ...options });
  open.push(system);
  await system.mark();
  await system.drain();
  return system;
}

function begin(system: OperateSystem, again = false): Promise<void> {
  return startErasure(system.context, ID, { destinations: [system.destination], again });
}

function run(system: OperateSystem, options: object = {}): Promise<readonly ErasureProgress[]> {
  return runErasure(system.context, ID, {
    destinations: [system.destination],
    signal,
    pollMs: 20,
    ...options,
  });
}

async function profileIds(system: OperateSystem): Promise<readonly string[]> {
  const profiles = await queryProfiles(system.emulator.url);
  return profiles.map(({ $distinct_id: id }) => id).sort();
}

/** Every row of every table in which the id still stands. */
async function tracesOf(system: OperateSystem): Promise<readonly string[]> {
  const tables = ["marks", "profiles", "intents", "quarantine", "revisits", "erasures", "meta", "jobs"];
  const found: string[] = [];
  for (const table of tables) {
    const [row] = await system.rows(
      `select count(*) as n from plumbline.${table} t where t::text like '%${ID}%'`,
    );
    if (row?.["n"] !== "0") found.push(table);
  }
  return found;
}

const OTHERS = [userId(2), userId(3)];

async function fault(system: OperateSystem, body: object): Promise<void> {
  const answer = await request(`${system.emulator.url}/emulator/faults`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  expect(answer.statusCode).toBeLessThan(300);
  await answer.body.dump();
}

test("a person is erased step by step, and nothing but a hash of the id is left", async () => {
  const system = await synced();
  const steps: string[] = [];
  await begin(system);
  const [progress] = await run(system, { onStep: ({ step }: ErasureProgress) => void steps.push(step) });
  expect(steps).toEqual(["suppressed", "deleted", "requested", "erased", "done"]);
  expect(progress).toMatchObject({ destination: "product", state: "done", note: "" });
  expect(await profileIds(system)).toEqual(OTHERS);
  expect(await tracesOf(system)).toEqual([]);
});

test("neither a mark, a walk over everybody, a retry nor a change of the row brings the profile back", async () => {
  const system = await synced();
  await begin(system);
  await run(system);
  await system.run(`update users set name = 'again' where id = '${ID}'`);
  await system.mark([ID]);
  await system.drain();
  await markEveryone(system.context, {
    destinations: ["product"],
    sets: allSets(system.context.mapping),
    cause: "a backfill",
  });
  await system.drain();
  await markUnsure(system.context.state, {
    destination: "product",
    userIds: [ID],
    cause: "a retry",
    settleMs: 0,
  });
  await system.drain();
  expect(await profileIds(system)).toEqual(OTHERS);
});

describe("interrupted", () => {
  test.each(["suppressed", "deleted", "requested", "erased"] as const)(
    "after %s, it goes on from there with the id given again",
    async (at) => {
      const system = await synced();
      await begin(system);
      const stop = new AbortController();
      const steps: string[] = [];
      const [stopped] = await run(system, {
        signal: stop.signal,
        onStep: ({ step }: ErasureProgress) => {
          steps.push(step);
          if (step === at) stop.abort();
        },
      });
      expect(stopped).toMatchObject({ state: "waiting", step: at });
      expect(steps.at(-1)).toBe(at);
      const [done] = await run(system);
      expect(done).toMatchObject({ state: "done" });
      expect(await profileIds(system)).toEqual(OTHERS);
      expect(await tracesOf(system)).toEqual([]);
    },
  );

  test("with the destination's answer lost, it deletes once more", async () => {
    const system = await synced();
    await begin(system);
    await fault(system, { route: "engage", cut: "after", count: 1 });
    const [first] = await run(system, { waitMs: 0 });
    expect(first).toMatchObject({ state: "waiting", step: "suppressed" });
    expect(await run(system)).toMatchObject([{ state: "done" }]);
  });

  test("with the deletion's answer lost, it is asked for once more", async () => {
    const system = await synced();
    await begin(system);
    await fault(system, { route: "app", cut: "after", count: 1 });
    const [first] = await run(system, { waitMs: 0 });
    expect(first).toMatchObject({ state: "waiting", step: "deleted" });
    expect(await run(system)).toMatchObject([{ state: "done" }]);
  });
});

test("a request that was under way when the erasure began is waited for, and its profile does not survive", async () => {
  const system = await synced();
  const { context, destination } = system;
  const settings = { ...context.settings, leaseMs: 1500, requestTimeoutMs: 600, settleMs: 50 };
  let reached = (): void => undefined;
  let goOn = (): void => undefined;
  const isReached = new Promise<void>((resolve) => void (reached = resolve));
  const mayGoOn = new Promise<void>((resolve) => void (goOn = resolve));
  const options: WorkerOptions = {
    ...context,
    settings,
    destination: "product",
    provider: destination.provider,
    limits: destination.limits,
    rules: context.rulesFor(destination),
    at: async (name) => {
      if (name !== "before-send") return;
      reached();
      await mayGoOn;
    },
  };
  await system.run(`update users set name = 'under way' where id = '${ID}'`);
  await system.mark([ID]);
  const stop = new AbortController();
  const running = createWorker(options).run(stop.signal);
  try {
    await isReached;
    await begin(system);
    const erasing = runErasure({ ...context, settings }, ID, {
      destinations: [destination],
      signal,
      pollMs: 20,
    });
    // The erasure has fenced the partition, and waits.
    await eventually(
      () => system.rows("select not_before from plumbline.erasures"),
      ([row]) => row?.["not_before"] !== null,
    );
    goOn();
    expect(await erasing).toMatchObject([{ state: "done" }]);
    await eventually(
      () => system.rows("select count(*) as n from plumbline.marks"),
      ([row]) => row?.["n"] === "0",
    );
    expect(await profileIds(system)).toEqual(OTHERS);
  } finally {
    goOn();
    stop.abort();
    await running;
  }
});

test("a profile that somebody else writes meanwhile is seen by reading back, and deleted again", async () => {
  const system = await synced();
  await begin(system);
  let writes = 0;
  const steps: string[] = [];
  const stop = new AbortController();
  const options = {
    onStep: ({ step }: ErasureProgress) => {
      steps.push(step);
      if (step === "erased" && (writes += 1) === 1) stop.abort();
    },
  };
  await run(system, { ...options, signal: stop.signal });
  await request(`${system.emulator.url}/engage`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify([{ $token: "t", $distinct_id: ID, $set: { used_ios_app: true } }]),
  }).then(({ body }) => body.dump());
  expect(await run(system, options)).toMatchObject([{ state: "done" }]);
  expect(steps.filter((step) => step === "erased")).toHaveLength(2);
  expect(await profileIds(system)).toEqual(OTHERS);
});

test("a deletion that takes days is polled without the id, and finished with it", async () => {
  const system = await synced({ switches: { deletion_latency_ms: "60000" } });
  await begin(system);
  const [waiting] = await run(system, { waitMs: 0 });
  expect(waiting).toMatchObject({ state: "waiting", step: "requested" });
  expect(waiting?.task).toMatch(/^[0-9a-f-]{36}$/);
  await request(`${system.emulator.url}/emulator/switches`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ deletion_latency_ms: "0" }),
  }).then(({ body }) => body.dump());
  await eventually(
    () => pollErasures(system.context, { signal }),
    ([one]) => one?.step === "erased",
  );
  expect(await run(system, { waitMs: 0 })).toMatchObject([{ state: "done" }]);
});

test("without the right to delete events it says so and stays suppressed; profile only is enough where that is wanted", async () => {
  const system = await synced();
  const destination = { ...system.destination, store: undefined };
  await begin(system);
  const options = { destinations: [destination], signal };
  expect(await runErasure(system.context, ID, options)).toMatchObject([
    { state: "refused", step: "deleted" },
  ]);
  await system.mark([ID]);
  await system.drain();
  expect(await profileIds(system)).toEqual(OTHERS);
  expect(await runErasure(system.context, ID, { ...options, isProfileOnly: true })).toMatchObject([
    { state: "done", note: "not read back: no credentials" },
  ]);
});

test("an id that is on no list is not erased by going on, and one that is done begins again only when asked", async () => {
  const system = await synced();
  await expect(run(system)).rejects.toMatchObject({ code: "PEOPLE_ERASURE_UNKNOWN" });
  await begin(system);
  await run(system);
  await begin(system);
  expect(await system.rows("select step from plumbline.erasures")).toEqual([{ step: "done" }]);
  await begin(system, true);
  expect(await system.rows("select step from plumbline.erasures")).toEqual([{ step: "suppressed" }]);
});
