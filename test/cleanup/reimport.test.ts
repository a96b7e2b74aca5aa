// Events of a window exported, repaired by the plan and imported again, over the local Mixpanel.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { applyChangeSet } from "../../src/cleanup/index.ts";
import type { EventOperation } from "../../src/cleanup/change-set/change-set.ts";
import { lockText } from "../../src/plan/index.ts";
import { type Local, parseLines, SERVICE_ACCOUNT, startLocal } from "../emulator/local.ts";
import { compile } from "../support/plans.ts";
import { setClock } from "../support/quiet.ts";
import { tempDirectory } from "../support/temp.ts";
import { runKilled } from "./steps-process.ts";
import { applySteps, makeOptions, makeSet, type StepsSystem, undoSteps } from "./steps-system.ts";

const PLAN = `plumbline: 1
name: shop
sources: { web: { trust: client } }
identity: { user_id: { format: uuid } }
lint: { rules: { missing-description: off, missing-data-class: off, missing-owner: off } }
events:
  orderPlaced:
    name: Order placed
    was: [order_placed]
    sources: [web]
    properties:
      total: { type: number, presence: required }
      is_gift: { type: boolean, was: [isGift] }
  pageRead: { name: Page read, sources: [web], properties: { path: { type: string } } }
`;
const lock = lockText(compile(PLAN));
const DAY_MS = 86_400_000;
const NOW = Date.UTC(2026, 10, 25, 12);
const USER = "0190a5e0-1111-7222-8333-000000000001";
const BASE = "/api/app/projects/1/data-definitions/events";
const day = (ago: number): string => new Date(NOW - ago * DAY_MS).toISOString().slice(0, 10);
const WINDOW: EventOperation = { do: "reimport_events", from: day(3), to: day(1) };

