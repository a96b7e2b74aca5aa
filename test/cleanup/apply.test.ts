import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import type { RunReport } from "../../src/cleanup/apply/run-report.ts";
import type { Provider } from "../../src/core/index.ts";
import { startLocal } from "../emulator/local.ts";
import { makeEngine, makeProvider, makeReader, plant, profilesOf, setOf } from "./local-project.ts";

function people(
  count: number,
  properties: (index: number) => object,
): Record<string, Record<string, unknown>> {
  return Object.fromEntries(
    Array.from({ length: count }, (_, index) => [`u${index}`, { ...properties(index) }]),
  );
}

function stepOf(report: RunReport, index = 0) {
  const step = report.steps[index];
  if (!step) throw new Error("no such step");
  return step;
}

const codeOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => "done",
    (error: unknown) => (error as { code?: unknown }).code ?? error,
  );

test("unset removes the property from whoever has it, and nothing else of anybody", async () => {
  const mixpanel = await startLocal({ switches: { profiles_max: "10000" } });
  const { url } = mixpanel;
  await plant(
    url,
    people(2500, (index) => ({ plan: "free", ...(index % 2 === 0 ? { old: index } : {}) })),
  );
  const { apply, folder } = makeEngine(
    url,
    setOf({ id: "no-old", operation: { do: "unset", properties: ["old"] }, expect: { count: 1250 } }),
  );
  const report = await apply();
  expect(report.state).toEqual({ kind: "applied" });
  expect(stepOf(report)).toMatchObject({
    selected: 1250,
    changed: 1250,
    skipped: 0,
    failed: [],
    verified: { checked: 1250, wrong: 0 },
  });
  const after = await profilesOf(url);
  expect(Object.keys(after)).toHaveLength(2500);
  expect(Object.values(after).every((one) => JSON.stringify(one) === '{"plan":"free"}')).toBe(true);
  const backup = gunzipSync(await readFile(join(folder, "steps/no-old/backup.ndjson.gz")))
    .toString()
    .trim()
    .split("\n");
  expect(backup).toHaveLength(1250);
  expect(JSON.parse(backup[0] ?? "")).toEqual({ id: "u0", had: { old: 0 } });
});

test("rename keeps or overwrites a value under the new name, as it was told", async () => {
  for (const [onBoth, kept] of [
    ["keep", "new"],
    ["overwrite", "old"],
  ] as const) {
    const { url } = await startLocal();
    await plant(url, { a: { Plan: "old" }, b: { Plan: "old", plan: "new" }, c: { plan: "new" } });
    const { apply } = makeEngine(
      url,
      setOf({ id: "rename", operation: { do: "rename", from: "Plan", to: "plan", onBoth } }),
    );
    const report = await apply();
    expect(stepOf(report)).toMatchObject({ selected: 2, changed: 2, failed: [], verified: { wrong: 0 } });
    expect(await profilesOf(url)).toEqual({ a: { plan: "old" }, b: { plan: kept }, c: { plan: "new" } });
  }
});

test("spellings become one name, retype turns what fits and leaves the rest, a map replaces values", async () => {
  const { url } = await startLocal();
  await plant(url, {
    a: { planTier: "free", "Plan Tier": "pro", active: "true", age: "12", tier: "gold" },
    b: { "Plan Tier": "pro", plan_tier: "team", active: "FALSE", age: "twelve", tier: "lead" },
    c: { active: true, age: 3, tier: "tin" },
  });
  const { apply } = makeEngine(
    url,
    setOf(
      {
        id: "spellings",
        operation: { do: "merge_spellings", from: ["planTier", "Plan Tier"], to: "plan_tier" },
      },
      { id: "active", operation: { do: "retype", property: "active", to: "boolean", onMisfit: "keep" } },
      { id: "age", operation: { do: "retype", property: "age", to: "integer", onMisfit: "keep" } },
      {
        id: "tier",
        operation: {
          do: "map_values",
          property: "tier",
          values: [
            { from: "gold", to: "first" },
            { from: "lead", to: null },
          ],
        },
      },
    ),
  );
  const report = await apply();
  expect(report.steps.map(({ changed, skipped }) => [changed, skipped])).toEqual([
    [2, 0],
    [2, 1],
    [1, 2],
    [2, 1],
  ]);
  expect(stepOf(report, 2).notes).toEqual(["1 values do not fit the new type and were left"]);
  expect(await profilesOf(url)).toEqual({
    a: { plan_tier: "free", active: true, age: 12, tier: "first" },
    b: { plan_tier: "team", active: false, age: "twelve" },
    c: { active: true, age: 3, tier: "tin" },
  });
});

