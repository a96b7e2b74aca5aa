// The fault proof, fifth part: the primary dies, and its standby takes over, with the slot that it was given. Real streaming replication.
import { afterEach, expect, test } from "vitest";
import { readJobs } from "../../src/people/jobs/jobs.ts";
import { eventually } from "../support/emulator-client.ts";
import { startPostgres, type TestPostgres } from "../support/postgres.ts";
import { type Address, type Standby, startAddress, startStandby } from "../support/standby.ts";
import { userId, usersSql } from "./fault-shop.ts";
import { FAULT_SETTINGS, type FaultSystem, openFaultSystem } from "./fault-system.ts";

const ID = userId(1);
/** Known to the destination, and not to the standby. */
const YOUNG = userId(6);

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

interface Servers {
  readonly primary: TestPostgres;
  readonly standby: Standby;
  readonly address: Address;
  readonly opened: FaultSystem;
}

/** A shop on a primary with a standby behind one address; the sync runs, and the standby has its slot. */
async function replicated(): Promise<Servers> {
  const primary = await startPostgres();
  closing.push(() => primary.close());
  const standby = await startStandby(primary);
  closing.push(() => standby.close());
  const address = await startAddress(primary.port);
  closing.push(() => address.close());
  const through = (url: string): string => url.replace(`:${primary.port}/`, `:${address.port}/`);
  const opened = await openFaultSystem(
    { ...primary, createDatabase: async (name) => through(await primary.createDatabase(name)) },
    { options: { settings: FAULT_SETTINGS } },
  );
  closing.push(() => opened.close());
  opened.start();
  await opened.run(usersSql(1, 5));
  await opened.ends();
  return { primary, standby, address, opened };
}

test("a standby takes over with the slot, and what it never got is told as it stands there", async () => {
  const { primary, standby, address, opened } = await replicated();
  const { slot = "" } = opened.context.capture;
  const slotThere = `select synced, active from pg_replication_slots where slot_name = '${slot}' and not temporary`;
  await eventually(
    async () => {
      // A standby takes a slot over from such a record on; a server writes one now and then.
      await opened.run("select pg_log_standby_snapshot()");
      return standby.ask("postgres", slotThere);
    },
    ([found]) => found?.["synced"] === true,
    { withinMs: 60_000, what: "the standby has the slot" },
  );
  // Commits that the standby never gets, and that the provider hears of.
  await standby.ask("postgres", "alter system set primary_conninfo = ''");
  await standby.ask("postgres", "select pg_reload_conf()");
  await eventually(
    () => standby.ask("postgres", "select 1 from pg_stat_wal_receiver"),
    (rows) => rows.length === 0,
    { what: "the standby is cut off" },
  );
  await opened.run(`update users set email = 'lost@example.com' where id = '${ID}'; ${usersSql(6, 6)}`);
  await opened.ends();
  expect((await opened.profiles()).get(ID)?.["$email"]).toBe("lost@example.com");

  await primary.close();
  await standby.ask("postgres", "select pg_promote()");
  address.pointTo(standby.port);

  await opened.run(`update users set name = 'Ada' where id = '${userId(2)}'; ${usersSql(7, 9)}`);
  await eventually(
    () => opened.profiles(),
    (profiles) => profiles.get(ID)?.["$email"] === "person1@example.com" && profiles.has(userId(9)),
  );
  expect((await opened.profiles()).get(userId(2))?.["$name"]).toBe("Ada");
  const causes = (await readJobs(opened.context.state)).map(({ cause }) => cause);
  expect(causes).toContain("the primary was exchanged: it may lack the last commits of the old one");
  // The slot that the standby was given, not one that was made anew.
  expect(await standby.ask("postgres", slotThere)).toEqual([{ synced: true, active: true }]);
  // Nothing in the database or in the state has ever heard of this user; signed up again it is one as any other.
  expect((await opened.profiles()).has(YOUNG)).toBe(true);
  await opened.run(usersSql(6, 6));
  await opened.ends();
});
