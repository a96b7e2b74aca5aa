// Steps on the dictionary, over the local Mixpanel's Lexicon.
import { describe, expect, test } from "vitest";
import type { DictionaryChange } from "../../src/cleanup/change-set/change-set.ts";
import { type Local, SERVICE_ACCOUNT, startLocal } from "../emulator/local.ts";
import { compile } from "../support/plans.ts";
import { lockText } from "../../src/plan/index.ts";
import { tempDirectory } from "../support/temp.ts";
import { runKilled } from "./steps-process.ts";
import { applySteps, makeSet, type StepsSystem, undoSteps } from "./steps-system.ts";

const SCHEMAS = "/api/app/projects/1/schemas";
const lock = lockText(
  compile(
    "plumbline: 1\nname: shop\nsources: { web: { trust: client } }\nidentity: { user_id: { format: uuid } }\n",
  ),
);

const ENTRIES: readonly DictionaryChange[] = [
  { entity: "event", name: "Old thing", set: { hidden: true, tags: ["gone"] } },
  { entity: "event", name: "Old thing", property: "colour", set: { hidden: true } },
  { entity: "event", name: "Never described", set: { description: "Now it is", displayName: "Thing" } },
  { entity: "event", name: "Dead", set: { dropped: true, description: null } },
  { entity: "profile", name: "$user", property: "tier", set: { description: "What is paid for" } },
];

async function stored(local: Local): Promise<Readonly<Record<string, unknown>>> {
  const reply = await local.send(SCHEMAS, { headers: { authorization: SERVICE_ACCOUNT } });
  const { results } = reply.json() as { results: { name: string; schemaJson: unknown }[] };
  return Object.fromEntries(results.map(({ name, schemaJson }) => [name, schemaJson]));
}

const own = (metadata: object) => ({ metadata: { "com.mixpanel": metadata } });

async function begin(switches: Readonly<Record<string, string>> = {}) {
  const local = await startLocal({ switches });
  const before = {
    "Old thing": {
      description: "Nobody's",
      required: ["colour"],
      properties: { colour: { type: "string", description: "Which" }, size: { type: "number" } },
      ...own({ displayName: "Old", contacts: ["ada@example.com"] }),
    },
    Dead: { description: "It was alive", ...own({ hidden: true }) },
    Beside: { description: "Not in any step" },
  };
  const entries = Object.entries(before).map(([name, schemaJson]) => ({
    entityType: "event",
    name,
    schemaJson,
  }));
  expect((await local.post(SCHEMAS, { entries })).status).toBe(200);
  const system: StepsSystem = {
    url: local.url,
    folder: tempDirectory("dictionary"),
    changeSet: makeSet([{ operation: { do: "dictionary", entries: ENTRIES } }]),
    lock,
    waitMaxMs: 5000,
  };
  return { local, before, system };
}

const AFTER = {
  "Old thing": {
    description: "Nobody's",
    required: ["colour"],
    properties: {
      colour: { type: "string", description: "Which", ...own({ hidden: true }) },
      size: { type: "number" },
    },
    ...own({ displayName: "Old", contacts: ["ada@example.com"], hidden: true, tags: ["gone"] }),
  },
  Dead: { description: null, ...own({ hidden: true, dropped: true }) },
  Beside: { description: "Not in any step" },
  "Never described": { description: "Now it is", ...own({ displayName: "Thing" }) },
  $user: { properties: { tier: { description: "What is paid for" } } },
};

describe("a step on the dictionary", () => {
  test("changes its names at once and nothing else, and undo brings back what was there", async () => {
    const { local, before, system } = await begin();
    const { steps } = await applySteps(system);
    expect(steps).toMatchObject([
      { selected: 5, changed: 5, skipped: 0, failed: [], verified: { checked: 5, wrong: 0 } },
    ]);
    expect(await stored(local)).toEqual(AFTER);
    const undone = await undoSteps(system);
    expect(undone.steps).toMatchObject([{ changed: 5, failed: [], verified: { checked: 5, wrong: 0 } }]);
    expect(await stored(local)).toMatchObject({
      ...before,
      "Old thing": { ...before["Old thing"], properties: { colour: { description: "Which" } } },
      "Never described": { description: null },
    });
    const old = (await stored(local))["Old thing"] as { metadata: object };
    expect(old.metadata).toEqual(before["Old thing"].metadata);
  });

  test("leaves what somebody changed since, unless it is forced", async () => {
    const { local, system } = await begin();
    await applySteps(system);
    const since = { description: "Somebody's own words" };
    await local.post(`${SCHEMAS}/event/Never%20described`, since);
    const { steps } = await undoSteps(system);
    expect(steps).toMatchObject([
      { changed: 4, failed: [{ reason: "changed by somebody since", count: 1 }] },
    ]);
    expect((await stored(local))["Never described"]).toMatchObject(since);
    const forced = await undoSteps(system, true);
    expect(forced.steps).toMatchObject([{ failed: [] }]);
    expect((await stored(local))["Never described"]).toMatchObject({ description: null });
  });

  test("says what Mixpanel cannot do, and does the rest", async () => {
    const { local, system } = await begin();
    const entries: readonly DictionaryChange[] = [
      { entity: "profile", name: "$user", property: "tier", set: { dropped: true } },
      { entity: "event", name: "Old thing", property: "colour", set: { tags: ["a"] } },
      { entity: "event", name: "Dead", set: { hidden: true } },
      { entity: "event", name: "Dead", property: "x", set: { hidden: true } },
    ];
    const changeSet = makeSet([{ operation: { do: "dictionary", entries } }]);
    const { steps } = await applySteps({ ...system, changeSet });
    expect(steps).toMatchObject([
      {
        selected: 4,
        changed: 1,
        skipped: 1,
        failed: [
          { reason: "properties of profiles cannot be dropped: unset them", count: 1 },
          { reason: "properties have no tags", count: 1 },
        ],
      },
    ]);
    expect(await stored(local)).toHaveProperty("Dead.properties.x");
    expect(await stored(local)).not.toHaveProperty("$user");
  });

  test("gets through 503, a cut connection and an answer that got lost", async () => {
    const { local, system } = await begin();
    await local.fault([
      { route: "app", status: 503, count: 1 },
      { route: "app", cut: "before", count: 1 },
      { route: "app", cut: "after", count: 2 },
    ]);
    const { steps } = await applySteps(system);
    expect(steps).toMatchObject([{ changed: 5, failed: [], verified: { checked: 5, wrong: 0 } }]);
    expect(await stored(local)).toEqual(AFTER);
  });

  test("stops where the limits mean waiting longer than it may, and goes on later", async () => {
    const { local, system } = await begin({ rate_limits: "documented" });
    for (let calls = 0; calls < 5; calls += 1)
      await local.send(SCHEMAS, { headers: { authorization: SERVICE_ACCOUNT } });
    await expect(applySteps({ ...system, waitMaxMs: 0 })).rejects.toMatchObject({
      code: "CLEANUP_WAIT_TOO_LONG",
    });
    await local.set({ rate_limits: "off" });
    await applySteps(system);
    expect(await stored(local)).toEqual(AFTER);
  });

  test("killed after any request and begun again, it comes to the same end, there and back", async () => {
    const { local, before, system } = await begin();
    expect(await runKilled(system)).toBeGreaterThanOrEqual(2);
    expect(await stored(local)).toEqual(AFTER);
    expect(await runKilled(system, "undo")).toBeGreaterThanOrEqual(1);
    expect(await stored(local)).toMatchObject({ Dead: before.Dead, Beside: before.Beside });
  });
});
