// Privacy requests as steps of a change set, over the local Mixpanel's GDPR API.
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { PrivacyOperation, Selector } from "../../src/cleanup/change-set/change-set.ts";
import { followPrivacy } from "../../src/cleanup/privacy/follow-privacy.ts";
import { lockText } from "../../src/plan/index.ts";
import { createMixpanelPrivacy } from "../../src/providers/index.ts";
import { type Local, makeEvent, startLocal } from "../emulator/local.ts";
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
const LATENCY_MS = 3_000_000;
const DELETE: PrivacyOperation = { do: "privacy_delete", compliance: "GDPR" };
const RETRIEVE: PrivacyOperation = { do: "privacy_retrieve", compliance: "CCPA", disclosure: "Data" };

const idsOf = (count: number): readonly string[] => Array.from({ length: count }, (_, n) => `person-${n}`);

async function begin(
  operation: PrivacyOperation,
  of: Selector,
  switches: Readonly<Record<string, string>> = {},
) {
  const clock = setClock(Date.UTC(2026, 10, 25, 12));
  const local = await startLocal({
    clock,
    switches: { deletion_latency_ms: String(LATENCY_MS), ...switches },
  });
  await local.importEvents([
    makeEvent({ time: clock.now() - 1000, distinct_id: "person-0" }),
    makeEvent({ time: clock.now() - 1000, distinct_id: "somebody-else" }),
  ]);
  await local.engage([
    { $token: "t", $distinct_id: "person-0", $set: { email: "ada@example.com" } },
    { $token: "t", $distinct_id: "somebody-else", $set: { name: "Bob" } },
  ]);
  const folder = tempDirectory("privacy");
  const system: StepsSystem = {
    url: local.url,
    folder: join(folder, "cleanup"),
    changeSet: makeSet([{ operation, of }]),
    lock,
  };
  const privacy = createMixpanelPrivacy({ host: local.url, token: "t", erasureToken: "person", clock });
  const follow = () =>
    followPrivacy({
      folder: system.folder,
      destination: "product",
      privacy: { ...privacy, limits: { ...privacy.limits, requestsPerSecond: 1000 } },
      clock: { now: () => Date.now() },
      random: () => 0.5,
      signal: new AbortController().signal,
    });
  return { clock, local, system, follow };
}

/** Requests of the application's API that were answered so. */
async function answered(local: Local, status: number): Promise<number> {
  const stats = (await local.send("/emulator/stats")).json() as {
    readonly requests: Readonly<Record<string, Readonly<Record<string, number>>>>;
  };
  return stats.requests["app"]?.[status] ?? 0;
}

const backupOf = ({ folder }: StepsSystem, name: string) => join(folder, "steps", "steps", "step-0", name);

