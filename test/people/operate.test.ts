// Operating the sync: comparing, drift inside and outside, status and the story of a user, on real Postgres and the local Mixpanel.
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { request } from "undici";
import { comparePage } from "../../src/people/operate/compare.ts";
import { startErasure } from "../../src/people/operate/erase.ts";
import { explainUser } from "../../src/people/operate/explain.ts";
import { externalDrift } from "../../src/people/operate/external-drift.ts";
import { internalDrift } from "../../src/people/operate/internal-drift.ts";
import { quarantinedUsers, retryQuarantined } from "../../src/people/operate/quarantined-users.ts";
import { peopleStatus } from "../../src/people/operate/status.ts";
import { outboxSql } from "../../src/people/setup/outbox-sql.ts";
import { startPostgres, type TestPostgres } from "../support/postgres.ts";
import { queryProfiles } from "../support/emulator-client.ts";
import { openOperateSystem, type OperateOptions, type OperateSystem, userId } from "./operate-system.ts";

let postgres: TestPostgres;
const open: OperateSystem[] = [];
const signal = new AbortController().signal;

beforeAll(async () => {
  postgres = await startPostgres();
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((system) => system.close()));
});
afterAll(() => postgres.close());

/** A system whose users have all been sent. */
async function synced(options: OperateOptions = {}): Promise<OperateSystem> {
  const system = await openOperateSystem(postgres, options);
  open.push(system);
  await system.mark();
  await system.drain();
  return system;
}

/** Writes to the local Mixpanel as somebody else would. */
async function engage(system: OperateSystem, id: string, update: object): Promise<void> {
  const body = JSON.stringify([{ $token: "project-token", $distinct_id: id, $ip: "0", ...update }]);
  const answer = await request(`${system.emulator.url}/engage?verbose=1`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
  });
  expect(await answer.body.json()).toMatchObject({ status: 1 });
}

const all = (count: number): string[] => Array.from({ length: count }, (_, index) => userId(index + 1));

describe("comparing a page", () => {
  test("nobody differs after a sync, and a change without a mark is found with its property and its set", async () => {
    const system = await synced();
    const { context, destination } = system;
    expect(await comparePage(context, destination, all(10))).toMatchObject({
      checked: 10,
      pending: 0,
      excluded: 0,
      differing: [],
      waiting: [],
    });
    await system.run(`update users set plan = 'team' where id = '${userId(3)}';
      insert into orders (user_id, status, total) values ('${userId(4)}', 'open', 1)`);
    const { differing } = await comparePage(context, destination, all(10));
    const found = new Map(differing.map((user) => [user.userId, user]));
    expect([...found.keys()].sort()).toEqual([userId(3), userId(4)]);
    expect(found.get(userId(3))).toMatchObject({ names: ["plan_tier"], kind: "changed" });
    expect(found.get(userId(4))).toMatchObject({ names: ["orders_count"], kind: "changed" });
    for (const [id, name] of [
      [userId(3), "plan_tier"],
      [userId(4), "orders_count"],
    ] as const) {
      const set = context.mapping.sets.find(({ properties }) => properties.some((one) => one.name === name));
      expect(found.get(id)?.sets).toBe(1n << BigInt(set?.index ?? -1));
    }
  });

  test("users on their way, in quarantine and on the list of erasures do not differ", async () => {
    const system = await synced();
    const { context, destination } = system;
    await system.run("update users set plan = 'team'");
    await system.mark([userId(1)]);
    await context.state.query(
      "insert into plumbline.quarantine (destination, user_id, reason) values ('product', $1, 'refused')",
      [userId(2)],
    );

    await startErasure(context, userId(3), { destinations: [destination] });
    const page = await comparePage(context, destination, [userId(1), userId(2), userId(3), userId(4)]);
    expect(page).toMatchObject({ checked: 4, pending: 1, excluded: 2 });
    expect(page.differing.map((user) => user.userId)).toEqual([userId(4)]);
  });

  test("users whose values change with time alone are on their way once the moment has come", async () => {
    const system = await synced();
    const { context, destination } = system;
    await system.run("update users set plan = 'team'");
    await context.state.query(
      "insert into plumbline.revisits (destination, user_id, sets, at) values ('product', $1, 1, clock_timestamp()), ('product', $2, 1, clock_timestamp() + interval '1 hour')",
      [userId(1), userId(2)],
    );
    const page = await comparePage(context, destination, [userId(1), userId(2)]);
    expect(page).toMatchObject({ checked: 2, pending: 1, waiting: [userId(1)] });
    expect(page.differing.map((user) => user.userId)).toEqual([userId(2)]);
  });

  test("a user who is gone differs by all that was acknowledged, and a new one by all that there is", async () => {
    const system = await synced();
    await system.run(`delete from orders where user_id = '${userId(1)}'; delete from users where id = '${userId(1)}';
      insert into users (id, email) values ('${userId(99)}', 'new@example.com')`);
    const { differing } = await comparePage(system.context, system.destination, [userId(1), userId(99)]);
    expect(differing.map(({ userId: id, kind }) => [id, kind])).toEqual([
      [userId(1), "gone"],
      [userId(99), "new"],
    ]);
    expect(differing[0]?.names).toContain("$email");
    expect(differing[1]?.names).not.toContain("$name");
  });
});

