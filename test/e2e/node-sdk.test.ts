// The official node SDK, unchanged, through gateway, journal and delivery, into the local Mixpanel.
import Mixpanel from "mixpanel";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually, exportEvents, queryProfiles } from "../support/emulator-client.ts";
import { makeSystem, type System } from "../support/system.ts";
import { OTHER_USER, PLAN, USER } from "./plan.ts";

let system: System;
let mixpanel: Mixpanel.Mixpanel;

beforeAll(async () => {
  system = await makeSystem({ plan: PLAN });
  await system.startGateway();
  // `key` is what lets the SDK import over plain http; its type does not know it.
  const config = { protocol: "http", host: new URL(system.gatewayUrl).host, key: "legacy" };
  mixpanel = Mixpanel.init("api_token", config);
});
afterAll(async () => {
  await system.close();
});

/** Turns the SDK's callback into a promise that rejects with its error. */
function call(start: (done: (error?: Error | Error[]) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    start((error) => {
      const first = Array.isArray(error) ? error[0] : error;
      if (first) reject(first);
      else resolve();
    });
  });
}

async function eventOf(distinctId: string, insertId: string) {
  const events = await eventually(
    () => exportEvents(system.emulator.url),
    (all) => all.some((event) => event.properties.$insert_id === insertId),
    { what: `event ${insertId}` },
  );
  return events.find(
    (event) => event.properties.distinct_id === distinctId && event.properties.$insert_id === insertId,
  );
}

async function profileOf(id: string, holds: (properties: Readonly<Record<string, unknown>>) => boolean) {
  const find = async () =>
    (await queryProfiles(system.emulator.url)).find((profile) => profile.$distinct_id === id);
  const found = await eventually(find, (profile) => profile !== undefined && holds(profile.$properties), {
    what: `profile ${id}`,
  });
  return found?.$properties ?? {};
}

describe("the official node SDK", () => {
  test("a single event arrives, and is never placed where the server stands", async () => {
    await call((done) =>
      mixpanel.track("Order completed", { distinct_id: USER, $insert_id: "single-1", total: 42.5 }, done),
    );
    const event = await eventOf(USER, "single-1");
    expect(event?.event).toBe("Order completed");
    expect(event?.properties).toMatchObject({ total: 42.5, mp_lib: "node" });
    expect(event?.properties).not.toHaveProperty("$city");
    expect(event?.properties).not.toHaveProperty("token");
  });

  test("an old name and values of the wrong type are repaired on the way", async () => {
    await call((done) =>
      mixpanel.track(
        "User Signed Up",
        { distinct_id: USER, $insert_id: "repair-1", planTier: "pro", newsletter: "true" },
        done,
      ),
    );
    const event = await eventOf(USER, "repair-1");
    expect(event?.event).toBe("User signs up");
    expect(event?.properties).toMatchObject({ plan_tier: "pro", newsletter: true });
    expect(event?.properties).not.toHaveProperty("planTier");
  });

  test("a batch arrives whole, without the property that nobody planned", async () => {
    const batch = Array.from({ length: 60 }, (_, index) => ({
      event: "Order completed",
      properties: { distinct_id: USER, $insert_id: `batch-${index}`, total: index, debug: "x" },
    }));
    await call((done) => mixpanel.track_batch(batch, done));
    const events = await eventually(
      () => exportEvents(system.emulator.url),
      (all) => all.filter((event) => event.properties.$insert_id.startsWith("batch-")).length >= 60,
    );
    const found = events.filter((event) => event.properties.$insert_id.startsWith("batch-"));
    expect(new Set(found.map((event) => event.properties["total"])).size).toBe(60);
    expect(found.filter((event) => "debug" in event.properties)).toEqual([]);
  });

  test("an imported event keeps its own time", async () => {
    const time = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
    await call((done) =>
      mixpanel.import(
        "Order completed",
        new Date(time),
        { distinct_id: USER, $insert_id: "import-1", total: 1 },
        done,
      ),
    );
    const event = await eventOf(USER, "import-1");
    expect(event?.properties.time).toBe(time);
  });

  test("profile operators apply in order, and what the source does not own stays out", async () => {
    await call((done) =>
      mixpanel.people.set(USER, { plan_tier: "free", $email: "ada@example.com", theme: "dark" }, done),
    );
    await call((done) => mixpanel.people.set(USER, { planTier: "pro" }, done));
    await call((done) => mixpanel.people.increment(USER, "orders_count", 2, done));
    await call((done) => mixpanel.people.increment(USER, { orders_count: 3 }, done));
    await call((done) => mixpanel.people.append(USER, "tags", "a", done));
    await call((done) => mixpanel.people.union(USER, { tags: ["a", "b"] }, done));
    const properties = await profileOf(
      USER,
      (found) => found["orders_count"] === 5 && Array.isArray(found["tags"]) && found["tags"].length === 2,
    );
    expect(properties).toMatchObject({ plan_tier: "pro", orders_count: 5, tags: ["a", "b"] });
    expect(properties).not.toHaveProperty("$email");
    expect(properties).not.toHaveProperty("theme");
    expect(properties).not.toHaveProperty("$city");
    expect(properties).not.toHaveProperty("$last_seen");
  });

  test("unset removes a property and delete removes the profile", async () => {
    await call((done) => mixpanel.people.set(OTHER_USER, { plan_tier: "pro", orders_count: 1 }, done));
    await profileOf(OTHER_USER, (found) => found["orders_count"] === 1);
    await call((done) => mixpanel.people.unset(OTHER_USER, "orders_count", done));
    await profileOf(OTHER_USER, (found) => !("orders_count" in found));
    await call((done) => mixpanel.people.delete_user(OTHER_USER, done));
    const rest = await eventually(
      () => queryProfiles(system.emulator.url),
      (all) => all.every((profile) => profile.$distinct_id !== OTHER_USER),
    );
    expect(rest.map((profile) => profile.$distinct_id)).toContain(USER);
  });

  test("an unplanned event and an e-mail address as id wait in quarantine; what follows is not held up", async () => {
    await call((done) =>
      mixpanel.track("Debug banner shown", { distinct_id: USER, $insert_id: "unknown-1" }, done),
    );
    await call((done) =>
      mixpanel.track(
        "Order completed",
        { distinct_id: "ada@example.com", $insert_id: "email-1", total: 1 },
        done,
      ),
    );
    await call((done) =>
      mixpanel.track("Order completed", { distinct_id: USER, $insert_id: "after-1", total: 1 }, done),
    );
    await eventOf(USER, "after-1");
    const ids = (await exportEvents(system.emulator.url)).map((event) => event.properties.$insert_id);
    expect(ids).not.toContain("unknown-1");
    expect(ids).not.toContain("email-1");
  });
});
