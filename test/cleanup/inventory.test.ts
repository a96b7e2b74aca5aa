// The inventory of a small project with one trouble of every kind, over HTTP, on good days and on bad ones.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { inventoryHtml, inventoryText } from "../../src/cleanup/index.ts";
import { daysOf, SPANS_MAX } from "../../src/cleanup/events/export-spans.ts";
import type { ProviderReader } from "../../src/core/index.ts";
import { type Local, startLocal } from "../emulator/local.ts";
import { tempDirectory } from "../support/temp.ts";
import {
  EVENTS,
  foundIn,
  inventoryOf,
  plantProject,
  PROFILES,
  readerOf,
  userId,
} from "./inventory-project.ts";

/** All that is wrong with the project, and nothing else. */
const PLANTED = [
  "duplicate_profiles: profiles: 1",
  "mixed_types: Product viewed/back_at: 3",
  "mixed_types: Product viewed/quantity: 4",
  "mixed_types: company/seats: 1",
  "mixed_types: user/joined: 2",
  "mixed_types: user/opens: 3",
  "old_name: Product seen: 2",
  "old_name: Viewed Product/pid: 7",
  "old_name: Viewed Product: 7",
  "old_name: user/skin: 2",
  "personal_data: Debug screen/who: 5",
  "personal_data: user/nickname: 2",
  "planned_never_seen: Order completed",
  "planned_never_seen: user/tier",
  "profiles_without_user: profiles: 1",
  "seen_unplanned: Debug screen: 5",
  "seen_unplanned: debug_screen: 2",
  "spelling: debug_screen: 2",
  "spelling: product_viewed/ProductID: 3",
  "spelling: product_viewed: 3",
  "spelling: user/Theme: 4",
  "spelling: user/legacyScore: 2",
  "unfit_ids: profiles: 1",
  "unfit_ids: profiles: 1",
  "without_writer: company/legacy_segment: 1",
  "without_writer: user/legacyScore: 2",
  "without_writer: user/legacy_score: 8",
];

describe("the inventory of a project with one trouble of every kind", () => {
  test("finds each of them with its count, and nothing else", async () => {
    const local = await startLocal();
    await plantProject(local);
    const inventory = await inventoryOf(local);
    expect(foundIn(inventory)).toEqual(PLANTED);
    expect(inventory.looked).toMatchObject({ events: EVENTS.length, profiles: PROFILES.length + 3, days: 3 });
    expect(inventory.profiles[0]?.idShapes).toEqual({ uuid: 30, email: 1, device: 1, other: 1 });
    expect(inventory.profiles[0]?.properties.find(({ name }) => name === "opens")).toMatchObject({
      profiles: 30,
      types: { string: 3, integer: 27 },
    });
  });

  test("names the library and the release that still send an old name, and the day", async () => {
    const local = await startLocal();
    await plantProject(local);
    const { items } = await inventoryOf(local);
    expect(
      items.find(
        ({ bucket, of }) => bucket === "old_name" && of.kind === "event" && of.event === "Viewed Product",
      ),
    ).toMatchObject({
      to: "Product viewed",
      lastSeen: "2026-11-10",
      isSettled: false,
      senders: [
        { source: "ios", release: "7.0", count: 4 },
        { source: "ios", release: "6.9", count: 3 },
      ],
    });
  });

  test("has no value of anybody in text, JSON or page; the ids of users who are gone are in a file of their own", async () => {
    const local = await startLocal();
    await plantProject(local);
    const folder = tempDirectory("inventory-values");
    const inventory = await inventoryOf(local, { folder });
    for (const written of [JSON.stringify(inventory), inventoryText(inventory), inventoryHtml(inventory)])
      expect(written).not.toMatch(/@example|@b\.example|7d4e0000|sku_1|nick\d/);
    const gone = inventory.items.find((item) => item.bucket === "profiles_without_user");
    if (gone?.bucket !== "profiles_without_user") throw new Error("nobody is gone");
    expect(readFileSync(join(folder, gone.idsFile), "utf8")).toBe(`${userId(29)}\n`);
    expect(readdirSync(folder).some((name) => name.endsWith(".hashes"))).toBe(false);
  });

  test("a name with mark-up in it is text on the page, and a name that is an address is not shown", async () => {
    const local = await startLocal();
    await local.engage([
      { $token: "t", $distinct_id: userId(1), $set: { "<b>x</b>": 1, "person9@example.com": true } },
    ]);
    const page = inventoryHtml(await inventoryOf(local));
    expect(page).toContain("&lt;b&gt;x&lt;/b&gt;");
    expect(page).not.toContain("<b>x");
    expect(page).not.toContain("person9");
  });

  test("an unplanned event that is hidden is settled, and so is one that only the gateway saw", async () => {
    const local = await startLocal();
    await plantProject(local);
    const { items } = await inventoryOf(local, {
      dictionary: () =>
        Promise.resolve([{ name: "Debug screen", hidden: true, dropped: false, description: undefined }]),
      gateway: (add) => {
        add({ event: "VIEWED PRODUCT", properties: { distinct_id: userId(1) } });
        return Promise.resolve();
      },
    });
    const settled = items.filter((item) => "isSettled" in item && item.isSettled);
    expect(settled.map(({ bucket, of }) => [bucket, of])).toEqual([
      ["seen_unplanned", { kind: "event", event: "Debug screen" }],
      ["spelling", { kind: "event", event: "VIEWED PRODUCT" }],
    ]);
  });
});