describe("internal drift", () => {
  test("everybody: the rate is exact, by property and cause, and a repair brings it to nothing", async () => {
    const system = await synced({ users: 40 });
    const { context, destination } = system;
    await system.run(`update users set name = 'x' where id in ('${userId(1)}', '${userId(2)}');
      delete from orders where user_id = '${userId(40)}'; delete from users where id = '${userId(40)}'`);
    const drift = await internalDrift(context, destination, { signal, repair: true });
    expect(drift).toMatchObject({
      checked: 40,
      differing: 3,
      isEverybody: true,
      repaired: 3,
      byCause: { changed: 2, gone: 1 },
      rate: 3 / 40,
      interval: [3 / 40, 3 / 40],
    });
    expect(drift.byProperty).toMatchObject({ $name: 3, $email: 1 });
    await system.drain();
    expect(await internalDrift(context, destination, { signal })).toMatchObject({ differing: 0, rate: 0 });
  });

  test("slices go round: each run goes on where the last one stopped", async () => {
    const system = await synced({ users: 10 });
    const { context, destination } = system;
    await system.run(`update users set name = 'x' where id = '${userId(6)}'`);
    const seen: number[] = [];
    for (let run = 0; run < 4; run += 1) {
      const drift = await internalDrift(context, destination, { signal, limit: 4 });
      expect(drift).toMatchObject({ checked: 4, isEverybody: false });
      expect(drift.interval[1]).toBeGreaterThan(drift.rate);
      seen.push(drift.differing);
    }
    // 1–4, 5–8, 9–10 and 1–2, 3–6.
    expect(seen).toEqual([0, 1, 0, 1]);
  });

  test("a change that a trigger has noted and nobody has taken up yet is not called missed", async () => {
    const system = await synced();

    await system.run(outboxSql("postgres"));
    await system.run(
      `update users set name = 'x' where id = '${userId(1)}'; select plumbline.touch('${userId(1)}')`,
    );
    const drift = await internalDrift(system.context, system.destination, { signal, captureWaitMs: 100 });
    expect(drift.byCause).toEqual({ "capture-behind": 1 });
    await system.run("delete from plumbline.outbox");
    expect((await internalDrift(system.context, system.destination, { signal })).byCause).toEqual({
      changed: 1,
    });
  });
});

