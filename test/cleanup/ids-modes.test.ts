// A project with e-mail ids is brought to immutable ids in both identity modes: profiles and later events end on one person each.
import { expect, test } from "vitest";
import type { Provider } from "../../src/core/index.ts";
import { type Local, startLocal } from "../emulator/local.ts";
import { allProfiles, makeRun, person, runOf } from "./ids-project.ts";

const token = "t";
const NOW = Date.now();
const silent = { $token: token, $ip: "0", $ignore_time: true };
const tracked = (event: string, properties: object) => ({
  event,
  properties: { token, time: NOW - 60_000, ...properties },
});

/** Three people by e-mail: one seen on a device, one who already has a profile by UUID too, one without a profile. */
async function plantEmailProject(local: Local, mode: "original" | "simplified"): Promise<void> {
  const [ada, bob, eve] = [person(1), person(2), person(3)];
  await local.track([
    tracked("Viewed", { $device_id: "d1", distinct_id: mode === "simplified" ? "$device:d1" : "d1" }),
    tracked("$identify", {
      distinct_id: ada.email,
      $anon_distinct_id: "d1",
      $device_id: "d1",
      $user_id: ada.email,
    }),
    tracked("Viewed", { $device_id: "d1", distinct_id: ada.email, $user_id: ada.email, $insert_id: "a1" }),
    tracked("Viewed", { distinct_id: bob.email, $user_id: bob.email, $insert_id: "b1" }),
    tracked("Viewed", { distinct_id: eve.email, $user_id: eve.email, $insert_id: "e1" }),
  ]);
  await local.engage([
    {
      ...silent,
      $distinct_id: ada.email,
      $set: { $email: ada.email, plan: "pro", $city: "Vienna", $last_seen: "2026-01-02T03:04:05" },
    },
    { ...silent, $distinct_id: bob.email, $set: { $email: bob.email, plan: "free", beta: true } },
    { ...silent, $distinct_id: bob.uuid, $set: { plan: "team", orders: 3 } },
  ]);
}

const PEOPLE = [1, 2, 3].map(person).map(({ email, uuid }) => ({ new: uuid, olds: [email] }));
const DAY = new Date(NOW - 60_000).toISOString().slice(0, 10);

/** Ids that the events of one name are shown under, by how many events. */
async function viewers(local: Local): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { event, properties } of await local.exported()) {
    if (event !== "Viewed") continue;
    const id = String(properties["distinct_id"]);
    counts[id] = (counts[id] ?? 0) + 1;
  }
  return counts;
}

test("original: old and new ids become one person each, with one whole profile, and later events of both ids are theirs", async () => {
  const local = await startLocal({ switches: { identity: "original" } });
  await plantEmailProject(local, "original");
  const report = await makeRun(local, { mode: "original", people: PEOPLE }).apply();
  expect(report.steps[0]).toMatchObject({ changed: 3, failed: [], verified: { checked: 2, wrong: 0 } });
  const later = [1, 2, 3].flatMap((n) => [
    tracked("Viewed", { distinct_id: person(n).uuid, $insert_id: `u${n}` }),
    tracked("Viewed", { distinct_id: person(n).email, $insert_id: `m${n}` }),
  ]);
  await local.track(later);
  await local.engage([{ ...silent, $distinct_id: person(3).uuid, $set: { plan: "late" } }]);
  const shown = await viewers(local);
  expect(Object.values(shown).toSorted((a, b) => a - b)).toEqual([3, 3, 4]);
  const profiles = await allProfiles(local);
  expect(profiles.size).toBe(3);
  expect(await local.profile(person(1).uuid)).toEqual({
    $email: person(1).email,
    plan: "pro",
    $city: "Vienna",
    $last_seen: "2026-01-02T03:04:05",
  });
  expect(await local.profile(person(2).uuid)).toEqual({
    $email: person(2).email,
    plan: "team",
    orders: 3,
    beta: true,
  });
  expect(await local.profile(person(2).email)).toEqual(await local.profile(person(2).uuid));
});

