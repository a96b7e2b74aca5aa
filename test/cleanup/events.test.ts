// Deletion of events and drop filters as steps of a change set, over the local Mixpanel's unofficial data definitions.
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { EventOperation } from "../../src/cleanup/change-set/change-set.ts";
import { lockText } from "../../src/plan/index.ts";
import { type Local, makeEvent, SERVICE_ACCOUNT, startLocal } from "../emulator/local.ts";
import { compile } from "../support/plans.ts";
import { setClock } from "../support/quiet.ts";
import { tempDirectory } from "../support/temp.ts";
import { runKilled } from "./steps-process.ts";
import { applySteps, makeSet, type StepsSystem, undoSteps } from "./steps-system.ts";

const lock = lockText(
  compile(
    "plumbline: 1\nname: shop\nsources: { web: { trust: client } }\nidentity: { user_id: { format: uuid } }\n",
  ),
);
const DAY_MS = 86_400_000;
const NOW = Date.UTC(2026, 10, 25, 12);
const BASE = "/api/app/projects/1/data-definitions/events";
const authorization = SERVICE_ACCOUNT;
const day = (ago: number): string => new Date(NOW - ago * DAY_MS).toISOString().slice(0, 10);
const OLD: EventOperation = { do: "delete_events", event: "Old", from: day(3), to: day(1) };

interface Deletion {
  readonly id: number;
  readonly eventName: string;
  readonly fromDate: string;
  readonly toDate: string;
}

async function listed<T>(local: Local, what: "deletion-requests" | "drop-filters"): Promise<readonly T[]> {
  const reply = await local.send(`${BASE}/${what}/`, { headers: { authorization } });
  return (reply.json() as { results: T[] }).results;
}

async function begin(operation: EventOperation, switches: Readonly<Record<string, string>> = {}) {
  const clock = setClock(NOW);
  const local = await startLocal({ clock, switches: { data_definitions: "on", ...switches } });
  const at = (ago: number, name: string) =>
    makeEvent({ time: NOW - ago * DAY_MS, $insert_id: `${name}-${ago}` }, name);
  await local.importEvents([4, 3, 2, 1, 0].map((ago) => at(ago, "Old")));
  await local.importEvents([at(2, "New")]);
  const system: StepsSystem = {
    url: local.url,
    folder: tempDirectory("events"),
    changeSet: makeSet([{ operation }]),
    lock,
    nowMs: NOW,
    clock,
  };
  return { clock, local, system };
}

const names = async (local: Local) =>
  (await local.exported())
    .map(({ event, properties }) => `${event} ${String(properties["$insert_id"])}`)
    .sort();
const EVERYTHING = ["New New-2", "Old Old-0", "Old Old-1", "Old Old-2", "Old Old-3", "Old Old-4"];

function backedUp({ folder }: StepsSystem): string {
  return gunzipSync(readFileSync(join(folder, "steps", "steps", "step-0", "backup.ndjson.gz"))).toString(
    "utf8",
  );
}

describe("deletion of events", () => {
  test("takes a name in a window, after the events are in the backup, and undo brings them back", async () => {
    const { local, system } = await begin(OLD);
    const { steps } = await applySteps(system);
    expect(steps).toMatchObject([
      { selected: 3, changed: 3, skipped: 0, failed: [], verified: { checked: 3, wrong: 0 } },
    ]);
    expect(await names(local)).toEqual(["New New-2", "Old Old-0", "Old Old-4"]);
    expect(backedUp(system).split("\n").filter(Boolean)).toHaveLength(3);
    const undone = await undoSteps(system);
    expect(undone.steps).toMatchObject([{ changed: 3, failed: [] }]);
    expect(await names(local)).toEqual(EVERYTHING);
  });

  test("cannot be called off after seven days, and undo says where the events are", async () => {
    const { clock, local, system } = await begin(OLD);
    await applySteps(system);
    clock.advance(7 * DAY_MS);
    const { steps } = await undoSteps(system);
    expect(steps).toMatchObject([
      { changed: 0, failed: [{ reason: "the deletion has started: nothing can stop it", count: 3 }] },
    ]);
    expect(steps[0]?.notes?.join(" ")).toContain("backup");
    expect(await names(local)).toHaveLength(3);
  });

  test("is refused while the unofficial API is off, and asks for nothing", async () => {
    const { local, system } = await begin(OLD);
    await expect(applySteps({ ...system, unofficial: false })).rejects.toMatchObject({
      code: "CLEANUP_UNOFFICIAL_OFF",
    });
    expect(await listed(local, "deletion-requests")).toEqual([]);
  });

  test("180 days back is the limit, and ten a month are", async () => {
    const { local, system } = await begin({ ...OLD, from: day(179) });
    await applySteps(system);
    expect(await listed(local, "deletion-requests")).toHaveLength(1);
    const tooOld = makeSet([{ operation: { ...OLD, from: day(181) } }]);
    await expect(
      applySteps({ ...system, folder: `${system.folder}-2`, changeSet: tooOld }),
    ).rejects.toMatchObject({ code: "CLEANUP_REFUSED" });
    const others = Array.from({ length: 10 }, (_, n) => ({ operation: { ...OLD, event: `Other ${n}` } }));
    await expect(
      applySteps({ ...system, folder: `${system.folder}-3`, changeSet: makeSet(others) }),
    ).rejects.toMatchObject({
      code: "CLEANUP_REFUSED",
      message: expect.stringContaining("0 of 10 are left") as string,
    });
    expect(await listed(local, "deletion-requests")).toHaveLength(10);
  });

  test("counts before it begins, and stops at a surprise", async () => {
    const { local, system } = await begin(OLD);
    const changeSet = makeSet([{ operation: OLD, expect: { count: 100 } }]);
    await expect(applySteps({ ...system, changeSet })).rejects.toMatchObject({ code: "CLEANUP_SURPRISE" });
    expect(await listed(local, "deletion-requests")).toEqual([]);
    const right = makeSet([{ operation: OLD, expect: { count: 3 } }]);
    await applySteps({ ...system, folder: `${system.folder}-2`, changeSet: right });
    expect(await listed(local, "deletion-requests")).toHaveLength(1);
  });

  test("that somebody asked for before is not asked for again, and not called off by undo", async () => {
    const { local, system } = await begin(OLD, { export_deleted: "show" });
    const { event: eventName, from: fromDate, to: toDate } = OLD;
    await local.post(`${BASE}/deletion-requests/`, { eventName, fromDate, toDate });
    const { steps } = await applySteps(system);
    expect(steps).toMatchObject([{ selected: 3, changed: 0, skipped: 3 }]);
    expect((await undoSteps(system)).steps).toMatchObject([{ changed: 0, skipped: 3, failed: [] }]);
    expect(await listed(local, "deletion-requests")).toHaveLength(1);
  });

  test("is asked for once where answers get lost and exports break off", async () => {
    const { local, system } = await begin(OLD);
    await local.fault([
      { route: "export", status: 503, count: 2 },
      // The rules, the list, and then the request itself, whose answer gets lost.
      { route: "app", delayMs: 1, count: 2 },
      { route: "app", cut: "after", count: 1 },
    ]);
    expect((await applySteps(system)).steps).toMatchObject([{ changed: 3, failed: [] }]);
    expect(await listed<Deletion>(local, "deletion-requests")).toHaveLength(1);
    expect(await names(local)).toEqual(["New New-2", "Old Old-0", "Old Old-4"]);
  });

  test("killed after any request and begun again, it is asked for once, and called off once", async () => {
    const { local, system } = await begin({ ...OLD, from: day(4) });
    expect(await runKilled(system)).toBeGreaterThanOrEqual(4);
    expect(await listed(local, "deletion-requests")).toHaveLength(1);
    expect(backedUp(system).split("\n").filter(Boolean)).toHaveLength(4);
    expect(await names(local)).toEqual(["New New-2", "Old Old-0"]);
    expect(await runKilled(system, "undo")).toBeGreaterThanOrEqual(1);
    expect(await names(local)).toEqual(EVERYTHING);
  });
});

