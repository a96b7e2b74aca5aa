// What keeps a run whole: its lock, its journal, its backup's end, and the provider's limits.
import { appendFile, readFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openRequestBudget } from "../../src/cleanup/apply/request-budget.ts";
import { lockRun } from "../../src/cleanup/apply/run-lock.ts";
import { openStepBackup } from "../../src/cleanup/apply/step-backup.ts";
import { openStepJournal } from "../../src/cleanup/apply/step-journal.ts";
import { makeStepLimits } from "../../src/cleanup/apply/step-limits.ts";
import { IdSet } from "../../src/cleanup/profiles/id-set.ts";
import { startLocal } from "../emulator/local.ts";
import { setClock } from "../support/quiet.ts";
import { tempDirectory } from "../support/temp.ts";
import { makeEngine, makeReader, plant, profilesOf, setOf } from "./local-project.ts";

const directory = tempDirectory("clean-machinery");
let made = 0;
function newFolder(): string {
  made += 1;
  return join(directory, String(made));
}

async function collect(records: AsyncIterable<object>): Promise<object[]> {
  const all: object[] = [];
  for await (const record of records) all.push(record);
  return all;
}

test("a run keeps others out of its folder until it is over", async () => {
  const folder = newFolder();
  const first = await lockRun(folder);
  await expect(lockRun(folder)).rejects.toMatchObject({ code: "CLEANUP_LOCKED" });
  await first.release();
  await (await lockRun(folder)).release();
});

test("a journal keeps every value that it promised, drops a torn end, and refuses a broken middle", async () => {
  const file = join(newFolder(), "journal");
  const journal = await openStepJournal(file);
  await Promise.all(Array.from({ length: 500 }, (_, at) => journal.put(`k${at}`, { at })));
  await journal.put("k0", "last");
  await journal.close();
  const whole = await readFile(file);
  for (const torn of ['[["k1",', '[["k1",1', '[["k1",1]', "\0\0\0\0"]) {
    await writeFile(file, Buffer.concat([whole, Buffer.from(torn)]));
    const again = await openStepJournal(file);
    expect([again.get("k0"), again.get("k1"), again.get("k499")]).toEqual(["last", { at: 1 }, { at: 499 }]);
    await again.put("more", 1);
    await again.close();
    const third = await openStepJournal(file);
    expect(third.get("more")).toBe(1);
    await third.close();
  }
  await writeFile(file, Buffer.concat([Buffer.from("broken\n"), whole]));
  await expect(openStepJournal(file)).rejects.toMatchObject({ code: "CLEANUP_BACKUP_BROKEN" });
});

test("a backup is read from any record on, and an end that was never told of is cut off", async () => {
  const folder = newFolder();
  const records = Array.from({ length: 25 }, (_, at) => ({ at, text: "ü\u2028\n" }));
  const backup = await openStepBackup(folder);
  await backup.append(records.slice(0, 10), { next: 1 });
  await backup.append([], { next: 2 });
  await backup.append(records.slice(10), { next: null });
  await backup.close();
  for (const from of [0, 1, 9, 10, 24, 25]) {
    const again = await openStepBackup(folder);
    expect(await collect(again.read(from))).toEqual(records.slice(from));
    expect([again.count, again.mark]).toEqual([25, { next: null }]);
    await again.close();
  }
  // Killed between data and index: the data is not there. Killed within the line of the index: as if it were not.
  await appendFile(join(folder, "backup.ndjson.gz"), "half a segment");
  await appendFile(join(folder, "backup.index"), '[{"at":12');
  const cut = await openStepBackup(folder);
  await cut.append([{ at: 25 }]);
  await cut.check();
  expect(await collect(cut.read(24))).toEqual([records[24], { at: 25 }]);
  await cut.close();
  await truncate(join(folder, "backup.ndjson.gz"), 40);
  await expect(openStepBackup(folder)).rejects.toMatchObject({ code: "CLEANUP_BACKUP_BROKEN" });
});

test("a set of ids takes each once, whatever their number", () => {
  const ids = new IdSet(Math.random);
  const all = Array.from(
    { length: 50_000 },
    (_, at) => `00000000-0000-4000-8000-${at.toString(16).padStart(12, "0")}`,
  );
  expect(all.filter((id) => ids.add(id))).toHaveLength(all.length);
  expect(all.some((id) => ids.add(id))).toBe(false);
  expect(ids.has("another")).toBe(false);
  expect(ids.size).toBe(all.length);
});

