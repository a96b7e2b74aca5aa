// Runs steps of set-up or teardown one after another. Each step is whole or not at all, and a run that stopped in the middle is simply done again.
// A step that the application's writes would wait for gives up its place in the queue after a moment and tries again.
import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";
import { AppError } from "../../core/index.ts";
import { type Database, sqlState } from "../database/database.ts";
import type { Step } from "./step.ts";

export interface ApplyOptions {
  /** Told before each step; `index` from 0. */
  readonly onStep?: (step: Step, index: number) => void;
  /** How long the application's writes may have to wait behind one step. Default {@link LOCK_TIMEOUT_MS}. */
  readonly lockTimeoutMs?: number;
}

export const LOCK_TIMEOUT_MS = 3000;
/** Steps that nobody waits for may wait themselves: for the transactions that are open when they begin. */
const PATIENCE_MS = 600_000;
const ATTEMPTS_MAX = 5;
const BETWEEN_ATTEMPTS_MS = 1000;
/** Lock not available, deadlock: the same step may go through a moment later. */
const TRY_AGAIN = new Set(["55P03", "40P01"]);
const OBJECT_IN_USE = "55006";

function failure(step: Step, cause: unknown): AppError {
  const code = sqlState(cause);
  if (code === OBJECT_IN_USE)
    return new AppError("PEOPLE_SLOT_IN_USE", `Cannot ${step.what}: something still reads it`, { cause });
  const why = TRY_AGAIN.has(code)
    ? `${code}, the table stayed locked`
    : code === ""
      ? "the connection broke"
      : code;
  return new AppError("PEOPLE_SETUP_FAILED", `Cannot ${step.what}: ${why}`, {
    details: { step: step.what, sqlState: code },
    cause,
  });
}

async function runOnce(client: pg.Client, step: Step, lockTimeoutMs: number): Promise<void> {
  await client.query(`set lock_timeout = ${step.outsideTransaction ? PATIENCE_MS : lockTimeoutMs}`);
  if (step.outsideTransaction) {
    await client.query(step.sql);
    return;
  }
  await client.query("begin");
  try {
    await client.query(step.sql);
    await client.query("commit");
  } catch (error) {
    await client.query("rollback");
    throw error;
  }
}

async function run(client: pg.Client, step: Step, lockTimeoutMs: number): Promise<void> {
  for (let attempt = 1; ; attempt++)
    try {
      return await runOnce(client, step, lockTimeoutMs);
    } catch (error) {
      // An index that could not be finished is left half built: only fresh facts know to remove it.
      if (step.outsideTransaction || attempt >= ATTEMPTS_MAX || !TRY_AGAIN.has(sqlState(error)))
        throw failure(step, error);
      await pause(BETWEEN_ATTEMPTS_MS);
    }
}

/**
 * Runs the steps of `setupSql` on one connection.
 *
 * @throws {AppError} `PEOPLE_SETUP_FAILED` names the step and Postgres's code; the steps before it stay. Run it again with fresh facts.
 */
export async function applySetup(
  database: Pick<Database, "config">,
  steps: readonly Step[],
  options: ApplyOptions = {},
): Promise<void> {
  if (steps.length === 0) return;
  const client = new pg.Client(database.config);
  // A connection that breaks fails the query that runs on it; that is what is reported.
  client.on("error", () => undefined);
  try {
    await client.connect();
    for (const [index, step] of steps.entries()) {
      options.onStep?.(step, index);
      await run(client, step, options.lockTimeoutMs ?? LOCK_TIMEOUT_MS);
    }
  } finally {
    await client.end();
  }
}

/**
 * Runs the steps of `teardownSql`.
 *
 * @throws {AppError} `PEOPLE_SLOT_IN_USE` while a sync still runs, before anything was removed; `PEOPLE_SETUP_FAILED` as in {@link applySetup}.
 */
export async function applyTeardown(
  database: Pick<Database, "config">,
  steps: readonly Step[],
  options: ApplyOptions = {},
): Promise<void> {
  await applySetup(database, steps, options);
}