test("original: undo says that joined ids stay joined, and changes nothing", async () => {
  const local = await startLocal({ switches: { identity: "original" } });
  await plantEmailProject(local, "original");
  const run = makeRun(local, { mode: "original", people: PEOPLE });
  await run.apply();
  const before = await allProfiles(local);
  const report = await run.undo();
  expect(report.steps[0]?.failed).toEqual([{ reason: "joined ids stay joined", count: 3 }]);
  expect(await allProfiles(local)).toEqual(before);
});

test("original: a person with a full cluster is found by reading back; a person with too many ids in the mapping is not joined", async () => {
  const local = await startLocal({ switches: { identity: "original" } });
  const [full, many] = [person(1), person(2)];
  const devices = Array.from({ length: 499 }, (_, n) => `device-${n}`);
  await local.track(
    devices.map((id) => tracked("$identify", { distinct_id: full.email, $anon_distinct_id: id })),
  );
  const olds = Array.from({ length: 500 }, (_, n) => `old.${n}@example.com`);
  await local.engage(
    [full.email, ...olds.slice(0, 1)].map((id) => ({ ...silent, $distinct_id: id, $set: { plan: "pro" } })),
  );
  const people = [
    { new: full.uuid, olds: [full.email] },
    { new: many.uuid, olds },
  ];
  const [step] = (await makeRun(local, { mode: "original", people }).apply()).steps;
  expect(step?.failed).toEqual([{ reason: "a person with more than 500 ids cannot be joined", count: 1 }]);
  expect(step?.verified).toEqual({ checked: 1, wrong: 1 });
  expect(await local.profile(olds[0] ?? "")).toEqual({ plan: "pro" });
  expect(await local.profile(full.uuid)).toEqual({ plan: "pro" });
});

test("original: old ids of one person that were a chain all become the last id's", async () => {
  const local = await startLocal({ switches: { identity: "original" } });
  const { uuid } = person(1);
  const olds = ["first@example.com", "second@example.com", "third@example.com"];
  await local.track(olds.map((id, n) => tracked("Viewed", { distinct_id: id, $insert_id: `c${n}` })));
  await local.engage(
    olds.map((id, n) => ({ ...silent, $distinct_id: id, $set: { [`p${n}`]: n, name: id } })),
  );
  await makeRun(local, { mode: "original", people: [{ new: uuid, olds }] }).apply();
  expect(Object.values(await viewers(local))).toEqual([3]);
  expect((await allProfiles(local)).size).toBe(1);
  expect(await local.profile(uuid)).toEqual({ p0: 0, p1: 1, p2: 2, name: "first@example.com" });
});

test("simplified: profiles go to the new ids, the old ones go, events stay, and later events by the new id are one person's", async () => {
  const local = await startLocal();
  await plantEmailProject(local, "simplified");
  const report = await makeRun(local, { mode: "simplified", people: PEOPLE }).apply();
  expect(report.steps[0]).toMatchObject({
    changed: 2,
    skipped: 1,
    failed: [],
    verified: { checked: 2, wrong: 0 },
  });
  const profiles = await allProfiles(local);
  expect([...profiles.keys()].toSorted()).toEqual([person(1).uuid, person(2).uuid]);
  expect(profiles.get(person(1).uuid)).toEqual({
    $email: person(1).email,
    plan: "pro",
    $city: "Vienna",
    $last_seen: "2026-01-02T03:04:05",
  });
  expect(profiles.get(person(2).uuid)).toEqual({
    $email: person(2).email,
    plan: "team",
    orders: 3,
    beta: true,
  });
  await local.track([
    tracked("Viewed", { $device_id: "d9", $user_id: person(1).uuid, distinct_id: person(1).uuid }),
  ]);
  expect(await viewers(local)).toEqual({
    [person(1).email]: 2,
    [person(1).uuid]: 1,
    [person(2).email]: 1,
    [person(3).email]: 1,
  });
});

