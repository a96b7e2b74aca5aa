// The mapping proof through the whole running sync: random applications, histories of several writers, and what the local Mixpanel holds in the
// end equals what reading everybody says. PLUMBLINE_PROOF_RUNS multiplies the runs; PLUMBLINE_PROOF_SEED repeats one.
import fc from "fast-check";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { CaptureMethod } from "../../src/people/capture/capture-plan.ts";
import { requestJob } from "../../src/people/jobs/jobs.ts";
import { startPostgres, type TestPostgres } from "../support/postgres.ts";
import {
  anyCase,
  type Case,
  firstRowsSql,
  peopleOf,
  schemaSql,
  type Sizes,
  stepSql,
  usersOf,
} from "./mapping-proof-model.ts";
import { openSyncSystem } from "./sync-system.ts";

const factor = Number(process.env["PLUMBLINE_PROOF_RUNS"] ?? "1");
const seed = Number(process.env["PLUMBLINE_PROOF_SEED"] ?? Date.now() % 1_000_000_000);
const RUNS = 4;
const SIZES: Sizes = { tables: 5, steps: 60, properties: 8 };
const WRITERS = 3;

let postgres: TestPostgres;
beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(() => postgres.close());

/** Each writer works through its own steps at its own pace; what the database refuses ends that transaction, as in any application. */
async function write(url: string, { app, steps }: Case, writer: number): Promise<void> {
  const client = new pg.Client({
    connectionString: url,
    options: "-c lock_timeout=500ms -c deadlock_timeout=50ms",
  });
  await client.connect();
  let isOpen = false;
  for (const step of steps) {
    if (step.writer !== writer) continue;
    try {
      if (!isOpen) await client.query("begin");
      isOpen = true;
      await client.query(stepSql(app, step));
      if (step.commits) {
        await client.query("commit");
        isOpen = false;
      }
    } catch (error) {
      if (!(error instanceof pg.DatabaseError)) throw error;
      await client.query("rollback");
      isOpen = false;
    }
  }
  if (isOpen) await client.query("commit");
  await client.end();
}

/** @returns How many profiles there are in the end. */
async function prove(example: Case, method: CaptureMethod | undefined): Promise<number> {
  const { app } = example;
  const setup = `${schemaSql(app, SIZES.tables)}\n${firstRowsSql(app, SIZES.tables)};`;
  const system = await openSyncSystem(postgres, {
    sql: setup,
    people: peopleOf(app),
    state: { users: usersOf(app) },
    options: method === undefined ? {} : { capture: { method } },
  });
  try {
    // Everybody is walked over while the writers are at work.
    await requestJob(system.context.state, { kind: "backfill", cause: "a test" });
    system.start();
    await Promise.all(Array.from({ length: WRITERS }, (_, writer) => write(system.url, example, writer)));
    return (await system.converges()).size;
  } catch (error) {
    const held = JSON.stringify([...(await system.profiles())]);
    const wanted = JSON.stringify([...(await system.expected())]);
    const steps = example.steps.map((step) => `/* ${step.writer} */ ${stepSql(app, step)};`);
    throw new Error(
      [String(error), setup, JSON.stringify(peopleOf(app)), ...steps, held, wanted].join("\n"),
      {
        cause: error,
      },
    );
  } finally {
    await system.close();
  }
}

const SYNCED = anyCase(SIZES).filter(({ app }) => app.id === "uuid" || app.id === "apart");

test.each([
  ["the log", undefined],
  ["triggers", "trigger"],
] as const)(
  `profiles equal state after any history, by %s (seed ${seed})`,
  { timeout: 120_000 * factor },
  async (_, method) => {
    let profiles = 0;
    const checked = await fc.check(
      fc.asyncProperty(SYNCED, async (example) => {
        profiles += await prove(example, method);
      }),
      { seed, numRuns: RUNS * factor, endOnFailure: true },
    );
    expect(checked.errorInstance).toBe(null);
    expect(profiles).toBeGreaterThan(0);
  },
);
