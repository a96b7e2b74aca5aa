// A year of mess in the shop's Mixpanel, brought to the plan by the commands a person runs, and back. What is left is counted from what the local
// Mixpanel holds, not from what the commands say.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { diskPlanFiles } from "../../src/cli/plan-files.ts";
import { type Emulator, startEmulator } from "../../src/emulator/index.ts";
import { checkPlan, type Lock } from "../../src/plan/index.ts";
import { MIXPANEL_PLAN_LIMITS } from "../../src/providers/index.ts";
import { ensureDist } from "../support/dist.ts";
import { startPostgres, type TestPostgres } from "../support/postgres.ts";
import { type Ran, plumbline } from "../support/run-plumbline.ts";
import { tempDirectory } from "../support/temp.ts";
import { loadMess } from "./mess/load-mess.ts";
import { type Held, lookAt } from "./mess/look.ts";
import { PLANTED, usersSql } from "./mess/people-of-mess.ts";
import { DATABASE_VARIABLE, SHOP_SCHEMA, writeShop } from "./mess/shop-plan.ts";
import { TROUBLES } from "./mess/troubles.ts";
import { historyWindow } from "./mess/history-window.ts";
import { mendedTable } from "./mess/mended-table.ts";
import { historySet, springSet } from "./mess/by-hand.ts";
import { yearOfEvents } from "./mess/year-of-events.ts";

const VISITS_PER_DAY = 200;
const folder = tempDirectory("year-of-mess");
const NOW = Date.now();
const GUIDE = readFileSync(new URL("../../docs/guide/cleaning-up.md", import.meta.url), "utf8");
let emulator: Emulator;
let postgres: TestPostgres;
let database = "";
let lock: Lock;

function run(...args: readonly string[]): Promise<Ran> {
  return plumbline([...args, "--no-color"], { cwd: folder, env: { [DATABASE_VARIABLE]: database } });
}

type Counts = Readonly<Record<string, number>>;

function countTroubles(held: Held): Counts {
  return Object.fromEntries(TROUBLES.map(({ id, left }) => [id, left(held, lock)]));
}

const look = (): Promise<Held> => lookAt(emulator.url, historyWindow(NOW).beginsAt);

async function expectDone(...args: readonly string[]): Promise<string> {
  const ran = await run(...args);
  expect(ran.code, `${args.join(" ")}: ${ran.stderr}${ran.stdout}`).toBe(0);
  return ran.stdout;
}

beforeAll(async () => {
  ensureDist();
  [emulator, postgres] = await Promise.all([
    startEmulator({ store: "memory", switches: { data_definitions: "on" } }),
    startPostgres(),
  ]);
  database = await postgres.createDatabase();
  await postgres.run(database, SHOP_SCHEMA);
  await postgres.run(database, usersSql());
  writeShop(folder, emulator.url);
  const checked = checkPlan(join(folder, "plan.yaml"), diskPlanFiles(), {
    limits: [MIXPANEL_PLAN_LIMITS],
    today: "2026-11-25",
  });
  if (!checked.lock) throw new Error(JSON.stringify(checked.findings));
  lock = checked.lock;
  await loadMess(emulator.url, await yearOfEvents(VISITS_PER_DAY, NOW));
}, 180_000);
afterAll(async () => {
  await emulator.close();
  await postgres.close();
});

test("a year of mess is brought to the plan, and undo brings back what it promised", async () => {
  const before = await look();
  const planted = countTroubles(before);
  expect(planted).toMatchObject({ ...PLANTED });

  writeFileSync(join(folder, "spring.yaml"), springSet(lock, before));
  await expectDone("clean", "apply", "spring.yaml", "--apply", "--verify", "all");
  const mapping = ["--database", "--old", "users.email", "--new", "users.id"];
  await expectDone("ids", "plan", ...mapping);
  await expectDone("ids", "apply", "ids.yaml", "--apply");
  writeFileSync(join(folder, "history.yaml"), historySet(lock, NOW));
  // No plan lets an event of an e-mail address in: these are set aside, which is told as failures.
  const history = await run("clean", "apply", "history.yaml", "--apply", "--json");
  const setAside = planted["email-event-ids"] ?? 0;
  expect([history.code, JSON.parse(history.stdout)]).toMatchObject([
    setAside > 0 ? 1 : 0,
    { state: { kind: "applied" } },
  ]);
  const applied = await look();
  const left = countTroubles(applied);
  const { "older-events": older, ...reachable } = left;
  expect(older).toBe(planted["older-events"]);
  expect(Object.entries(reachable).filter(([, count]) => count > 0)).toEqual([]);
  expect(applied.events).toHaveLength(before.events.length - setAside);

  // The old events are there again, and an import cannot be taken back: undo says so.
  expect((await run("clean", "undo", "history.yaml", "--apply")).code).toBe(1);
  for (const set of ["ids.yaml", "spring.yaml"]) await expectDone("clean", "undo", set, "--apply");
  const undone = await look();
  const restored = countTroubles(undone);
  expect(undone.profiles).toEqual(before.profiles);
  expect(undone.companies).toEqual(before.companies);
  expect(restored).toEqual(planted);

  const table = mendedTable({ planted, left, restored });
  await expect(table).toMatchFileSnapshot("mess/planted-and-repaired.md");
  expect(GUIDE).toContain(table.trim());
}, 300_000);
