// The fault proof, seventh part: interleavings of two workers that no history reaches at will, step by step on the state alone.
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type Database, openDatabase } from "../../src/people/database/database.ts";
import { acknowledge, type Acknowledged, settle, type Story } from "../../src/people/sync/acknowledge.ts";
import { markUnsure, noteIntent } from "../../src/people/state/doubt.ts";
import { Leases } from "../../src/people/state/leases.ts";
import { type Claim, claimMarks, writeMarks } from "../../src/people/state/marks.ts";
import { migrateState, PARTITIONS } from "../../src/people/state/migrations.ts";
import { startPostgres, type TestPostgres } from "../support/postgres.ts";

const D = "product";
const USER = "u1";
/** No lease passes by itself here. */
const LEASE_MS = 60_000;
const STORY: Story = {
  cause: "a test",
  markedAt: "",
  readAt: "",
  readPosition: "",
  set: [],
  unset: [],
  isDelete: false,
  answer: "accepted",
  answeredAt: "",
};

let postgres: TestPostgres;
let state: Database;
beforeAll(async () => {
  postgres = await startPostgres();
});
beforeEach(async () => {
  await state?.close();
  state = openDatabase(await postgres.createDatabase(), {
    connections: 6,
    applicationName: "test",
    onError: () => undefined,
  });
  await migrateState(state);
});
afterAll(async () => {
  await state.close();
  await postgres.close();
});

interface Holder {
  readonly owner: string;
  readonly leases: Leases;
}

function worker(onQuery: (text: string, values: readonly unknown[]) => void = () => undefined): Holder {
  const owner = randomUUID();
  const settings = { leaseMs: LEASE_MS, settleMs: 0 };
  const seen: Database = {
    ...state,
    transaction: (work, begin) =>
      state.transaction(
        (tx) =>
          work({
            query: async (text, values = [], name) => {
              onQuery(text, values);
              return tx.query(text, values, name);
            },
          }),
        begin,
      ),
  };
  return { owner, leases: new Leases(seen, { destination: D, owner, mapping: "m", settings }) };
}

const nobodyIsBusy = (): boolean => false;

async function mark(): Promise<void> {
  await writeMarks(state, [{ userId: USER, sets: 1n }], { destinations: [D], lane: "live", cause: "a test" });
}

async function claim(): Promise<Claim> {
  const parts = Array.from({ length: PARTITIONS }, (_, part) => part);
  const [found] = await claimMarks(state, {
    destination: D,
    lane: "live",
    parts,
    busy: [],
    limit: 10,
    fromMs: 0,
  });
  if (!found) throw new Error("no mark");
  return found;
}

function done(claimed: Claim, print: string): Acknowledged {
  return { claim: claimed, prints: { p: print }, story: STORY };
}

async function profile(): Promise<Readonly<Record<string, string | null>> | undefined> {
  const [row] = await state.query(
    "select prints::jsonb ->> 'p' as print, unsure, (select count(*) from plumbline.marks) as marks from plumbline.profiles",
  );
  return row;
}

function ack({ owner }: Holder, leases: ReturnType<Leases["held"]>, what: Acknowledged) {
  return acknowledge({ database: state, destination: D, owner }, leases, [what]);
}

test("a doubt noted while an update is under way outlives its acknowledgement", async () => {
  const holder = worker();
  await holder.leases.renew(nobodyIsBusy);
  await mark();
  const claimed = await claim();
  await state.transaction((tx) =>
    markUnsure(tx, { destination: D, userIds: [USER], cause: "another worker", settleMs: 0 }),
  );
  expect(await ack(holder, holder.leases.held(0), done(claimed, "new"))).toEqual(new Set([USER]));
  expect(await profile()).toEqual({ print: "new", unsure: "t", marks: "1" });
  expect(await claim()).toMatchObject({ unsure: true, sets: -1n });
});

