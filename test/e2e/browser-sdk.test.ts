// The official browser SDK, unchanged, in real Chromium, through gateway, journal and delivery, into the local Mixpanel.
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { launchBrowser } from "../support/browser.ts";
import { eventually, exportEvents, queryProfiles } from "../support/emulator-client.ts";
import { type Site, startSite } from "../support/site.ts";
import { makeSystem, type System } from "../support/system.ts";
import { PLAN, USER } from "./plan.ts";

interface Sdk {
  track(event: string, properties?: object, options?: object): void;
  identify(id: string): void;
  people: { set(properties: object): void };
  get_distinct_id(): string;
}
declare const window: { mixpanel: Sdk };

let browser: Browser;
let site: Site;
let system: System;

beforeAll(async () => {
  [browser, site] = await Promise.all([launchBrowser(), startSite()]);
  system = await makeSystem({
    plan: PLAN,
    sources: `sources: { web: { token: web_token, origins: ["${site.origin}"] }, api: { token: api_token } }`,
  });
  site.mount(system.gatewayUrl);
  await system.startGateway();
});
afterAll(async () => {
  await browser.close();
  await system.close();
  await site.close();
});

async function openPage(apiHost: string, config: object): Promise<Page> {
  const page = await (await browser.newContext()).newPage();
  const query = new URLSearchParams({ api_host: apiHost, config: JSON.stringify(config) });
  await page.goto(`${site.origin}/page?${query.toString()}`);
  // The snippet's stub has no such function: this waits for the SDK that the gateway itself served.
  await page.waitForFunction(() => typeof window.mixpanel.get_distinct_id === "function");
  return page;
}

function eventsWith(property: string, value: unknown, atLeast: number) {
  return eventually(
    async () =>
      (await exportEvents(system.emulator.url)).filter((event) => event.properties[property] === value),
    (found) => found.length >= atLeast,
    { what: `${atLeast} events with ${property}` },
  );
}

describe.each([
  { way: "cross-origin", host: () => system.gatewayUrl, id: USER },
  { way: "same-origin, mounted under a path", host: () => `${site.origin}/_mp`, id: USER.replace(/.$/, "2") },
])("the official browser SDK, $way", ({ way, host, id }) => {
  test("a batch arrives, old spellings repaired, unplanned ones kept out", async () => {
    const page = await openPage(host(), { batch_flush_interval_ms: 100 });
    await page.evaluate((utm) => {
      window.mixpanel.track("User Signed Up", { planTier: "pro", newsletter: "false", utm_source: utm });
      window.mixpanel.track("Debug banner shown", { utm_source: utm });
      window.mixpanel.track("User signs up", { plan_tier: "free", debug: true, utm_source: utm });
    }, way);
    const events = await eventsWith("utm_source", way, 2);
    await page.context().close();
    expect(events.map((event) => event.event)).toEqual(["User signs up", "User signs up"]);
    expect(events[0]?.properties).toMatchObject({ plan_tier: "pro", newsletter: false, mp_lib: "web" });
    expect(events[1]?.properties).not.toHaveProperty("debug");
  });

  test("what is still queued when the page is left arrives once, by beacon", async () => {
    const page = await openPage(host(), { batch_flush_interval_ms: 60_000 });
    await page.evaluate((utm) => {
      window.mixpanel.track("Page left", { utm_source: utm });
    }, `${way} beacon`);
    await page.goto("about:blank");
    const events = await eventsWith("utm_source", `${way} beacon`, 1);
    // Coming back makes the SDK send what it still has in its storage: the same event again, with the same id.
    const query = new URLSearchParams({ api_host: host(), config: '{"batch_flush_interval_ms":100}' });
    await page.goto(`${site.origin}/page?${query.toString()}`);
    await page.evaluate((utm) => {
      window.mixpanel.track("Page left", { utm_source: utm });
    }, `${way} after`);
    await eventsWith("utm_source", `${way} after`, 1);
    await page.context().close();
    expect(events).toHaveLength(1);
    expect(await eventsWith("utm_source", `${way} beacon`, 1)).toHaveLength(1);
  });

  test("identify joins the anonymous events to the user, and a profile write keeps to what the browser owns", async () => {
    const page = await openPage(host(), { batch_flush_interval_ms: 100 });
    await page.evaluate(
      ({ user, utm }) => {
        window.mixpanel.track("Page left", { utm_source: utm });
        window.mixpanel.identify(user);
        window.mixpanel.track("Page left", { utm_source: utm });
        window.mixpanel.people.set({ theme: "dark", plan_tier: "pro", $email: "ada@example.com" });
      },
      { user: id, utm: `${way} identity` },
    );
    const events = await eventually(
      () => eventsWith("utm_source", `${way} identity`, 2),
      (found) => found.every((event) => event.properties.distinct_id === id),
      { what: "both events on one person" },
    );
    const profile = await eventually(
      async () => (await queryProfiles(system.emulator.url)).find((found) => found.$distinct_id === id),
      (found) => found?.$properties["theme"] !== undefined,
      { what: "the profile write" },
    );
    await page.context().close();
    expect(events).toHaveLength(2);
    expect(profile?.$properties).toMatchObject({ theme: "dark" });
    expect(profile?.$properties).not.toHaveProperty("plan_tier");
    expect(profile?.$properties).not.toHaveProperty("$email");
  });
});

test("a page on an origin that is not listed gets no answer it could read, and nothing arrives", async () => {
  const stranger = await startSite();
  const page = await (await browser.newContext()).newPage();
  await page.goto(
    `${stranger.origin}/page?${new URLSearchParams({ api_host: system.gatewayUrl }).toString()}`,
  );
  const outcome = await page.evaluate(async (url) => {
    try {
      await fetch(`${url}/track/?verbose=1`, { method: "POST", credentials: "include", body: "data=W10=" });
      return "readable";
    } catch {
      return "refused by the browser";
    }
  }, system.gatewayUrl);
  await page.context().close();
  await stranger.close();
  expect(outcome).toBe("refused by the browser");
});
