// What goes through the gateway: received, judged, delivered; by every road that a server has.
import { createDelivery } from "../../src/delivery/index.ts";
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
import { createMixpanelProvider } from "../../src/providers/index.ts";
import { type Door, startDoor } from "../support/door.ts";
import { eventually, exportEvents } from "../support/emulator-client.ts";
import { compile } from "../support/plans.ts";
import { addingMetrics, rememberingLog, systemClock } from "../support/quiet.ts";
import type { Stage } from "./home.ts";

export const ADA = "0b9ad0c8-3c7a-4c43-9b7d-1f2a3b4c5d6e";
const planWith = (events: object) =>
  compile(
    JSON.stringify({
      plumbline: 1,
      name: "safety",
      sources: { web: { trust: "client" }, api: { trust: "server" } },
      identity: { user_id: { format: "uuid" } },
      lint: { rules: { "missing-description": "off", "missing-data-class": "off", "missing-owner": "off" } },
      events,
      people: {
        plan: { type: "string", owner: "state" },
        tier: { type: "string", owner: "server" },
        tags: { type: "list", items: { type: "string" }, owner: "server" },
        visits: { type: "integer", owner: "server" },
      },
      groups: { company: { seats: { type: "integer", owner: "server" } } },
    }),
  );
const paid = { name: "Order paid", sources: ["api"] };
const lock = planWith({ orderPaid: paid });
const laterLock = planWith({ orderPaid: paid, refunded: { name: "Refunded", sources: ["api"] } });
const SOURCES: readonly SourceSettings[] = [
  // `forward`, also for a server: it must not matter.
  {
    id: "api",
    trust: "server",
    tokens: ["api_token"],
    origins: [],
    clientAddress: "forward",
    development: false,
  },
];

interface Road {
  readonly door: Door;
  readonly stage: Stage;
  readonly wake: () => void;
  readonly send: (path: string, items: readonly object[]) => Promise<void>;
  readonly hasEvent: (name: string) => Promise<unknown>;
}

async function withGateway(stage: Stage, route: "import" | "track", work: (road: Road) => Promise<void>) {
  const receivers = [makeJsonReceiver(), makeMixpanelReceiver()];
  const parts = { clock: systemClock, log: rememberingLog(), metrics: addingMetrics() };
  const provider = createMixpanelProvider({
    host: stage.url,
    token: "mp_token",
    projectId: 1,
    serviceAccount: { username: "sa", secret: "sa_secret" },
    route,
    clock: systemClock,
  });
  const door = await startDoor({ receivers });
  const { journal } = door;
  const delivery = createDelivery({ ...parts, destination: "product", provider, journal, random: () => 0 });
  const judge = createJudge({
    ...parts,
    journal,
    sources: makeSourceTable(SOURCES),
    receivers,
    snapshot: makeSnapshot(lock),
    onJudged: () => delivery.wake(),
  });
  const stop = new AbortController();
  const running = [judge.run(stop.signal), delivery.run(stop.signal)];
  try {
    await work({
      door,
      stage,
      wake: () => delivery.wake(),
      async send(path, items) {
        const { status } = await door.send(path, {
          headers: { "content-type": "application/json", authorization: "Bearer api_token" },
          body: JSON.stringify(items),
        });
        if (status !== 200) throw new Error(`${path} answered ${status}`);
      },
      hasEvent: (name) =>
        eventually(
          () => exportEvents(stage.emulator.url),
          (all) => all.some(({ event }) => event === name),
          { what: name },
        ),
    });
  } finally {
    stop.abort();
    await Promise.all(running);
    await provider.close();
    await door.close();
  }
}

const orderPaid = {
  event: "Order paid",
  properties: { token: "api_token", distinct_id: ADA, $insert_id: "one" },
};
const update = (operation: object) => ({ $token: "api_token", $distinct_id: ADA, ...operation });
const until = (stage: Stage, holds: (properties: Readonly<Record<string, unknown>>) => boolean) =>
  eventually(() => stage.profile(ADA), holds, { what: "the profile" });

export async function sendEvents(stage: Stage, route: "import" | "track"): Promise<void> {
  await withGateway(stage, route, async ({ send, hasEvent }) => {
    // As careless as a server can be: nothing says where the person is not.
    await send("/track?ip=1", [orderPaid]);
    await hasEvent("Order paid");
  });
}

export async function sendUpdates(stage: Stage): Promise<void> {
  await withGateway(stage, "import", async ({ send }) => {
    const operations = [
      { $set: { tier: "gold" } },
      { $set_once: { visits: 1 } },
      { $add: { visits: 1 } },
      { $append: { tags: "a" } },
      { $union: { tags: ["b"] } },
      { $remove: { tags: "a" } },
      { $unset: ["tier"] },
    ];
    await send("/engage?ip=1", operations.map(update));
    const company = { $token: "api_token", $group_key: "company", $group_id: "acme" };
    await send("/groups?ip=1", [{ ...company, $set: { seats: 3 } }]);
    await eventually(
      () => stage.profile("company acme"),
      ({ seats }) => seats === 3,
    );
    await until(
      stage,
      ({ tier, visits, tags }) => tier === undefined && visits === 2 && String(tags) === "b",
    );
  });
}

export async function sendPeople(stage: Stage): Promise<void> {
  await withGateway(stage, "import", async ({ send }) => {
    await send("/v1/people", [{ user_id: ADA, set: { plan: "pro" } }]);
    await until(stage, ({ plan }) => plan === "pro");
  });
}

export async function replay(stage: Stage): Promise<void> {
  await withGateway(stage, "import", async ({ door: { journal }, send, hasEvent, wake }) => {
    await send("/track?ip=1", [{ ...orderPaid, event: "Refunded" }]);
    await eventually(
      () => Promise.resolve([...findQuarantined(journal, { state: "waiting" })]),
      (waiting) => waiting.length === 1,
      { what: "the quarantined event" },
    );
    const snapshot = makeSnapshot(laterLock);
    await replayQuarantine({
      journal,
      clock: systemClock,
      snapshot,
      sources: SOURCES,
      filter: {},
      apply: true,
    });
    wake();
    await hasEvent("Refunded");
  });
}