test("simplified: a window is imported again under the new ids, once, however often it is done; a device of the old id does not draw it back", async () => {
  const local = await startLocal();
  await plantEmailProject(local, "simplified");
  const run = makeRun(local, { mode: "simplified", people: PEOPLE, reimport: { from: DAY, to: DAY } });
  const report = await run.apply();
  expect(report.steps[1]).toMatchObject({ changed: 4, failed: [] });
  const ids = new Set<string>();
  for (const { event, properties } of await local.exported()) {
    if (event !== "Viewed" || !PEOPLE.some((one) => one.new === properties["distinct_id"])) continue;
    expect(properties["$insert_id"]).toMatch(/^[0-9a-f]{36}$/);
    ids.add(String(properties["$insert_id"]));
  }
  expect(ids.size).toBe(4);
  const again = makeRun(local, { mode: "simplified", people: PEOPLE, reimport: { from: DAY, to: DAY } });
  await again.apply();
  const reply = await local.send("/emulator/events?view=deduplicated");
  const counts = new Map<unknown, number>();
  for (const line of reply.text.split("\n").filter((one) => one !== "")) {
    const { event, properties } = JSON.parse(line) as { event: string; properties: Record<string, unknown> };
    if (event === "Viewed")
      counts.set(properties["distinct_id"], (counts.get(properties["distinct_id"]) ?? 0) + 1);
  }
  expect(PEOPLE.map((one) => counts.get(one.new))).toEqual([2, 1, 1]);
});

test("simplified: an export that is refused or cut is asked for again, and nothing is imported twice or lost", async () => {
  const local = await startLocal();
  await plantEmailProject(local, "simplified");
  await local.fault([
    { route: "export", status: 429, count: 1 },
    { route: "import", cut: "after", count: 1 },
    { route: "import", status: 503, count: 1 },
    { route: "import", partial: 1, count: 1 },
  ]);
  const run = makeRun(local, { mode: "simplified", people: PEOPLE, reimport: { from: DAY, to: DAY } });
  const [, step] = (await run.apply()).steps;
  // One record is refused by the last fault, though the first request had stored it: the report says what the answers said.
  expect(step?.changed).toBe(3);
  expect(step?.failed.map(({ count }) => count)).toEqual([1]);
  const ids = (await local.exported())
    .filter(
      ({ event, properties }) =>
        event === "Viewed" && PEOPLE.some((one) => one.new === properties["distinct_id"]),
    )
    .map(({ properties }) => properties["$insert_id"]);
  expect(new Set(ids).size).toBe(4);
});

test.each(["original", "simplified"] as const)(
  "%s: a destination that sends by track is refused before ids are joined or events imported",
  async (mode) => {
    const local = await startLocal({ switches: { identity: mode } });
    await plantEmailProject(local, mode);
    const before = await allProfiles(local);
    const reimport = mode === "simplified" ? { from: DAY, to: DAY } : undefined;
    const run = makeRun(local, { mode, people: PEOPLE, reimport, route: "track" });
    await expect(run.apply()).rejects.toMatchObject({ code: "CLEANUP_REFUSED" });
    if (mode === "original") expect(await allProfiles(local)).toEqual(before);
    const ids = (await local.exported()).map(({ properties }) => properties["distinct_id"]);
    expect(ids.filter((id) => PEOPLE.some((one) => one.new === id))).toEqual([]);
  },
);

test("simplified: undo brings the old profiles back, and takes from the new ones what was put there", async () => {
  const local = await startLocal();
  await plantEmailProject(local, "simplified");
  const before = await allProfiles(local);
  const run = makeRun(local, { mode: "simplified", people: PEOPLE });
  await run.apply();
  expect(await allProfiles(local)).not.toEqual(before);
  const report = await run.undo();
  expect(report.steps[0]?.failed).toEqual([]);
  expect(await allProfiles(local)).toEqual(before);
});

test("simplified: undo leaves what somebody changed since, and says so", async () => {
  const local = await startLocal();
  await plantEmailProject(local, "simplified");
  const run = makeRun(local, { mode: "simplified", people: PEOPLE });
  await run.apply();
  await local.engage([{ ...silent, $distinct_id: person(1).uuid, $set: { plan: "changed since" } }]);
  const report = await run.undo();
  expect(report.steps[0]?.failed.map(({ count }) => count)).toEqual([1]);
  expect(await local.profile(person(1).uuid)).toEqual({ plan: "changed since" });
  expect(await local.profile(person(1).email)).toMatchObject({ plan: "pro" });
});