describe("a drop filter", () => {
  const FILTER: EventOperation = { do: "drop_filter", event: "Old", property: "bot", values: [true, "yes"] };
  const taken = async (local: Local, bot: unknown): Promise<boolean> => {
    const before = (await local.exported()).length;
    await local.importEvents([makeEvent({ time: NOW, bot, $insert_id: `bot-${before}` }, "Old")]);
    return (await local.exported()).length > before;
  };

  test("keeps out what it names until it is undone, and leaves others alone", async () => {
    const { local, system } = await begin(FILTER);
    const other = { event_name: "Old", filters: [{ property: "bot", op: "equals", value: 1 }] };
    await local.post(`${BASE}/drop-filters/`, other);
    const { steps } = await applySteps(system);
    expect(steps).toMatchObject([{ selected: 1, changed: 1, verified: { checked: 1, wrong: 0 } }]);
    expect([await taken(local, true), await taken(local, "yes"), await taken(local, "no")]).toEqual([
      false,
      false,
      true,
    ]);
    expect((await undoSteps(system)).steps).toMatchObject([{ changed: 1, verified: { wrong: 0 } }]);
    expect(await taken(local, true)).toBe(true);
    expect(await listed(local, "drop-filters")).toMatchObject([other]);
  });

  test("that is there already is left, and the sixteenth is refused", async () => {
    const { local, system } = await begin(FILTER);
    const same = ["yes", true].map((value) => ({ property: "bot", op: "equals", value }));
    await local.post(`${BASE}/drop-filters/`, { event_name: "Old", filters: same });
    expect((await applySteps(system)).steps).toMatchObject([{ changed: 0, skipped: 1 }]);
    await undoSteps(system);
    expect(await listed(local, "drop-filters")).toHaveLength(1);
    for (let more = 1; more < 15; more += 1)
      await local.post(`${BASE}/drop-filters/`, {
        event_name: `Other ${more}`,
        filters: [{ property: "a", op: "equals", value: 1 }],
      });
    const changeSet = makeSet([{ operation: { ...FILTER, event: "New" } }]);
    await expect(applySteps({ ...system, folder: `${system.folder}-2`, changeSet })).rejects.toMatchObject({
      code: "CLEANUP_REFUSED",
    });
    expect(await listed(local, "drop-filters")).toHaveLength(15);
  });

  test("is made once where answers get lost, and killed after any request", async () => {
    const { local, system } = await begin(FILTER);
    expect(await runKilled(system)).toBeGreaterThanOrEqual(2);
    expect(await listed(local, "drop-filters")).toHaveLength(1);
    expect(await runKilled(system, "undo")).toBeGreaterThanOrEqual(2);
    expect(await listed(local, "drop-filters")).toEqual([]);
    const { local: other, system: second } = await begin(FILTER);
    await other.fault([{ route: "app", cut: "after", count: 2 }]);
    await applySteps(second);
    expect(await listed(other, "drop-filters")).toHaveLength(1);
  });

  test("is refused while the unofficial API is off", async () => {
    const { system } = await begin(FILTER);
    await expect(applySteps({ ...system, unofficial: false })).rejects.toMatchObject({
      code: "CLEANUP_UNOFFICIAL_OFF",
    });
  });
});