describe("external drift", () => {
  test("each cause is told apart, and what only a client owns is nobody's drift", async () => {
    const system = await synced({ users: 30 });
    const { context, destination } = system;
    await engage(system, userId(1), { $set: { plan_tier: "hacked" } });
    await engage(system, userId(2), { $delete: "" });
    await system.run(`update users set name = 'y' where id = '${userId(3)}'`);
    await engage(system, userId(4), { $set: { used_ios_app: true } });
    await engage(system, userId(5), { $set: { paid_count: "1", $created: undefined } });
    await system.run(`update users set name = 'z' where id = '${userId(6)}'`);
    await system.mark([userId(6)]);
    const drift = await externalDrift(context, destination, { signal, freshMs: 0 });
    expect(drift).toMatchObject({
      checked: 29,
      pending: 1,
      leftOut: 0,
      differing: 3,
      byCause: { "foreign-writer": 1, "missing-profile": 1, "missed-capture": 1, "provider-form": 1 },
      foreign: { plan_tier: 1 },
      stopped: undefined,
    });
    expect([...drift.examples].sort()).toEqual([userId(1), userId(2), userId(3)]);
  });

  test("a repair sends everything of the users who differ again", async () => {
    const system = await synced({ users: 5 });
    const { context, destination } = system;
    await engage(system, userId(1), { $set: { plan_tier: "hacked" } });
    await engage(system, userId(2), { $delete: "" });
    expect(await externalDrift(context, destination, { signal, freshMs: 0, repair: true })).toMatchObject({
      differing: 2,
      repaired: 2,
    });
    await system.drain();
    expect(await externalDrift(context, destination, { signal, freshMs: 0 })).toMatchObject({
      checked: 5,
      differing: 0,
      isEverybody: true,
      interval: [0, 0],
    });
  });

  test("a sample is uniform over users, whatever the order of their ids, and says how sure it is", async () => {
    const system = await synced({ users: 200 });
    for (const [name, order] of [
      ["first", "id"],
      ["last", "id desc"],
    ] as const)
      await system.run(
        `update users set name = '${name}' where id in (select id from users order by ${order} limit 50)`,
      );
    let [hits, checked] = [0, 0];
    for (let run = 0; run < 10; run += 1) {
      const drift = await externalDrift(system.context, system.destination, {
        signal,
        freshMs: 0,
        sample: 40,
        queries: 1,
      });
      expect(drift.checked).toBe(40);
      expect(drift.interval[0]).toBeLessThan(drift.rate);
      hits += drift.differing;
      checked += drift.checked;
    }
    // Half of them differ, all at the ends of the order. A fair sample leaves these bounds less than once in a million times.
    expect(hits / checked).toBeGreaterThan(0.38);
    expect(hits / checked).toBeLessThan(0.62);
  });

  test("two runs share the queries of an hour, and the second says how long to wait", async () => {
    const system = await synced({ users: 5, switches: { rate_limits: "documented" } });
    const { context, destination } = system;
    for (let run = 0; run < 60; run += 1)
      expect((await externalDrift(context, destination, { signal, freshMs: 0 })).stopped).toBeUndefined();
    const drift = await externalDrift(context, destination, { signal, freshMs: 0 });
    expect(drift).toMatchObject({ checked: 0, interval: [0, 1], stopped: { kind: "busy" } });
    expect(drift.stopped).toHaveProperty("retryAfterMs");
    // The provider was not asked a 61st time.
    const [row] = await system.rows("select value from plumbline.meta where key = 'queries:product'");
    expect(JSON.parse(row?.["value"] ?? "[]")).toHaveLength(60);
  });

  test("a profile that was acknowledged a moment ago is left out", async () => {
    const system = await synced({ users: 5 });
    expect(await externalDrift(system.context, system.destination, { signal })).toMatchObject({
      checked: 0,
      leftOut: 5,
      isEverybody: false,
    });
  });
});

test("who stays behind is listed with the reason, and is tried again without a change of the row", async () => {
  const system = await synced();
  const { context } = system;
  for (const id of [userId(4), userId(5)])
    await context.state.query(
      "insert into plumbline.quarantine (destination, user_id, reason, property) values ('product', $1, 'not-in-enum', 'tier')",
      [id],
    );
  const ask = { destinations: ["product"] };
  const listed = await quarantinedUsers(context, { ...ask, limit: 10 });
  expect(listed.map(({ userId: id, property, reason }) => [id, property, reason])).toEqual([
    [userId(5), "tier", "not-in-enum"],
    [userId(4), "tier", "not-in-enum"],
  ]);
  expect(
    await quarantinedUsers(context, { ...ask, limit: 10, userIds: [userId(4), userId(6)] }),
  ).toHaveLength(1);
  expect(await retryQuarantined(context, { ...ask, userIds: [userId(4), userId(6)] })).toBe(1);
  const marked = await context.state.query("select user_id, lane::text as lane from plumbline.marks");
  expect(marked).toEqual([{ user_id: userId(4), lane: "0" }]);
  expect(await retryQuarantined(context, ask)).toBe(2);
  // Nothing was wrong with them: a worker takes them up and lets them go.
  await system.drain();
  expect(await quarantinedUsers(context, { ...ask, limit: 10 })).toEqual([]);
});