describe("a privacy deletion", () => {
  test("asks for everybody in requests of 500, is followed to its end, and takes only them", async () => {
    const { clock, local, system, follow } = await begin(DELETE, { kind: "ids", ids: idsOf(1001) });
    const { steps } = await applySteps(system);
    expect(steps).toMatchObject([
      { selected: 1001, changed: 1001, skipped: 0, failed: [], verified: { checked: 1001, wrong: 0 } },
    ]);
    expect(await answered(local, 201)).toBe(3);
    const [first] = await follow();
    expect(first).toMatchObject({ kind: "deletion", step: "step-0", retrievals: undefined });
    expect(first?.tasks.map(({ ids, state }) => [ids, state])).toEqual([
      [500, "waiting"],
      [500, "waiting"],
      [1, "waiting"],
    ]);
    clock.advance(LATENCY_MS);
    const [last] = await follow();
    expect(last?.tasks.map(({ state }) => state)).toEqual(["done", "done", "done"]);
    expect(await local.profile("person-0")).toBeUndefined();
    expect(await local.profile("somebody-else")).toBeDefined();
    expect((await local.exported()).map(({ properties }) => properties["distinct_id"])).toEqual([
      "somebody-else",
    ]);
    // What is over is not asked for again.
    const before = await answered(local, 200);
    await follow();
    expect(await answered(local, 200)).toBe(before);
  });

  test("is called off by undo until it has started", async () => {
    const { clock, local, system, follow } = await begin(DELETE, { kind: "ids", ids: idsOf(3) });
    await applySteps(system);
    clock.advance(LATENCY_MS / 3);
    const { steps } = await undoSteps(system);
    expect(steps).toMatchObject([{ changed: 3, failed: [] }]);
    clock.advance(LATENCY_MS);
    expect((await follow())[0]?.tasks[0]?.state).toBe("revoked");
    expect(await local.profile("person-0")).toBeDefined();
  });

  test("that has started is not called off, and undo says so", async () => {
    const { clock, system } = await begin(DELETE, { kind: "ids", ids: idsOf(3) });
    await applySteps(system);
    clock.advance((LATENCY_MS * 2) / 3);
    const { steps } = await undoSteps(system);
    expect(steps).toMatchObject([
      { changed: 0, failed: [{ reason: "the deletion has started: nothing can stop it", count: 3 }] },
    ]);
  });

  test("is halved where a request is not taken, and one id that is never taken is named by its reason alone", async () => {
    const { local, system } = await begin(DELETE, { kind: "ids", ids: idsOf(10) }, { gdpr_ids_max: "3" });
    const { steps } = await applySteps(system);
    expect(steps).toMatchObject([{ selected: 10, changed: 10, failed: [] }]);
    // 10 → 5 + 5 → 3 + 2 + 3 + 2
    expect(await answered(local, 400)).toBe(3);
    expect(await answered(local, 201)).toBe(4);
    const { local: strict, system: other } = await begin(
      DELETE,
      { kind: "ids", ids: idsOf(2) },
      { gdpr_ids_max: "0" },
    );
    const report = await applySteps(other);
    expect(report.steps[0]?.failed.map(({ count }) => count)).toEqual([2]);
    expect(JSON.stringify(report)).not.toContain("person-");
    expect(await answered(strict, 201)).toBe(0);
  });

  test("keeps ids and nothing else of the people, and no id stands in the report", async () => {
    const { system } = await begin(DELETE, { kind: "property", property: "email" });
    const report = await applySteps(system);
    expect(report.steps).toMatchObject([{ selected: 1, changed: 1 }]);
    expect(JSON.stringify(report)).not.toContain("person-0");
    expect(readFileSync(backupOf(system, "journal"), "utf8")).not.toContain("person-0");
  });

  test("takes its ids from a file, each once, whatever stands around them", async () => {
    const { system } = await begin(DELETE, { kind: "ids", ids: [] });
    const file = `${system.folder}.ids`;
    writeFileSync(file, 'a\r\n\n{"id":"b","why":"asked"}\na\nc');
    const changeSet = makeSet([{ operation: DELETE, of: { kind: "file", file } }]);
    const { steps } = await applySteps({ ...system, changeSet });
    expect(steps).toMatchObject([{ selected: 3, changed: 3 }]);
  });

  test("of everybody, or of nobody in particular, is refused", async () => {
    const { local, system } = await begin(DELETE, { kind: "everyone" });
    await expect(applySteps(system)).rejects.toMatchObject({ code: "CLEANUP_REFUSED" });
    const changeSet = makeSet([{ operation: DELETE }]);
    const folder = `${system.folder}-2`;
    await expect(applySteps({ ...system, folder, changeSet })).rejects.toMatchObject({
      code: "CLEANUP_REFUSED",
    });
    expect(await answered(local, 201)).toBe(0);
  });

  test("without the token of a person is refused, and says which setting is missing", async () => {
    const { system } = await begin(DELETE, { kind: "ids", ids: idsOf(2) });
    await expect(applySteps({ ...system, erasureToken: null })).rejects.toMatchObject({
      code: "CLEANUP_REFUSED",
      message: expect.stringContaining("erasure_token") as string,
    });
  });

  test("gets through 503, 429 and answers that got lost; asking twice deletes once", async () => {
    const { clock, local, system, follow } = await begin(DELETE, { kind: "ids", ids: idsOf(600) });
    await local.fault([
      { route: "app", status: 503, count: 1 },
      { route: "app", cut: "after", count: 1 },
      { route: "app", status: 429, count: 1 },
    ]);
    const { steps } = await applySteps(system);
    expect(steps).toMatchObject([{ changed: 600, failed: [], verified: { wrong: 0 } }]);
    clock.advance(LATENCY_MS);
    expect((await follow())[0]?.tasks.map(({ state }) => state)).toEqual(["done", "done"]);
    expect(await local.profile("person-0")).toBeUndefined();
  });

  test("killed after any request and begun again, it has asked for everybody, and undo says what it cannot vouch for", async () => {
    const { clock, local, system, follow } = await begin(DELETE, { kind: "ids", ids: idsOf(1200) });
    // The first two runs are killed after the first two ranges were asked for: those answers got lost.
    expect(await runKilled(system)).toBeGreaterThanOrEqual(2);
    const [followed] = await follow();
    expect(followed?.tasks.map(({ ids }) => ids)).toEqual([500, 500, 200]);
    expect(await runKilled(system, "undo")).toBeGreaterThanOrEqual(2);
    clock.advance(LATENCY_MS);
    expect((await follow())[0]?.tasks.map(({ state }) => state)).toEqual(["revoked", "revoked", "revoked"]);
    const { steps } = await undoSteps(system, true);
    expect(steps[0]?.changed).toBe(200);
    expect(steps[0]?.failed.map(({ count }) => count)).toEqual([1000]);
    // The requests whose answers got lost went on, as undo said that they might.
    expect(await local.profile("person-0")).toBeUndefined();
    expect(await local.profile("somebody-else")).toBeDefined();
  });

  test("whose answer got lost is called off with a warning; after a 429 there is no doubt", async () => {
    for (const [fault, failed] of [
      [{ route: "app", cut: "after", count: 1 }, [3]],
      [{ route: "app", status: 429, count: 1 }, []],
    ] as const) {
      const { local, system } = await begin(DELETE, { kind: "ids", ids: idsOf(3) });
      await local.fault(fault);
      await applySteps(system);
      const { steps } = await undoSteps(system);
      expect(steps[0]?.failed.map(({ count }) => count)).toEqual(failed);
    }
  });
});