test("profiles are deleted by id, and by a file of ids; whoever is not there is no failure", async () => {
  const { url } = await startLocal();
  await plant(
    url,
    people(30, () => ({ plan: "free" })),
  );
  const deletion = { do: "delete_profiles", ignoreAlias: true } as const;
  const engine = makeEngine(
    url,
    setOf({ id: "listed", operation: deletion, of: { kind: "ids", ids: ["u1", "u2", "nobody"] } }),
  );
  expect(stepOf(await engine.apply())).toMatchObject({ selected: 2, changed: 2, failed: [] });
  const file = join(engine.folder, "..", "ids.txt");
  await writeFile(file, 'u3\n{"id":"u4"}\n\nu5\n');
  const byFile = makeEngine(
    url,
    setOf({ id: "by-file", operation: deletion, of: { kind: "file", file }, expect: { count: 3 } }),
  );
  expect(stepOf(await byFile.apply())).toMatchObject({ changed: 3, verified: { checked: 3, wrong: 0 } });
  expect(Object.keys(await profilesOf(url))).toHaveLength(25);
});

test("profiles of one person become one, and two with the id of a user stay two", async () => {
  const { url } = await startLocal();
  await plant(url, {
    u1: { $email: "Ann@example.com", plan: "free" },
    "anon-1": { $email: "ann@example.com", city: "Bonn", plan: "pro" },
    u2: { $email: "twins@example.com" },
    u3: { $email: "twins@example.com" },
    u4: { $email: "alone@example.com" },
    ...Object.fromEntries(Array.from({ length: 30 }, (_, at) => [`p${at}`, { $email: "none@example.com" }])),
  });
  const engine = makeEngine(
    url,
    setOf({
      id: "one-each",
      of: { kind: "everyone" },
      operation: {
        do: "deduplicate",
        by: "$email",
        isCaseSensitive: false,
        survivor: "user_id_format",
        merge: true,
      },
    }),
  );
  const before = await profilesOf(url);
  const report = await engine.apply();
  expect(stepOf(report)).toMatchObject({ changed: 1, failed: [] });
  expect(stepOf(report).notes).toHaveLength(3);
  const after = await profilesOf(url);
  expect(after["u1"]).toEqual({ $email: "Ann@example.com", plan: "free", city: "Bonn" });
  expect(after["anon-1"]).toBeUndefined();
  expect(Object.keys(after)).toHaveLength(Object.keys(before).length - 1);
  await engine.undo();
  expect(await profilesOf(url)).toEqual(before);
});

test("groups are changed as users are", async () => {
  const local = await startLocal();
  await plant(local.url, { acme: { seats: "12" }, other: { seats: 3 } }, "company");
  await plant(local.url, { u1: { seats: "12" } });
  const { apply, undo } = makeEngine(
    local.url,
    setOf({
      id: "seats",
      group: "company",
      operation: { do: "retype", property: "seats", to: "integer", onMisfit: "keep" },
    }),
  );
  const seats = async (): Promise<unknown> => {
    const page = await makeReader(local.url).profiles(
      { group: "company" },
      { signal: new AbortController().signal },
    );
    return (
      page.kind === "answer" && Object.fromEntries(page.value.profiles.map((one) => [one.id, one.properties]))
    );
  };
  await apply();
  expect(await seats()).toEqual({ acme: { seats: 12 }, other: { seats: 3 } });
  expect(await profilesOf(local.url)).toEqual({ u1: { seats: "12" } });
  await undo();
  expect(await seats()).toEqual({ acme: { seats: "12" }, other: { seats: 3 } });
});