test("60 queries an hour are kept to over several hours and processes: the provider never has to say no", async () => {
  const clock = setClock(Date.UTC(2026, 10, 25));
  const local = await startLocal({ clock, switches: { rate_limits: "documented" } });
  const mess = Object.fromEntries(Array.from({ length: 140 }, (_, at) => [`u${at}`, { old: at }]));
  await plant(local.url, mess);
  const folder = newFolder();
  await (await lockRun(folder)).release();
  const limitsOf = (signal: AbortSignal) =>
    makeStepLimits({
      budgets: { query: openRequestBudget({ file: join(folder, "queries"), perHour: 60, clock }) },
      updatesPerSecond: undefined,
      backoffMs: 5,
      backoffMaxMs: 20,
      waitMaxMs: 2 * 3_600_000,
      clock,
      random: Math.random,
      signal,
      // Time passes only while the command waits.
      onWait: (_, waitMs) => clock.advance(waitMs),
    });
  // One profile a question: 140 of them, and as many to read back.
  const reader = {
    ...makeReader(local.url, 1),
    limits: { queriesPerHour: 60, profilesPerPage: 1, exportsPerHour: 60 },
  };
  const ids = Object.keys(mess);
  const set = setOf({ id: "old", of: { kind: "ids", ids }, operation: { do: "unset", properties: ["old"] } });
  const start = clock.now();
  const stop = new AbortController();
  const engine = makeEngine(local.url, set, { reader, clock });
  let seen = 0;
  const first = engine.apply({
    limits: limitsOf(stop.signal),
    signal: stop.signal,
    onProgress: () => {
      seen += 1;
      if (seen === 100) stop.abort();
    },
  });
  await expect(first).rejects.toMatchObject({ code: "CLEANUP_STOPPED" });
  const report = await engine.apply({ limits: limitsOf(engine.options.signal) });
  expect(report.steps[0]).toMatchObject({ changed: 140, verified: { checked: 140, wrong: 0 } });
  const { requests } = (await local.send("/emulator/stats")).json() as { requests: Record<string, unknown> };
  expect(JSON.stringify(requests)).not.toContain("429");
  // 280 questions: the last of them goes in the fifth hour.
  const hours = (clock.now() - start) / 3_600_000;
  expect(hours).toBeGreaterThanOrEqual(4);
  expect(hours).toBeLessThan(4 * 1.05);
  clock.advance(3_600_000);
  expect(Object.values(await profilesOf(local.url))).toEqual(Array.from({ length: 140 }, () => ({})));
});

test("a limit that is further away than the command may wait ends it with the time", async () => {
  const clock = setClock();
  const folder = newFolder();
  await (await lockRun(folder)).release();
  const budget = openRequestBudget({ file: join(folder, "queries"), perHour: 2, clock });
  const limits = makeStepLimits({
    budgets: { query: budget },
    updatesPerSecond: undefined,
    backoffMs: 5,
    backoffMaxMs: 20,
    waitMaxMs: 60_000,
    clock,
    random: Math.random,
    signal: new AbortController().signal,
    onWait: () => undefined,
  });
  expect([await limits.turn("query", 1), await limits.turn("query", 1)]).toEqual([true, true]);
  await expect(limits.turn("query", 1)).rejects.toMatchObject({ code: "CLEANUP_WAIT_TOO_LONG" });
  expect(await limits.turn("update", 2000)).toBe(true);
});

test("a walk that the provider has forgotten begins anew, and nobody is in the backup twice", async () => {
  const local = await startLocal();
  const mess = Object.fromEntries(
    Array.from({ length: 2500 }, (_, at) => [`u${at}`, at % 2 === 0 ? { old: "x" } : { old: 5 }]),
  );
  await plant(local.url, mess);
  const own = makeReader(local.url);
  let pages = 0;
  const reader: typeof own = {
    ...own,
    profiles: (query, options) => {
      pages += 1;
      const forgotten = pages === 3 && options.after !== undefined;
      return own.profiles(
        query,
        forgotten ? { ...options, after: options.after.replace(/ .*/, " gone") } : options,
      );
    },
  };
  const { apply } = makeEngine(
    local.url,
    setOf({ id: "old", operation: { do: "retype", property: "old", to: "integer", onMisfit: "unset" } }),
    { reader },
  );
  const report = await apply();
  expect(report.steps[0]).toMatchObject({ selected: 2500, changed: 1250, skipped: 1250, failed: [] });
});