test("simplified: the rule decides for people with two profiles", async () => {
  const old = await startLocal();
  await plantEmailProject(old, "simplified");
  await makeRun(old, { mode: "simplified", people: PEOPLE, onConflict: "keep_old" }).apply();
  expect(await old.profile(person(2).uuid)).toEqual({
    $email: person(2).email,
    plan: "free",
    orders: 3,
    beta: true,
  });
  const skip = await startLocal();
  await plantEmailProject(skip, "simplified");
  const report = await makeRun(skip, { mode: "simplified", people: PEOPLE, onConflict: "skip" }).apply();
  expect(report.steps[0]?.failed.map(({ count }) => count)).toEqual([1]);
  expect(await skip.profile(person(2).email)).toEqual({ $email: person(2).email, plan: "free", beta: true });
  expect(await skip.profile(person(2).uuid)).toEqual({ plan: "team", orders: 3 });
});

test.each(["original", "simplified"] as const)(
  "%s: what the people sync writes is not taken from old ids, whatever the rule, and what it wrote stays",
  async (mode) => {
    const local = await startLocal({ switches: { identity: mode } });
    const { email, uuid } = person(1);
    await local.engage([
      { ...silent, $distinct_id: email, $set: { plan: "stale", coupon: "stale", theme: "dark" } },
      { ...silent, $distinct_id: uuid, $set: { plan: "of the sync" } },
    ]);
    await makeRun(local, {
      mode,
      people: [{ new: uuid, olds: [email] }],
      onConflict: "keep_old",
      stateOwned: ["plan", "coupon"],
    }).apply();
    expect(await local.profile(uuid)).toEqual({ plan: "of the sync", theme: "dark" });
  },
);

/** A provider whose n-th request is stored and whose answer is lost, together with the process. */
function dyingProvider(dieAt: number): (own: Provider) => Provider {
  let requests = 0;
  return (own) => ({
    ...own,
    send: async (delivery, options) => {
      requests += 1;
      const outcome = await own.send(delivery, options);
      if (requests === dieAt) throw new Error("the process ends here");
      return outcome;
    },
  });
}

test.each(["original", "simplified"] as const)(
  "%s: a run that ends after any request goes on to the same end as one that was not disturbed",
  async (mode) => {
    const people = Array.from({ length: 5 }, (_, n) => ({ new: person(n).uuid, olds: [person(n).email] }));
    const plant = async (local: Local): Promise<void> => {
      await local.engage(
        people.flatMap((one, n) => [
          { ...silent, $distinct_id: one.olds[0], $set: { n, plan: "old" } },
          ...(n % 2 === 0 ? [{ ...silent, $distinct_id: one.new, $set: { plan: "new", orders: n } }] : []),
        ]),
      );
    };
    const whole = await startLocal({ switches: { identity: mode } });
    await plant(whole);
    await makeRun(whole, { mode, people, profilesPerPage: 4 }).apply();
    const expected = await Promise.all(people.map((one) => whole.profile(one.new)));
    let died = 0;
    for (let dieAt = 1; ; dieAt += 1) {
      const local = await startLocal({ switches: { identity: mode } });
      await plant(local);
      const run = makeRun(local, { mode, people, profilesPerPage: 4, provider: dyingProvider(dieAt) });
      const ended = await run.apply().then(
        () => true,
        () => false,
      );
      if (ended) break;
      died += 1;
      const folder = run.options.folder.replace(/\/run$/, "");
      await runOf(local, { mode, changeSet: run.options.changeSet, folder, profilesPerPage: 4 }).apply();
      expect(await Promise.all(people.map((one) => local.profile(one.new)))).toEqual(expected);
      expect((await allProfiles(local)).size).toBe(5);
    }
    expect(died).toBeGreaterThan(4);
  },
);
