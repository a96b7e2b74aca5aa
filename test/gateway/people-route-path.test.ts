// `POST /v1/people` all the way: over HTTP into a real journal, judged, delivered to the local Mixpanel, and read back from there.
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createDelivery, type Delivery } from "../../src/delivery/index.ts";
import { type Emulator, startEmulator } from "../../src/emulator/index.ts";
import {
  createJudge,
  findQuarantined,
  makeJsonReceiver,
  makeMixpanelReceiver,
  makeSnapshot,
  makeSourceTable,
  replayQuarantine,
  type SourceSettings,
} from "../../src/gateway/index.ts";
import type { Lock } from "../../src/plan/index.ts";
import { createMixpanelProvider } from "../../src/providers/index.ts";
import { type Door, startDoor } from "../support/door.ts";
import { eventually, queryProfiles } from "../support/emulator-client.ts";
import { lockOf } from "../support/plans.ts";
import {
  type AddingMetrics,
  addingMetrics,
  rememberingLog,
  setClock,
  systemClock,
} from "../support/quiet.ts";

const ADA = "0b9ad0c8-3c7a-4c43-9b7d-1f2a3b4c5d6e";
const HOUR_MS = 3_600_000;
/** In the local Mixpanel's geography it is a place, and this machine is another. */
const CLIENT_ADDRESS = "203.0.113.7";

const PEOPLE = {
  email: { name: "$email", type: "string", format: "email", owner: "state" },
  plan: { type: "string", enum: ["free", "pro", "team"], owner: "state", was: ["planTier"] },
  orders_count: { type: "integer", min: 0, owner: "state" },
  theme: { type: "string", owner: "client" },
  tier: { type: "string", owner: "server" },
};
const lock = lockOf({ people: PEOPLE });

const SOURCES: readonly SourceSettings[] = (["web", "api"] as const).map((id) => ({
  id,
  trust: id === "web" ? "client" : "server",
  tokens: [`${id}_token`],
  origins: [],
  // Also for the server: it must not matter here.
  clientAddress: "forward",
  development: false,
}));

let emulator: Emulator;
let door: Door;
let delivery: Delivery;
let closeAll: () => Promise<void>;
const emulatorClock = setClock();
let metrics: AddingMetrics;

async function start(): Promise<void> {
  metrics = addingMetrics();
  emulator = await startEmulator({ store: "memory", clock: emulatorClock });
  const receivers = [makeJsonReceiver(), makeMixpanelReceiver()];
  const parts = { clock: systemClock, log: rememberingLog(), metrics };
  const provider = createMixpanelProvider({
    host: emulator.url,
    token: "mp_token",
    projectId: 1,
    serviceAccount: { username: "sa", secret: "sa_secret" },
    clock: systemClock,
  });
  const stop = new AbortController();
  door = await startDoor({ receivers, trustedProxies: ["127.0.0.1"] });
  const { journal } = door;
  delivery = createDelivery({ ...parts, destination: "product", provider, journal, random: () => 0 });
  const judge = createJudge({
    ...parts,
    journal,
    sources: makeSourceTable(SOURCES),
    receivers,
    snapshot: makeSnapshot(lock),
    onJudged: () => delivery.wake(),
  });
  const running = [judge.run(stop.signal), delivery.run(stop.signal)];
  closeAll = async () => {
    stop.abort();
    await Promise.all(running);
    await provider.close();
    await door.close();
    await emulator.close();
  };
}

beforeEach(start);
afterEach(() => closeAll());

async function post(items: readonly object[], path = "/v1/people", token = "api_token"): Promise<void> {
  const answer = await door.send(path, {
    headers: {
      "content-type": "application/json",
      authorization: `Bearer ${token}`,
      "x-forwarded-for": CLIENT_ADDRESS,
    },
    body: JSON.stringify(items),
  });
  expect(answer.status).toBe(200);
}

const set = (properties: object, userId = ADA) => ({ user_id: userId, set: properties });

/** A client's own write, by which a test knows that all before it was judged and delivered. */
const theme = (value: string, more: object = {}) => ({
  $token: "web_token",
  $distinct_id: ADA,
  $set: { theme: value },
  ...more,
});

/** Empty where there is none. */
async function profile(): Promise<Readonly<Record<string, unknown>>> {
  const profiles = await queryProfiles(emulator.url);
  return profiles.find(({ $distinct_id: id }) => id === ADA)?.$properties ?? {};
}

function until(holds: (properties: Readonly<Record<string, unknown>>) => boolean) {
  return eventually(profile, holds);
}