test("an acknowledgement of the whole ends the doubt", async () => {
  const holder = worker();
  await holder.leases.renew(nobodyIsBusy);
  await state.transaction((tx) =>
    markUnsure(tx, { destination: D, userIds: [USER], cause: "a test", settleMs: 0 }),
  );
  await ack(holder, holder.leases.held(0), done(await claim(), "new"));
  expect(await profile()).toEqual({ print: "new", unsure: "f", marks: "0" });
});

test("a doubt and an acknowledgement at the same moment never leave a sure profile without a mark", async () => {
  const holder = worker();
  for (let round = 0; round < 100; round += 1) {
    await holder.leases.renew(nobodyIsBusy);
    await state.query("delete from plumbline.profiles");
    await state.query("delete from plumbline.marks");
    await mark();
    const claimed = await claim();
    await Promise.all([
      state.transaction((tx) =>
        markUnsure(tx, { destination: D, userIds: [USER], cause: "a test", settleMs: 0 }),
      ),
      ack(holder, holder.leases.held(0), done(claimed, "new")),
    ]);
    expect(await profile()).toMatchObject({ unsure: "t", marks: "1" });
  }
});

test("neither an acknowledgement nor a settlement under an older lease changes anything", async () => {
  const [slow, next] = [worker(), worker()];
  await slow.leases.renew(nobodyIsBusy);
  const old = slow.leases.held(0);
  await mark();
  const claimed = await claim();
  await state.query("update plumbline.leases set until = clock_timestamp()");
  await next.leases.renew(nobodyIsBusy);
  // The same worker again, after another had the partition.
  expect(await ack(slow, old, done(claimed, "old"))).toEqual(new Set());
  await settle({ database: state, destination: D, owner: slow.owner }, old, [claimed]);
  expect(await profile()).toBeUndefined();
  expect(await claim()).toMatchObject({ version: claimed.version });
});

test("a settlement leaves a mark that was made anew in between", async () => {
  const holder = worker();
  await holder.leases.renew(nobodyIsBusy);
  await mark();
  const claimed = await claim();
  await mark();
  await settle({ database: state, destination: D, owner: holder.owner }, holder.leases.held(0), [claimed]);
  expect(Number((await claim()).version)).toBe(Number(claimed.version) + 1);
});

test("a partition is not held any more before another can have it, and one with a request under way is kept", async () => {
  const heldTooLong: unknown[] = [];
  const first = worker((text, values) => {
    if (!text.includes("set owner = null")) return;
    const given = new Set((values[2] as readonly (string | number)[]).map(Number));
    heldTooLong.push(...first.leases.held(0).filter(({ part }) => given.has(part)));
  });
  const second = worker();
  await first.leases.renew(nobodyIsBusy);
  expect(first.leases.held(0).length).toBe(PARTITIONS);
  await second.leases.renew(nobodyIsBusy);
  const busy = first.leases.held(0)[0]?.part ?? 0;
  await first.leases.renew((part) => part === busy);
  expect(heldTooLong).toEqual([]);
  expect(first.leases.held(0).map(({ part }) => part)).toContain(busy);
  expect(first.leases.held(0).length).toBe(PARTITIONS / 2);
  await second.leases.renew(nobodyIsBusy);
  const parts = [...first.leases.held(0), ...second.leases.held(0)].map(({ part }) => part);
  expect(new Set(parts).size).toBe(parts.length);
  expect(parts.length).toBe(PARTITIONS);
});

test("what a worker had under way when it went is in doubt for the next", async () => {
  const [gone, next] = [worker(), worker()];
  await gone.leases.renew(nobodyIsBusy);
  await noteIntent(state, { destination: D, owner: gone.owner, userIds: [USER] });
  await next.leases.renew(nobodyIsBusy);
  expect(await profile()).toBeUndefined();
  await state.query("update plumbline.leases set until = clock_timestamp() where owner = $1", [gone.owner]);
  await next.leases.renew(nobodyIsBusy);
  expect(await profile()).toMatchObject({ unsure: "t", marks: "1" });
});
