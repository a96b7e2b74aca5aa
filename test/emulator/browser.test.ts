// Real Chromium: the official browser SDK from a page on another origin, and the local Mixpanel's own page.
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { createRequire } from "node:module";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { launchBrowser } from "../support/browser.ts";
import { eventually } from "../support/emulator-client.ts";
import { type Local, makeEvent, startLocal } from "./local.ts";

interface Sdk {
  track(event: string, properties?: object, options?: object): void;
  identify(id: string): void;
  people: { set(properties: object): void; increment(name: string, by: number): void };
  get_group(key: string, id: string): { set(properties: object): void };
  flags: { get_variant_value(key: string, fallback: unknown): Promise<unknown> };
}
declare const window: { mixpanel: Sdk; pwned?: boolean };

let browser: Browser;
let site: Server;
let origin = "";

beforeAll(async () => {
  const sdk = readFileSync(createRequire(import.meta.url).resolve("mixpanel-browser/dist/mixpanel.umd.js"));
  site = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://site");
    if (url.pathname === "/sdk.js")
      return response.writeHead(200, { "content-type": "text/javascript" }).end(sdk);
    const config = url.searchParams.get("config") ?? "{}";
    response.writeHead(200, { "content-type": "text/html" });
    return response.end(
      `<!doctype html><title>Shop</title><script src="/sdk.js"></script><script>mixpanel.init("web_token", ${config})</script>`,
    );
  }).listen(0, "127.0.0.1");
  await once(site, "listening");
  const address = site.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  origin = `http://127.0.0.1:${address.port}`;
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser.close();
  site.closeAllConnections();
  site.close();
});

async function openShop(local: Local, config: object = {}): Promise<Page> {
  const page = await (await browser.newContext()).newPage();
  const all = { api_host: local.url, batch_flush_interval_ms: 50, persistence: "localStorage", ...config };
  await page.goto(`${origin}/?${new URLSearchParams({ config: JSON.stringify(all) }).toString()}`);
  return page;
}

function events(local: Local, count: number) {
  return eventually(
    () => local.exported(),
    (found) => found.length >= count,
    { what: `${count} events` },
  );
}

describe("the official browser SDK, cross-origin", () => {
  test.each([
    ["base64 bodies", {}],
    ["JSON bodies", { api_payload_format: "json" }],
    ["GET", { api_method: "GET", batch_requests: false }],
    ["one by one", { batch_requests: false }],
  ])("%s", async (_, config) => {
    const local = await startLocal();
    const page = await openShop(local, config);
    await page.evaluate(() => {
      window.mixpanel.track("Page seen", { note: "ü>>>???" });
      window.mixpanel.track("Button pressed");
    });
    const found = await events(local, 2);
    await page.context().close();
    const seen = found.find(({ event }) => event === "Page seen");
    expect(seen?.properties).toMatchObject({ note: "ü>>>???", mp_lib: "web", $city: "Data Centre City" });
    expect(seen?.properties["distinct_id"]).toMatch(/^\$device:/);
  });

  test("identify makes earlier events the user's; profile and group follow", async () => {
    const local = await startLocal();
    const page = await openShop(local);
    await page.evaluate(() => {
      window.mixpanel.track("Page seen");
      window.mixpanel.identify("ada");
      window.mixpanel.people.set({ plan: "pro" });
      window.mixpanel.people.increment("visits", 2);
      window.mixpanel.get_group("company", "acme").set({ seats: 3 });
      window.mixpanel.track("Page seen");
    });
    const found = await events(local, 3);
    const profile = await eventually(
      () => local.profile("ada"),
      (one) => one?.["visits"] === 2 && one["plan"] !== undefined,
    );
    await eventually(
      async () => (await local.send("/emulator/stats")).json() as { groups: Record<string, number> },
      ({ groups }) => groups["company"] === 1,
    );
    await page.context().close();
    expect(found.map(({ event }) => event).sort()).toEqual(["$identify", "Page seen", "Page seen"]);
    expect(new Set(found.map(({ properties }) => properties["distinct_id"]))).toEqual(new Set(["ada"]));
    expect(profile).toMatchObject({ plan: "pro", $browser: "Chrome" });
  });

  test("what is left when the page goes comes by beacon", async () => {
    const local = await startLocal();
    const page = await openShop(local, { batch_flush_interval_ms: 60_000 });
    await page.evaluate(() => window.mixpanel.track("Page left"));
    await page.goto("about:blank");
    expect((await events(local, 1))[0]?.event).toBe("Page left");
    await page.context().close();
  });

  test("overload keeps the batch, and it comes again", async () => {
    const local = await startLocal();
    await local.fault({ route: "track", status: 503, count: 1 });
    const page = await openShop(local);
    await page.evaluate(() => window.mixpanel.track("Page seen"));
    expect(await events(local, 1)).toHaveLength(1);
    expect((await local.send("/emulator/stats")).json()).toMatchObject({
      requests: { track: { 200: 1, 503: 1 } },
    });
    await page.context().close();
  });

  test("feature flags are fetched with the preflight they need", async () => {
    const local = await startLocal();
    await local.post("/emulator/flags", {
      flags: { checkout: { variant_key: "new", variant_value: "blue" } },
    });
    const page = await openShop(local, { flags: true });
    const value = await page.evaluate(() => window.mixpanel.flags.get_variant_value("checkout", "fallback"));
    await page.context().close();
    expect(value).toBe("blue");
  });
});

describe("the page of the local Mixpanel", () => {
  test("shows events and profiles as they come, filters them, and runs nothing that they hold", async () => {
    const local = await startLocal();
    const attack = `<img src=x onerror="window.pwned=true"><script>window.pwned=true</script>`;
    await local.importEvents([makeEvent({ [attack]: attack, distinct_id: attack }, attack)]);
    await local.engage([{ $token: "t", $distinct_id: attack, $set: { $name: attack } }]);
    const page = await (await browser.newContext()).newPage();
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(error.message));
    const answer = await page.goto(`${local.url}/emulator/`);
    expect(answer?.headers()["content-security-policy"]).toContain("default-src 'none'");
    await page.locator("#events summary b").first().waitFor();
    expect(await page.locator("#events summary b").first().textContent()).toBe(attack);
    expect(await page.locator("#profiles summary b").first().textContent()).toBe(attack);
    await page.locator("#events summary").first().click();
    expect(await page.locator("#events pre").first().textContent()).toContain("onerror");
    await local.importEvents([makeEvent({ $insert_id: "later" }, "Later event")]);
    await page.getByText("Later event").waitFor();
    expect(await page.locator("#events summary").count()).toBe(2);
    await page.getByLabel("Filter").fill("later");
    expect(await page.locator("#events summary").count()).toBe(1);
    expect(await page.locator("img, ol script").count()).toBe(0);
    expect(await page.evaluate(() => window.pwned)).toBeUndefined();
    expect(errors).toEqual([]);
    await page.context().close();
  });
});