describe("on a bad day", () => {
  test("429, 503, cut connections and exports that end early change nothing but the time", async () => {
    const local = await startLocal();
    await plantProject(local);
    for (const route of ["export", "query"])
      for (const fault of [{ status: 429, retryAfterSeconds: 0 }, { status: 503 }, { cut: "before" }])
        await local.fault({ route, count: 1, ...fault });
    const early = {
      body: '{"event":"Debug screen","properties":{"time":1}}\nexport terminated early\n',
      status: 200,
    };
    await local.fault({ route: "export", count: 1, ...early });
    expect(foundIn(await inventoryOf(local))).toEqual(PLANTED);
  });

  test("an export that never comes whole ends it, and a later try does not read the days again that were whole", async () => {
    const local = await startLocal();
    await plantProject(local);
    const folder = tempDirectory("inventory-early");
    const asked: string[] = [];
    const watched = (isBroken: boolean): ProviderReader => ({
      ...readerOf(local),
      events: (window, options) => {
        asked.push(window.from);
        const isLast = window.from === "2026-11-11";
        return readerOf(local).events(
          isBroken && isLast ? { ...window, from: "not a day" } : window,
          options,
        );
      },
    });
    await expect(inventoryOf(local, { folder, reader: watched(true) })).rejects.toMatchObject({
      code: "EXPORT_REFUSED",
    });
    asked.length = 0;
    expect(foundIn(await inventoryOf(local, { folder, reader: watched(false) }))).toEqual(PLANTED);
    expect(asked).toEqual(["2026-11-11"]);
  });

  test("the documented limits end it with the error that means later, and it goes on from there", async () => {
    const local = await startLocal({ switches: { rate_limits: "documented" } });
    await plantProject(local);
    const folder = tempDirectory("inventory-limits");
    const days = { from: "2026-09-01", to: "2026-11-11", every: 1 };
    const limited = inventoryOf(local, { folder, window: days, waitMaxMs: 300 });
    await expect(limited).rejects.toMatchObject({ code: "CLEANUP_WAIT_TOO_LONG" });
    await local.set({ rate_limits: "off" });
    expect(foundIn(await inventoryOf(local, { folder, window: days }))).toEqual(PLANTED);
  });
});