interface Exported {
  readonly event: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

let made = 0;
function event(name: string, ago: number, properties: Readonly<Record<string, unknown>> = {}): object {
  made += 1;
  const own = {
    time: NOW - ago * DAY_MS,
    distinct_id: USER,
    $insert_id: `old-${made}`,
    mp_lib: "web",
    ip: 0,
  };
  return { event: name, properties: { ...own, ...properties } };
}

async function begin(operation: EventOperation = WINDOW, switches: Readonly<Record<string, string>> = {}) {
  const clock = setClock(NOW);
  const local = await startLocal({ clock, switches: { data_definitions: "on", ...switches } });
  const answer = await local.importEvents([
    event("order_placed", 3, { total: "12.5", isGift: "true", $city: "Lisbon" }),
    event("order_placed", 2, { total: 3 }),
    event("Order placed", 2, { total: "7" }),
    event("Order placed", 1, { total: 8, is_gift: false }),
    event("Order placed", 1, { total: "a lot", distinct_id: "somebody" }),
    event("Page read", 1, { path: "/a" }),
    event("$mp_web_page_view", 1),
    event("order_placed", 9, { total: 1 }),
  ]);
  expect(answer.status).toBe(200);
  const system: StepsSystem = {
    url: local.url,
    folder: tempDirectory("reimport"),
    changeSet: makeSet([{ operation }]),
    lock,
    clock,
    nowMs: NOW,
  };
  return { clock, local, system };
}

/** What reports count: repetitions under one insert id are one event. */
async function counted(local: Local): Promise<readonly Exported[]> {
  const reply = await local.send("/emulator/events?view=deduplicated", {
    headers: { authorization: SERVICE_ACCOUNT },
  });
  return parseLines(reply.text);
}

const short = ({ event: name, properties }: Exported): string =>
  [name, properties["total"], properties["is_gift"]].map((one) => String(one)).join(" ");
const isNew = ({ properties }: Exported): boolean => /^[0-9a-f]{36}$/.test(String(properties["$insert_id"]));
const fileOf = ({ folder }: StepsSystem, name: string) => join(folder, "steps", "steps", "step-0", name);
const NEW = [
  "Order placed 12.5 true",
  "Order placed 3 undefined",
  "Order placed 7 undefined",
  "Order placed 8 false",
];

describe("a re-import", () => {
  test("imports what the plan repairs, sets aside what it cannot, and leaves alone what needs nothing", async () => {
    const { local, system } = await begin();
    const { steps } = await applySteps(system);
    expect(steps).toMatchObject([
      { selected: 7, changed: 4, skipped: 2, verified: { checked: 4, wrong: 0 } },
    ]);
    expect(steps[0]?.failed).toEqual([{ reason: "identity-format, type-mismatch", count: 1 }]);
    expect(steps[0]?.notes?.[0]).toBe("7 exported = 4 imported + 1 set aside + 2 left as they were");
    const events = await counted(local);
    expect(events.filter(isNew).map(short).sort()).toEqual(NEW);
    expect(events).toHaveLength(8 + 4);
    const first = events.find((one) => isNew(one) && short(one) === NEW[0]);
    // Time, place and person stay; what ingestion writes is written anew.
    expect(first?.properties).toMatchObject({
      time: NOW - 3 * DAY_MS,
      distinct_id: USER,
      $city: "Lisbon",
      $import: true,
    });
    const aside = JSON.parse(readFileSync(fileOf(system, "set-aside.ndjson"), "utf8")) as Exported & {
      readonly findings: readonly { readonly id: string }[];
    };
    expect(aside).toMatchObject({
      event: "Order placed",
      findings: [{ id: "identity-format" }, { id: "type-mismatch" }],
    });
    expect(aside.properties["distinct_id"]).toBe("somebody");
  });

  test("deletes nothing where too much of it could not be imported again, and goes on when that is wanted", async () => {
    const { local, system } = await begin({ ...WINDOW, old: "delete" });
    await local.importEvents(
      Array.from({ length: 40 }, () => event("Order placed", 1, { total: 1, distinct_id: "somebody" })),
    );
    const before = await counted(local);
    const options = makeOptions(system);
    const careful = { ...options, settings: { ...options.settings, failuresMaxPercent: 5 } };
    await expect(applyChangeSet(careful)).rejects.toMatchObject({
      code: "CLEANUP_TOO_MANY_FAILURES",
      message: expect.stringContaining("41 of 45 events to be deleted fit no plan"),
    });
    expect(await counted(local)).toEqual(before);
    const { steps } = await applySteps(system);
    expect(steps[0]).toMatchObject({ selected: 47, changed: 4 });
  });

  test("says which old names can be deleted afterwards, and which cannot because the new ones share them", async () => {
    const { system } = await begin();
    const { steps } = await applySteps(system);
    const notes = steps[0]?.notes?.join("\n") ?? "";
    expect(notes).toContain("count twice until they are deleted");
    expect(notes).toMatch(/`delete_events` steps from .*: order_placed$/m);
    expect(notes).toMatch(/share|same one: Order placed\./);
    expect(JSON.stringify(steps)).not.toContain("somebody");
  });

  test("with `old: delete` what it repairs is there once, and undo names what it imported", async () => {
    const { local, system } = await begin({ ...WINDOW, old: "delete" });
    const { steps } = await applySteps(system);
    expect(steps).toMatchObject([{ changed: 4, verified: { checked: 4, wrong: 0 } }]);
    const events = await counted(local);
    expect(events.map(short).sort()).toEqual(
      [
        ...NEW,
        "$mp_web_page_view undefined undefined",
        "Page read undefined undefined",
        "order_placed 1 undefined",
      ].sort(),
    );
    const undone = await undoSteps(system);
    expect(undone.steps).toMatchObject([{ changed: 0, failed: [{ count: 4 }] }]);
    const file = fileOf(system, "imported.ndjson");
    expect(undone.steps[0]?.notes).toContain(`Insert ids of the imported events: ${file}`);
    const ids = readFileSync(file, "utf8").split("\n").filter(Boolean);
    const imported = (await counted(local))
      .filter(isNew)
      .map(({ properties }) => String(properties["$insert_id"]));
    expect(ids.map((line) => (JSON.parse(line) as { insert_id: string }).insert_id).sort()).toEqual(
      imported.sort(),
    );
    // The old ones are back, beside the new ones.
    expect(await counted(local)).toHaveLength(8 + 4);
  });

  test("deletes nothing where the unofficial API is off or today is in the window", async () => {
    const { local, system } = await begin({ ...WINDOW, old: "delete" });
    await expect(applySteps({ ...system, unofficial: false })).rejects.toMatchObject({
      code: "CLEANUP_UNOFFICIAL_OFF",
    });
    const today = makeSet([{ operation: { ...WINDOW, old: "delete", to: day(0) } }]);
    await expect(
      applySteps({ ...system, folder: `${system.folder}-2`, changeSet: today }),
    ).rejects.toMatchObject({ code: "CLEANUP_REFUSED" });
    const reply = await local.send(`${BASE}/deletion-requests/`, {
      headers: { authorization: SERVICE_ACCOUNT },
    });
    expect(reply.json()).toMatchObject({ results: [] });
    expect(await counted(local)).toHaveLength(8);
  });

  test("leaves a deletion that somebody asked for before, also at undo", async () => {
    const { local, system } = await begin({ ...WINDOW, old: "delete" }, { export_deleted: "show" });
    const before = { eventName: "order_placed", fromDate: day(3), toDate: day(1) };
    await local.post(`${BASE}/deletion-requests/`, before);
    await applySteps(system);
    const listed = async (): Promise<readonly unknown[]> => {
      const reply = await local.send(`${BASE}/deletion-requests/`, {
        headers: { authorization: SERVICE_ACCOUNT },
      });
      return (reply.json() as { results: { eventName: string }[] }).results.map((one) => one.eventName);
    };
    expect(await listed()).toEqual(["order_placed", "Order placed"]);
    await undoSteps(system);
    expect(await listed()).toEqual(["order_placed"]);
  });

  test("of some names leaves all others", async () => {
    const { local, system } = await begin({ ...WINDOW, events: ["order_placed"] });
    const { steps } = await applySteps(system);
    expect(steps).toMatchObject([{ selected: 2, changed: 2, skipped: 0, failed: [] }]);
    expect((await counted(local)).filter(isNew).map(short).sort()).toEqual(NEW.slice(0, 2));
  });

  test("gives the same event the same id again under one plan, and another under another", async () => {
    const ids = async (text: string): Promise<readonly string[]> => {
      made = 0;
      const { local, system } = await begin();
      await applySteps({ ...system, lock: text });
      const events = await counted(local);
      return events
        .filter(isNew)
        .map(({ properties }) => String(properties["$insert_id"]))
        .sort();
    };
    const other = lockText(compile(PLAN.replace("Page read", "Page was read")));
    const [first, again, changed] = [await ids(lock), await ids(lock), await ids(other)];
    expect(again).toEqual(first);
    expect(changed.filter((id) => first.includes(id))).toEqual([]);
  });

  test("gets through exports that break off, 503 and answers that got lost; what Mixpanel refuses is set aside", async () => {
    const { local, system } = await begin();
    await local.fault([
      { route: "export", status: 503, count: 1 },
      { route: "export", cut: "before", count: 1 },
      { route: "import", status: 503, count: 1 },
      { route: "import", cut: "after", count: 1 },
      { route: "import", partial: 1, count: 1 },
    ]);
    const { steps } = await applySteps(system);
    expect(steps).toMatchObject([{ selected: 7, changed: 3, skipped: 2 }]);
    expect(steps[0]?.failed.map(({ count }) => count)).toEqual([1, 1]);
    expect((await counted(local)).filter(isNew)).toHaveLength(4);
    expect(readFileSync(fileOf(system, "set-aside.ndjson"), "utf8").split("\n").filter(Boolean)).toHaveLength(
      2,
    );
  });

  test("an export that breaks off is asked for again also when it counts before, or reads back after; and as often as the provider says not now", async () => {
    const { local, system } = await begin();
    const changeSet = makeSet([{ operation: WINDOW, expect: { count: 7 } }]);
    await local.fault([
      { route: "export", cut: "before", count: 1 },
      // The count, and then the days of the backup.
      { route: "export", delayMs: 1, count: 1 },
      { route: "export", status: 429, retryAfterSeconds: 0, count: 8 },
      { route: "export", delayMs: 1, count: 3 },
      // Reading back.
      { route: "export", status: 503, count: 1 },
      { route: "export", body: "export terminated early\n", count: 1 },
    ]);
    const { steps } = await applySteps({ ...system, changeSet });
    expect(steps).toMatchObject([{ selected: 7, changed: 4, verified: { checked: 4, wrong: 0 } }]);
    expect((await local.send("/emulator/faults")).json()).toEqual([]);
  });

  test("an export that is to wait for longer than the command may ends it with the error that means later", async () => {
    const { local, system } = await begin();
    await local.fault({ route: "export", status: 429, retryAfterSeconds: 7200, count: 1 });
    await expect(applySteps(system)).rejects.toMatchObject({ code: "CLEANUP_WAIT_TOO_LONG" });
    expect((await applySteps(system)).steps).toMatchObject([{ selected: 7, changed: 4 }]);
  });

  test("killed after any request and begun again, it comes to the same end as without", async () => {
    for (const old of ["keep", "delete"] as const) {
      made = 0;
      const undisturbed = await begin({ ...WINDOW, old });
      await applySteps(undisturbed.system);
      made = 0;
      const { local, system } = await begin({ ...WINDOW, old });
      expect(await runKilled(system)).toBeGreaterThanOrEqual(4);
      const texts = (events: readonly Exported[]) =>
        events.map((one) => `${short(one)} ${String(one.properties["$insert_id"])}`).sort();
      expect(texts(await counted(local))).toEqual(texts(await counted(undisturbed.local)));
      for (const file of ["imported.ndjson", "set-aside.ndjson"])
        expect(readFileSync(fileOf(system, file), "utf8")).toBe(
          readFileSync(fileOf(undisturbed.system, file), "utf8"),
        );
    }
  });
});