test("the status counts marks, profiles, quarantine and erasures, and names no user", async () => {
  const system = await synced();
  const { context, destination } = system;
  await system.mark([userId(1), userId(2)]);
  await context.state.query(
    "insert into plumbline.quarantine (destination, user_id, reason, property) values ('product', $1, 'profile-type', '$email'), ('product', $2, 'profile-type', '$email')",
    [userId(4), userId(5)],
  );

  await startErasure(context, userId(3), { destinations: [destination] });
  const status = await peopleStatus(context);
  expect(status.destinations).toMatchObject([
    {
      destination: "product",
      lanes: { live: { marks: 2, delayed: 0 }, bulk: { marks: 0, lagMs: 0 } },
      profiles: 10,
      unsure: 0,
      quarantine: [{ reason: "profile-type", property: "$email", users: 2 }],
      requestsUnderWay: 0,
      erasures: { suppressed: 1 },
    },
  ]);
  expect(status.slot).toBeUndefined();
  expect(JSON.stringify(status)).not.toContain("00000000-0000-4000-8000");
});

describe("explaining a user", () => {
  test("tells what marked it, what was sent and how each property stands, and no values unless asked", async () => {
    const system = await synced();
    const { context } = system;
    await system.run(`update users set plan = 'secret-plan' where id = '${userId(2)}'`);
    await system.mark([userId(2)]);
    const explained = await explainUser(context, userId(2).toUpperCase());
    expect(explained).toMatchObject({ userId: userId(2), exists: true });
    expect(explained.position).toMatch(/^[0-9A-F]+\/[0-9A-F]+$/);
    const [at] = explained.destinations;
    expect(at?.mark).toMatchObject({ cause: "a test", lane: "live", attempts: 0 });
    expect(at?.story).toMatchObject({ cause: "a test", answer: "accepted", unset: [] });
    expect(at?.story?.set).toContain("$email");
    const standing = Object.fromEntries(at?.properties.map((one) => [one.name, one.standing]) ?? []);
    expect(standing).toMatchObject({ $email: "same", plan_tier: "differs", orders_count: "same" });
    expect(standing).not.toHaveProperty("used_ios_app");
    expect(JSON.stringify(explained)).not.toContain("secret-plan");
    const open = await explainUser(context, userId(2), { values: true });
    expect(open.destinations[0]?.properties.find(({ name }) => name === "plan_tier")?.value).toBe(
      "secret-plan",
    );
  });

  test("a user who was never sent, one who is gone and one whom the database cannot name", async () => {
    const system = await synced();
    await system.run(`insert into users (id, email) values ('${userId(77)}', 'n@example.com');
      delete from orders where user_id = '${userId(1)}'; delete from users where id = '${userId(1)}'`);
    const standings = async (id: string) => {
      const { exists, destinations } = await explainUser(system.context, id);
      return [exists, new Set(destinations[0]?.properties.map(({ standing }) => standing))];
    };
    expect(await standings(userId(77))).toEqual([true, new Set(["never-sent", "empty"])]);
    expect(await standings(userId(1))).toEqual([false, new Set(["differs"])]);
    expect((await explainUser(system.context, "nobody")).exists).toBe(false);
  });
});

test("what the sync sends and what drift reads are the same profiles", async () => {
  const system = await synced({ users: 3 });
  const profiles = await queryProfiles(system.emulator.url);
  expect(profiles.map(({ $distinct_id: id }) => id).sort()).toEqual(all(3));
});