describe("a window of sixty days", () => {
  const WINDOW = { from: "2026-09-13", to: "2026-11-11", every: 1 };
  const DAYS = daysOf(WINDOW);

  async function sixtyDays() {
    const local = await startLocal();
    const events = DAYS.flatMap((day, at) =>
      [3, 21].map((hour) => ({
        event: at < 7 ? "Viewed Product" : "Debug screen",
        properties: {
          time: Date.parse(day) / 1000 + hour * 3600,
          distinct_id: userId(at),
          $insert_id: `day-${at}-${hour}`,
          mp_lib: "web",
        },
      })),
    );
    expect((await local.importEvents(events)).status).toBe(200);
    return local;
  }

  function watching(local: Local, asked: string[], isBroken: (from: string) => boolean): ProviderReader {
    const reader = readerOf(local);
    return {
      ...reader,
      events: (window, options) => {
        asked.push(`${window.from} ${window.to}`);
        return reader.events(isBroken(window.from) ? { ...window, from: "not a day" } : window, options);
      },
    };
  }

  test("takes few exports; one that ends early in the middle is asked for again and counted once", async () => {
    const local = await sixtyDays();
    await local.fault([
      { route: "export", delayMs: 1, count: 4 },
      {
        route: "export",
        body: '{"event":"Debug screen","properties":{"time":1}}\nexport terminated early\n',
        count: 1,
      },
    ]);
    const asked: string[] = [];
    const { looked, items } = await inventoryOf(local, {
      window: WINDOW,
      reader: watching(local, asked, () => false),
    });
    expect(looked).toMatchObject({ days: 60, events: 120 });
    expect(asked).toHaveLength(SPANS_MAX + 1);
    // Inventory, backup, verification and inventory again fit into an hour.
    expect(4 * SPANS_MAX).toBeLessThanOrEqual(readerOf(local).limits.exportsPerHour);
    expect(asked[5]).toBe(asked[4]);
    const read = [...new Set(asked)].flatMap((window) => {
      const [from = "", to = ""] = window.split(" ");
      return daysOf({ from, to });
    });
    expect(read).toEqual(DAYS);
    const counts = items.flatMap((item) =>
      item.of.kind === "event" && "count" in item ? [[item.bucket, item.of.event, item.count]] : [],
    );
    expect(counts).toEqual([
      ["seen_unplanned", "Debug screen", 106],
      ["old_name", "Viewed Product", 14],
    ]);
    // The seventh day is within an export: what an export is asked for is not when an event was seen.
    const old = items.find(({ of }) => of.kind === "event" && of.event === "Viewed Product");
    expect(old).toMatchObject({ lastSeen: DAYS[6] });
  });

  test("goes on with the export at which it ended", async () => {
    const local = await sixtyDays();
    const folder = tempDirectory("inventory-sixty");
    const asked: string[] = [];
    const broken = watching(local, asked, (from) => from > "2026-10-20");
    await expect(inventoryOf(local, { folder, window: WINDOW, reader: broken })).rejects.toMatchObject({
      code: "EXPORT_REFUSED",
    });
    const last = asked.at(-1) ?? "";
    const left = asked.splice(0).length;
    const reader = watching(local, asked, () => false);
    const { looked } = await inventoryOf(local, { folder, window: WINDOW, reader });
    expect(looked.events).toBe(120);
    expect(asked[0]).toBe(last);
    expect(asked).toHaveLength(SPANS_MAX + 1 - left);
  });
});

describe("a walk of several pages", () => {
  const people = (count: number): object[] =>
    Array.from({ length: count }, (_, n) => ({
      $token: "t",
      $distinct_id: userId(n),
      $ip: "0",
      $set: { $email: `person${n % 2000}@example.com`, theme: "dark" },
    }));

  async function populated() {
    const local = await startLocal();
    for (let at = 0; at < 2500; at += 500) await local.engage(people(2500).slice(at, at + 500));
    await local.engage(
      Array.from({ length: 300 }, (_, n) => ({
        $token: "t",
        $distinct_id: `zz-old-${n}`,
        $set: { $email: `Person${1000 + n}@example.com` },
      })),
    );
    return local;
  }

  test("goes on after an interruption without counting anybody twice, and knows the people of earlier pages", async () => {
    const local = await populated();
    const folder = tempDirectory("inventory-walk");
    const stop = new AbortController();
    const stopped = inventoryOf(local, {
      folder,
      signal: stop.signal,
      onProgress: ({ phase }) => {
        if (phase === "profiles") stop.abort();
      },
    });
    await expect(stopped).rejects.toMatchObject({ code: "CLEANUP_STOPPED" });
    const whole = await inventoryOf(await populated());
    const resumed = await inventoryOf(local, { folder });
    expect(foundIn(resumed)).toEqual(foundIn(whole));
    expect(foundIn(resumed)).toContain("duplicate_profiles: profiles: 300");
    // Five hundred addresses are of two users each.
    expect(resumed.notes).toContainEqual(expect.stringMatching(/^500 values of `\$email` are on several/));
    expect(resumed.profiles[0]?.count).toBe(2800);
  });

  test("begins anew when the provider forgot it, and counts everybody once", async () => {
    const local = await populated();
    const reader = readerOf(local);
    let pages = 0;
    const forgetful: ProviderReader = {
      ...reader,
      profiles: async (query, options) => {
        pages += 1;
        // So many other queries push the walk out.
        if (pages === 2)
          for (let n = 0; n < 300; n += 1) await reader.profiles({ ids: ["x"] }, { signal: options.signal });
        return reader.profiles(query, options);
      },
    };
    const { profiles, notes } = await inventoryOf(local, { reader: forgetful });
    expect(profiles[0]?.count).toBe(2800);
    expect(notes).toContainEqual(expect.stringMatching(/forgot the walk over its profiles/));
    expect(pages).toBeGreaterThan(4);
  });
});