test("a server-side change moves nobody's place and nobody's last seen", async () => {
  const local = await startLocal();
  const { url } = local;
  await local.send("/engage?ip=1", {
    method: "POST",
    headers: { "content-type": "application/json", "x-forwarded-for": "93.184.216.34" },
    body: JSON.stringify([{ $token: "t", $distinct_id: "a", $set: { Plan: "free", old: 1 } }]),
  });
  const before = (await profilesOf(url))["a"] ?? {};
  expect(before["$city"]).toBeDefined();
  expect(before["$last_seen"]).toBeDefined();
  const { apply } = makeEngine(
    url,
    setOf(
      { id: "one", operation: { do: "rename", from: "Plan", to: "plan", onBoth: "keep" } },
      { id: "two", operation: { do: "unset", properties: ["old"] } },
    ),
  );
  await apply();
  const { Plan, old, ...rest } = before;
  expect([Plan, old]).toEqual(["free", 1]);
  expect(await profilesOf(url)).toEqual({ a: { ...rest, plan: "free" } });
});

test("one bad profile of 2,000 is found and named, and the others are changed", async () => {
  const local = await startLocal({ switches: { mixed_batch: "all" } });
  await plant(
    local.url,
    people(2000, () => ({ old: 1 })),
  );
  const own = makeProvider(local.url);
  // A provider that never takes what is about one profile.
  const provider: Provider = {
    ...own,
    send: (request, options) =>
      request.items.some((item) => Buffer.from(item).includes('"u777"'))
        ? Promise.resolve({ kind: "refused", message: "status 0" })
        : own.send(request, options),
  };
  const { apply, folder } = makeEngine(
    local.url,
    setOf({ id: "old", operation: { do: "unset", properties: ["old"] } }),
    { provider },
  );
  const report = await apply();
  expect(stepOf(report)).toMatchObject({
    changed: 1999,
    failed: [{ reason: "status 0", count: 1 }],
    verified: { checked: 1999, wrong: 0 },
  });
  expect(await readFile(join(folder, "steps/old/failed.ndjson"), "utf8")).toBe(
    '{"id":"u777","reason":"status 0"}\n',
  );
});

test("a copy that is not there when read back keeps its old property", async () => {
  const local = await startLocal();
  await plant(local.url, { a: { Plan: "x" }, b: { Plan: "y" } });
  const own = makeProvider(local.url);
  // Answers 1 and stores nothing of one profile's copy, as a provider does that takes a batch when any of it is good.
  const provider: Provider = {
    ...own,
    send: ({ kind, items }, options) =>
      own.send(
        {
          kind,
          items: items.filter(
            (item) => !Buffer.from(item).toString().includes('"b","$ip":"0","$ignore_time":true,"$set"'),
          ),
        },
        options,
      ),
  };
  const { apply } = makeEngine(
    local.url,
    setOf({ id: "plan", operation: { do: "rename", from: "Plan", to: "plan", onBoth: "keep" } }),
    { provider, settings: { verify: "all", force: false, failuresMaxPercent: 100 } },
  );
  const report = await apply();
  expect(stepOf(report)).toMatchObject({ changed: 1, failed: [{ count: 1 }] });
  expect(await profilesOf(local.url)).toEqual({ a: { plan: "x" }, b: { Plan: "y" } });
});

test("what is written and not there is told by reading back", async () => {
  const local = await startLocal();
  await plant(local.url, { a: { old: 1 }, b: { old: 1 } });
  const own = makeProvider(local.url);
  const provider: Provider = {
    ...own,
    send: ({ kind, items }, options) => own.send({ kind, items: items.slice(0, 1) }, options),
  };
  const { apply } = makeEngine(
    local.url,
    setOf({ id: "old", operation: { do: "unset", properties: ["old"] } }),
    { provider, settings: { verify: "sample", force: false, failuresMaxPercent: 5 } },
  );
  expect(stepOf(await apply()).verified).toEqual({ checked: 2, wrong: 1 });
});

