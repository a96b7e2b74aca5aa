// The fault proof, sixth part: a destination that is away for a day costs one row a changed user. The reader of the log never waits for it.
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { eventually } from "../support/emulator-client.ts";
import { startPostgres, type TestPostgres } from "../support/postgres.ts";
import { usersSql } from "./fault-shop.ts";
import { type FaultSystem, openFaultSystem } from "./fault-system.ts";

const USERS = 200;
const ROUNDS = 40;
const SETTINGS = {
  settleMs: 100,
  pollMs: 20,
  backoffMs: 20,
  backoffMaxMs: 100,
  leaseMs: 3000,
  requestTimeoutMs: 800,
};
/** What the server may keep beside the changes of one round. */
const RETAINED_MAX_BYTES = 4 * 2 ** 20;

let postgres: TestPostgres;
let system: FaultSystem | undefined;
beforeAll(async () => {
  postgres = await startPostgres();
});
afterEach(async () => {
  await system?.close();
  system = undefined;
});
afterAll(() => postgres.close());

test("marks stay below the number of users, and the log that the server keeps stays flat", async () => {
  const opened = await openFaultSystem(postgres, { options: { settings: SETTINGS } });
  system = opened;
  opened.start();
  await opened.run(usersSql(1, USERS));
  await opened.ends();
  await opened.proxy.shut();
  const { context } = opened;
  const behind = async (): Promise<number> => {
    const [row] = await context.source.query(
      "select pg_wal_lsn_diff(pg_current_wal_lsn(), confirmed_flush_lsn)::bigint as bytes from pg_replication_slots where slot_name = $1",
      [context.capture.slot],
    );
    return Number(row?.["bytes"]);
  };
  for (let round = 0; round < ROUNDS; round += 1) {
    await opened.run(
      `update users set name = 'n${round}', email = repeat('x', 200) || ${round}; update orders set total = total + 1; insert into logs (line) select repeat('y', 1000) from generate_series(1, 500)`,
    );
    // The reader has all of it, with nobody to send it to.
    await eventually(behind, (bytes) => bytes < 1000);
  }
  const [row] = await opened.rows("select count(*) as marks from plumbline.marks");
  expect(Number(row?.["marks"])).toBe(USERS);
  expect(opened.metrics.value("plumbline_people_changes_total")).toBeGreaterThan(2 * USERS * ROUNDS - 1);
  // The server looks for what it may drop at each checkpoint, and drops it once the reader has confirmed that place: the next look can be the one.
  const retained = async (): Promise<number> => {
    await opened.run("checkpoint");
    const [slot] = await context.source.query(
      "select pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)::bigint as bytes from pg_replication_slots where slot_name = $1",
      [context.capture.slot],
    );
    return Number(slot?.["bytes"]);
  };
  await eventually(retained, (bytes) => bytes < RETAINED_MAX_BYTES, { what: "retained bytes" });
  await opened.proxy.open();
  await opened.ends();
});