/** Everything that was sent so far has reached the profile. */
async function settled() {
  const value = `mark ${emulatorClock.now()}-${Math.trunc(performance.now() * 1000)}`;
  await post([theme(value, { $ip: "0", $ignore_time: true })], "/engage");
  return until((properties) => properties["theme"] === value);
}

describe("a set", () => {
  test("reaches the profile, moves neither its place nor when it was last seen, and null takes a property away", async () => {
    await post([theme("dark")], "/engage");
    const before = await until((properties) => properties["theme"] === "dark");
    expect(before["$last_seen"]).toBeDefined();
    expect(before["$city"]).toBeDefined();
    emulatorClock.advance(HOUR_MS);

    await post([set({ $email: "ada@example.com", plan: "pro", orders_count: 3 })]);
    const after = await until((properties) => properties["orders_count"] === 3);
    expect(after).toEqual({ ...before, $email: "ada@example.com", plan: "pro", orders_count: 3 });

    await post([set({ plan: null, orders_count: 4 })]);
    const last = await until((properties) => properties["plan"] === undefined);
    expect(last).toEqual({ ...before, $email: "ada@example.com", orders_count: 4 });

    // The proof that the place and the time would have shown: a client's write moves both.
    await post([theme("light")], "/engage");
    const moved = await until((properties) => properties["theme"] === "light");
    expect(moved["$last_seen"]).not.toEqual(before["$last_seen"]);
  });

  test("is applied in the order of sending, within a body and across bodies", async () => {
    const counts = Array.from({ length: 40 }, (_, index) => index);
    for (const count of counts.slice(0, 20)) await post([set({ orders_count: count, plan: "free" })]);
    await post(
      counts.slice(20).map((count) => set({ orders_count: count, plan: count === 39 ? null : "pro" })),
    );
    const last = await settled();
    expect(last["orders_count"]).toBe(39);
    expect(last).not.toHaveProperty("plan");
  });

  test("is repaired by the plan's rules; what is unknown, wrong or not the state's is taken out with its finding", async () => {
    await post([
      set({
        planTier: "team",
        orders_count: "12",
        $email: "not an address",
        nickname: "ada",
        theme: "dark",
        tier: "gold",
        $city: "Paris",
      }),
    ]);
    const result = await settled();
    expect(result).toMatchObject({ plan: "team", orders_count: 12 });
    for (const name of ["$email", "nickname", "tier", "$city", "planTier"])
      expect(result).not.toHaveProperty(name);
    expect(result["theme"]).not.toBe("dark");
    const found = (id: string) => metrics.value("plumbline_findings_total", { id, source: "api" });
    expect(found("not-owner")).toBe(2);
    expect(found("unknown-property")).toBe(2);
    expect(found("format")).toBe(1);
  });
});

describe("ownership", () => {
  test("the same server token may not write what the state owns through any other route", async () => {
    const update = { $token: "api_token", $distinct_id: ADA, $set: { plan: "pro", tier: "gold" } };
    await post([update, { ...update, asState: true, $set: { plan: "team" } }], "/engage");
    await post([{ ...update, $set: undefined, $unset: ["plan"] }], "/engage");
    const result = await settled();
    expect(result).toMatchObject({ tier: "gold" });
    expect(result).not.toHaveProperty("plan");
    expect(metrics.value("plumbline_findings_total", { id: "not-owner" })).toBe(3);
  });
});

describe("quarantine", () => {
  test("ids that the plan refuses wait, and go out as state once the plan takes them", async () => {
    await post([
      set({ plan: "pro" }, "ada@example.com"),
      set({ plan: "free" }, "$device:1"),
      set({ plan: "team" }, "u-1"),
    ]);
    await settled();
    const waiting = () => [...findQuarantined(door.journal, { state: "waiting" })];
    expect(waiting().map(({ findings }) => findings.map(({ id }) => id))).toEqual([
      ["identity-email"],
      ["identity-format"],
      ["identity-format"],
    ]);
    const fixed: Lock = { ...lock, identity: { ...lock.identity, user_id: { format: "any" } } };
    const report = await replayQuarantine({
      journal: door.journal,
      clock: systemClock,
      snapshot: makeSnapshot(fixed),
      sources: SOURCES,
      filter: {},
      apply: true,
    });
    expect(report).toMatchObject({ examined: 3, released: 1, kept: 2 });
    delivery.wake();
    const profiles = await eventually(
      () => queryProfiles(emulator.url),
      (all) => all.some(({ $distinct_id: id }) => id === "u-1"),
    );
    expect(profiles.find(({ $distinct_id: id }) => id === "u-1")?.$properties).toEqual({ plan: "team" });
  });
});