test("a count outside the bound stops the run before anything is changed, also when the last step has it", async () => {
  const { url } = await startLocal();
  await plant(
    url,
    people(100, (index) => ({ a: 1, ...(index < 50 ? { b: 1 } : {}) })),
  );
  const a = { id: "a", operation: { do: "unset", properties: ["a"] }, expect: { count: 100 } } as const;
  const b = (count: number) =>
    ({ id: "b", operation: { do: "unset", properties: ["b"] }, expect: { count } }) as const;
  const before = await profilesOf(url);
  const surprised = makeEngine(url, setOf(a, b(53)));
  expect(await codeOf(surprised.apply())).toBe("CLEANUP_SURPRISE");
  expect(await profilesOf(url)).toEqual(before);
  expect(JSON.parse(await readFile(join(surprised.folder, "apply.json"), "utf8"))).toMatchObject({
    state: { kind: "stopped", code: "CLEANUP_SURPRISE" },
    left: ["a", "b"],
  });
  expect(await codeOf(makeEngine(url, setOf(a, b(52))).apply())).toBe("done");
});

test("a run goes on only with the set, the destination and the plan that it began with", async () => {
  const { url } = await startLocal();
  await plant(url, { a: { old: 1, other: 1 } });
  const set = setOf({ id: "old", operation: { do: "unset", properties: ["old"] } });
  const { apply } = makeEngine(url, set);
  await apply();
  const other = setOf({ id: "old", operation: { do: "unset", properties: ["other"] } });
  expect(await codeOf(apply({ changeSet: other }))).toBe("CLEANUP_CHANGED_SINCE");
  expect(await codeOf(apply({ target: "local 2" }))).toBe("CLEANUP_CHANGED_SINCE");
  expect(await codeOf(apply({ planHash: "another" }))).toBe("CLEANUP_CHANGED_SINCE");
  expect(await codeOf(apply())).toBe("done");
  expect(await profilesOf(url)).toEqual({ a: { other: 1 } });
});

test("a backup that was changed stops the run, whichever byte it was", async () => {
  const { url } = await startLocal();
  await plant(url, { a: { old: 1 }, b: { old: 2 } });
  const own = makeProvider(url);
  const stop = new AbortController();
  const provider: Provider = {
    ...own,
    send: () => {
      stop.abort();
      return Promise.resolve({ kind: "unknown", message: "no answer" });
    },
  };
  const engine = makeEngine(url, setOf({ id: "old", operation: { do: "unset", properties: ["old"] } }), {
    provider,
    signal: stop.signal,
  });
  expect(await codeOf(engine.apply())).toBe("CLEANUP_STOPPED");
  const file = join(engine.folder, "steps/old/backup.ndjson.gz");
  const bytes = await readFile(file);
  const fresh = { ...engine.options, provider: own, signal: new AbortController().signal };
  for (let at = 0; at < bytes.length; at += 9) {
    const changed = Buffer.from(bytes);
    changed.writeUInt8((changed.readUInt8(at) + 1) % 256, at);
    await writeFile(file, changed);
    expect(await codeOf(engine.apply(fresh)), `byte ${at}`).toBe("CLEANUP_BACKUP_BROKEN");
  }
  await writeFile(file, bytes.subarray(0, -1));
  expect(await codeOf(engine.apply(fresh))).toBe("CLEANUP_BACKUP_BROKEN");
  expect(await profilesOf(url)).toEqual({ a: { old: 1 }, b: { old: 2 } });
  await writeFile(file, bytes);
  const limits = makeEngine(url, engine.options.changeSet).options.limits;
  expect(await codeOf(engine.apply({ ...fresh, limits }))).toBe("done");
  expect(await profilesOf(url)).toEqual({ a: {}, b: {} });
});

test("too many failures stop a step", async () => {
  const { url } = await startLocal();
  await plant(
    url,
    people(400, () => ({ old: 1 })),
  );
  const own = makeProvider(url, { profilesPerRequest: 20 });
  const provider: Provider = {
    ...own,
    send: (request, options) =>
      request.items.some((item) => /"u\d*[05]"/.test(Buffer.from(item).toString()))
        ? Promise.resolve({ kind: "refused", message: "status 0" })
        : own.send(request, options),
  };
  const { apply } = makeEngine(url, setOf({ id: "old", operation: { do: "unset", properties: ["old"] } }), {
    provider,
  });
  expect(await codeOf(apply())).toBe("CLEANUP_TOO_MANY_FAILURES");
});