describe("a privacy retrieval", () => {
  test("ends with links in a file that only its owner may read, and nowhere else", async () => {
    const { clock, local, system, follow } = await begin(RETRIEVE, { kind: "ids", ids: ["person-0"] });
    const report = await applySteps(system);
    expect((await follow())[0]).toMatchObject({ kind: "retrieval", retrievals: undefined });
    clock.advance(LATENCY_MS);
    const [step] = await follow();
    expect(step?.tasks).toMatchObject([{ ids: 1, state: "done" }]);
    const file = step?.retrievals ?? "";
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const { link } = JSON.parse(readFileSync(file, "utf8")) as { link: string };
    const { text } = await local.send(new URL(link).pathname);
    expect(text).toContain("ada@example.com");
    expect(text).not.toContain("Bob");
    expect(JSON.stringify([step, report])).not.toContain("/emulator/retrievals/");
    // A later look has them still.
    expect((await follow())[0]?.retrievals).toBe(file);
    expect(readFileSync(file, "utf8")).toContain(link);
  });

  test("changes nothing, so undo has nothing to do", async () => {
    const { local, system } = await begin(RETRIEVE, { kind: "ids", ids: ["person-0"] });
    await applySteps(system);
    const { steps } = await undoSteps(system);
    expect(steps).toMatchObject([{ changed: 0, skipped: 1, failed: [] }]);
    expect(await local.profile("person-0")).toBeDefined();
  });
});
