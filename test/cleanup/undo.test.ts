import { expect, test } from "vitest";
import type { Operation } from "../../src/cleanup/change-set/change-set.ts";
import type { Provider } from "../../src/core/index.ts";
import { startLocal } from "../emulator/local.ts";
import { makeEngine, makeProvider, plant, profilesOf, setOf } from "./local-project.ts";

const codeOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => "done",
    (error: unknown) => (error as { code?: unknown }).code ?? error,
  );

const MESS = {
  a: { Plan: "x", plan: "y", tags: ["t", 1], age: "12", nested: { deep: [1, { b: null }] } },
  b: { Plan: "x", age: 12, tier: "gold" },
  c: { plan: "z", planTier: "pro", tier: "tin" },
  d: { PLAN: "w", plan_tier: "free", "Plan Tier": "team", nothing: null },
  e: {},
};

const EACH: Readonly<Record<string, Operation>> = {
  unset: { do: "unset", properties: ["tags", "nested", "age"] },
  "rename, kept": { do: "rename", from: "Plan", to: "plan", onBoth: "keep" },
  "rename, overwritten": { do: "rename", from: "Plan", to: "plan", onBoth: "overwrite" },
  "merge of spellings": { do: "merge_spellings", from: ["planTier", "Plan Tier"], to: "plan_tier" },
  retype: { do: "retype", property: "age", to: "number", onMisfit: "unset" },
  "value map": { do: "map_values", property: "tier", values: [{ from: "gold", to: null }] },
};

test.each(Object.entries(EACH))("%s: undo brings back every profile as it was", async (_, operation) => {
  const { url } = await startLocal();
  await plant(url, MESS);
  const before = await profilesOf(url);
  const { apply, undo } = makeEngine(url, setOf({ id: "step", operation }));
  expect((await apply()).steps[0]?.changed).toBeGreaterThan(0);
  expect(await profilesOf(url)).not.toEqual(before);
  const report = await undo();
  expect(report.state).toEqual({ kind: "undone" });
  expect(report.steps[0]).toMatchObject({ failed: [], verified: { wrong: 0 } });
  expect(report.steps[0]?.verified.checked).toBe(report.steps[0]?.selected);
  expect(await profilesOf(url)).toEqual(before);
});

test("several steps over the same property are undone from the last to the first", async () => {
  const { url } = await startLocal();
  await plant(url, MESS);
  const before = await profilesOf(url);
  const { apply, undo } = makeEngine(
    url,
    setOf(
      { id: "1", operation: { do: "merge_spellings", from: ["Plan", "PLAN"], to: "plan" } },
      {
        id: "2",
        operation: { do: "map_values", property: "plan", values: [{ from: "x", to: "free" }] },
      },
      { id: "3", operation: { do: "rename", from: "plan", to: "plan_tier", onBoth: "overwrite" } },
    ),
  );
  await apply();
  expect((await profilesOf(url))["b"]).toEqual({ age: 12, tier: "gold", plan_tier: "free" });
  expect((await undo()).steps.map(({ step }) => step)).toEqual(["3", "2", "1"]);
  expect(await profilesOf(url)).toEqual(before);
});

test("deleted profiles come back whole, and the report says what does not", async () => {
  const local = await startLocal();
  await plant(local.url, MESS);
  const before = await profilesOf(local.url);
  const { apply, undo } = makeEngine(
    local.url,
    setOf({
      id: "gone",
      operation: { do: "delete_profiles", ignoreAlias: true },
      of: { kind: "property", property: "Plan" },
    }),
  );
  await apply();
  expect(Object.keys(await profilesOf(local.url)).toSorted()).toEqual(["c", "d", "e"]);
  const report = await undo();
  expect(report.steps[0]).toMatchObject({ changed: 2, failed: [], verified: { checked: 2, wrong: 0 } });
  expect(report.steps[0]?.notes).toHaveLength(1);
  expect(await profilesOf(local.url)).toEqual(before);
});

test("what somebody changed since is left, told, and written over only by force", async () => {
  const { url } = await startLocal();
  await plant(url, { a: { Plan: "x" }, b: { Plan: "x" }, c: { Plan: "x" } });
  const before = await profilesOf(url);
  const { apply, undo } = makeEngine(
    url,
    setOf({ id: "plan", operation: { do: "rename", from: "Plan", to: "plan", onBoth: "keep" } }),
  );
  await apply();
  await plant(url, { b: { plan: "since" } });
  const report = await undo();
  expect(report.steps[0]).toMatchObject({ changed: 2, failed: [{ count: 1 }] });
  expect(await profilesOf(url)).toEqual({ a: { Plan: "x" }, b: { plan: "since" }, c: { Plan: "x" } });
  expect((await undo(true)).steps[0]).toMatchObject({ failed: [] });
  expect(await profilesOf(url)).toEqual(before);
});

test("a profile that was made anew since a deletion is somebody's", async () => {
  const { url } = await startLocal();
  await plant(url, { a: { plan: "x" } });
  const { apply, undo } = makeEngine(
    url,
    setOf({
      id: "gone",
      operation: { do: "delete_profiles", ignoreAlias: true },
      of: { kind: "ids", ids: ["a"] },
    }),
  );
  await apply();
  await plant(url, { a: { plan: "new" } });
  expect((await undo()).steps[0]).toMatchObject({ changed: 0, failed: [{ count: 1 }] });
  expect(await profilesOf(url)).toEqual({ a: { plan: "new" } });
  await undo(true);
  expect(await profilesOf(url)).toEqual({ a: { plan: "x" } });
});

test("a run that stopped half way is undone as far as it came", async () => {
  const { url } = await startLocal();
  const mess = Object.fromEntries(Array.from({ length: 300 }, (_, at) => [`u${at}`, { Plan: `p${at}` }]));
  await plant(url, mess);
  const before = await profilesOf(url);
  const own = makeProvider(url, { profilesPerRequest: 20, parallelProfileRequests: 2 });
  const stop = new AbortController();
  let sent = 0;
  const provider: Provider = {
    ...own,
    send: (request, options) => {
      sent += 1;
      if (sent > 20) stop.abort();
      return own.send(request, options);
    },
  };
  const stopped = makeEngine(
    url,
    setOf({ id: "plan", operation: { do: "rename", from: "Plan", to: "plan", onBoth: "keep" } }),
    { provider, signal: stop.signal },
  );
  expect(await codeOf(stopped.apply())).toBe("CLEANUP_STOPPED");
  const half = Object.values(await profilesOf(url)).map((one) => Object.keys(one).join());
  expect(new Set(half)).toEqual(new Set(["plan", "Plan,plan"]));
  const again = makeEngine(url, stopped.options.changeSet, { folder: stopped.folder });
  expect((await again.undo()).state).toEqual({ kind: "undone" });
  expect(await profilesOf(url)).toEqual(before);
});

test("what is being undone is not applied again under the same name, and what was never applied is not undone", async () => {
  const { url } = await startLocal();
  await plant(url, { a: { old: 1 } });
  const { apply, undo } = makeEngine(
    url,
    setOf({ id: "old", operation: { do: "unset", properties: ["old"] } }),
  );
  expect(await codeOf(undo())).toBe("CLEANUP_NOT_APPLIED");
  await apply();
  await undo();
  expect(await codeOf(apply())).toBe("CLEANUP_CHANGED_SINCE");
  expect(await codeOf(undo())).toBe("done");
  expect(await profilesOf(url)).toEqual({ a: { old: 1 } });
});