test("a provider that says `not now` for longer than the command may wait ends it, and a later run goes on", async () => {
  const local = await startLocal();
  await plant(
    local.url,
    people(10, () => ({ old: 1 })),
  );
  await local.fault({ route: "engage", status: 429, retryAfterSeconds: 120 });
  const engine = makeEngine(
    local.url,
    setOf({ id: "old", operation: { do: "unset", properties: ["old"] } }),
    { waitMaxMs: 1000 },
  );
  expect(await codeOf(engine.apply())).toBe("CLEANUP_WAIT_TOO_LONG");
  await local.send("/emulator/faults", { method: "DELETE" });
  expect(await codeOf(engine.apply())).toBe("done");
  expect(Object.values(await profilesOf(local.url))).toEqual(Array.from({ length: 10 }, () => ({})));
});

test("429, 503, refusals and connections cut before and after storing change nothing of the end", async () => {
  const local = await startLocal();
  await plant(
    local.url,
    people(3000, (index) => ({ Plan: `p${index}`, old: "true" })),
  );
  await local.post("/emulator/faults", [
    { route: "engage", status: 429, rate: 0.2, seed: 7 },
    { route: "engage", status: 503, rate: 0.2 },
    { route: "engage", cut: "before", rate: 0.15 },
    { route: "engage", cut: "after", rate: 0.15 },
    { route: "engage", body: '{"status":0,"error":"a temporary failure occurred"}', rate: 0.02 },
    { route: "query", status: 503, rate: 0.2 },
    { route: "query", cut: "before", rate: 0.1 },
  ]);
  const { apply } = makeEngine(
    local.url,
    setOf(
      { id: "plan", operation: { do: "rename", from: "Plan", to: "plan", onBoth: "keep" } },
      { id: "old", operation: { do: "retype", property: "old", to: "boolean", onMisfit: "keep" } },
    ),
    { provider: makeProvider(local.url, { profilesPerRequest: 100 }) },
  );
  const report = await apply();
  await local.send("/emulator/faults", { method: "DELETE" });
  expect(report.steps.map(({ changed, failed }) => [changed, failed])).toEqual([
    [3000, []],
    [3000, []],
  ]);
  expect(await profilesOf(local.url)).toEqual(people(3000, (index) => ({ plan: `p${index}`, old: true })));
});

test("two runs of one set at once: the second is told who works", async () => {
  const local = await startLocal();
  const { url } = local;
  await plant(url, { a: { old: 1 } });
  const { apply } = makeEngine(url, setOf({ id: "old", operation: { do: "unset", properties: ["old"] } }));
  await local.fault({ route: "engage", delayMs: 500 });
  const codes = await Promise.all([codeOf(apply()), codeOf(apply())]);
  expect(new Set(codes)).toEqual(new Set(["CLEANUP_LOCKED", "done"]));
});

test("a step on what the people sync writes is refused, whichever side of it, and other writers' steps are not", async () => {
  const { url } = await startLocal();
  await plant(url, { a: { Plan: "x", plan: "y" } });
  const stateOwned = new Set(["plan"]);
  const into = { do: "rename", from: "Plan", to: "plan", onBoth: "keep" } as const;
  for (const operation of [into, { do: "unset", properties: ["plan"] } as const])
    expect(await codeOf(makeEngine(url, setOf({ id: "s", operation }), { stateOwned }).apply())).toBe(
      "CLEANUP_STATE_OWNED",
    );
  expect(await profilesOf(url)).toEqual({ a: { Plan: "x", plan: "y" } });
  const old = setOf({ id: "s", operation: { do: "unset", properties: ["Plan"] } });
  expect(await codeOf(makeEngine(url, old, { stateOwned }).apply())).toBe("done");
  expect(await profilesOf(url)).toEqual({ a: { plan: "y" } });
});
