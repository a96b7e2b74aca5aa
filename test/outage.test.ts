// The destination is down for a while, in each way that happens. Events queue, nothing is refused, and all of it drains in order.
import { once } from "node:events";
import { createInterface } from "node:readline";
import { request } from "undici";
import { afterEach, expect, test } from "vitest";
import { runJson, waitUntilDrained } from "./support/crash-plan.ts";
import { queryProfiles } from "./support/emulator-client.ts";
import { startLoad } from "./support/load.ts";
import { makeSystem, type System } from "./support/system.ts";

/** The issue asks for a million; a developer's run does fewer. */
const EVENTS = Number(process.env["PLUMBLINE_OUTAGE_EVENTS"] ?? (process.env["CI"] ? 1_000_000 : 60_000));
const USERS = Math.ceil(EVENTS / 10);
const UPDATED_USERS = 100;
const UPDATES = 4000;
/** Of each user's ten events this one joins the device to the user. */
const IDENTIFY_STEP = 4;
/** How long each kind of failure lasts. */
const PHASE_MS = EVENTS >= 1_000_000 ? 8000 : 2500;

const PLAN = `
plumbline: 1
name: outage
sources:
  web: { trust: client }
  api: { trust: server }
identity:
  user_id: { format: uuid }
events:
  thingDone:
    name: Thing done
    description: Something happened
    owner: test
    sources: { web: {} }
    properties:
      n: { type: integer, data: none, description: Which one }
people:
  sequence: { type: integer, data: none, owner: server, description: The last update }
`;

let system: System | undefined;
afterEach(async () => {
  await system?.close();
  system = undefined;
});

const userId = (index: number) => `00000000-0000-4000-8000-${index.toString(16).padStart(12, "0")}`;
const deviceId = (index: number) => `10000000-0000-4000-8000-${index.toString(16).padStart(12, "0")}`;

function eventAt(index: number): { readonly id: string; readonly body: object } {
  const user = index % USERS;
  const step = Math.floor(index / USERS);
  const id = `event-${index}`;
  const common = { token: "web_token", $insert_id: id, time: Date.now(), $device_id: deviceId(user) };
  if (step < IDENTIFY_STEP)
    return {
      id,
      body: {
        event: "Thing done",
        properties: { ...common, distinct_id: `$device:${deviceId(user)}`, n: step },
      },
    };
  const known = { ...common, distinct_id: userId(user), $user_id: userId(user) };
  if (step > IDENTIFY_STEP) return { id, body: { event: "Thing done", properties: { ...known, n: step } } };
  return {
    id,
    body: { event: "$identify", properties: { ...known, $anon_distinct_id: `$device:${deviceId(user)}` } },
  };
}

async function setFaults(emulatorUrl: string, faults: readonly object[]): Promise<void> {
  await (await request(`${emulatorUrl}/emulator/faults`, { method: "DELETE" })).body.dump();
  if (faults.length === 0) return;
  const answer = await request(`${emulatorUrl}/emulator/faults`, {
    method: "POST",
    body: JSON.stringify(faults),
  });
  const text = await answer.body.text();
  if (answer.statusCode !== 200) throw new Error(`faults: ${answer.statusCode} ${text}`);
}

interface StoredEvent {
  readonly event: string;
  readonly properties: {
    readonly $insert_id: string;
    readonly $user_id?: string;
    readonly distinct_id: string;
  };
}

/** Calls back for each event of a view, in the order of the view. */
async function readEvents(
  emulatorUrl: string,
  view: "raw" | "deduplicated",
  see: (event: StoredEvent) => void,
): Promise<void> {
  const answer = await request(`${emulatorUrl}/emulator/events?view=${view}`);
  const lines = createInterface({ input: answer.body });
  lines.on("line", (line) => {
    if (line !== "") see(JSON.parse(line) as StoredEvent);
  });
  await once(lines, "close");
}

test(`${EVENTS.toLocaleString("en-US")} events queue while the destination is down in four ways, and drain in order per user`, {
  timeout: 600_000,
}, async () => {
  system = await makeSystem({ plan: PLAN, destination: "backoff_ms: 100, backoff_max_ms: 1000" });
  const { emulator } = system;
  await setFaults(emulator.url, [{ status: 503, retryAfterSeconds: 1 }]);
  await system.startGateway();
  const started = Date.now();
  const events = startLoad({
    gatewayUrl: system.gatewayUrl,
    token: "web_token",
    path: "/track/",
    batch: 200,
    concurrency: 4,
    total: EVENTS,
    item: eventAt,
  });
  // One request after another, so that the order in which updates were acknowledged is known.
  const updates = startLoad({
    gatewayUrl: system.gatewayUrl,
    token: "api_token",
    path: "/engage/",
    batch: 10,
    concurrency: 1,
    total: UPDATES,
    item: (index) => ({
      id: `update-${index}`,
      body: { $token: "api_token", $distinct_id: userId(index % UPDATED_USERS), $set: { sequence: index } },
    }),
  });
  const phases: readonly object[][] = [
    [{ status: 503, retryAfterSeconds: 1 }],
    [{ cut: "before", rate: 0.5, seed: 1 }, { cut: "after" }],
    [{ status: 429 }],
  ];
  for (const faults of phases) {
    await setFaults(emulator.url, faults);
    await new Promise((resolve) => setTimeout(resolve, PHASE_MS));
  }
  await Promise.all([events.done, updates.done]);
  const sentSeconds = (Date.now() - started) / 1000;
  const { logs } = (await runJson(system, ["status"])) as {
    readonly logs: readonly {
      readonly log: string;
      readonly last: number;
      readonly consumers: Record<string, number>;
    }[];
  };
  const outbox = logs.find(({ log }) => log === "outbox");
  const queued = (outbox?.last ?? 0) - Math.min(...Object.values(outbox?.consumers ?? {}));
  await setFaults(emulator.url, []);
  const drainStarted = Date.now();
  await waitUntilDrained(system, 400_000);
  const drainSeconds = (Date.now() - drainStarted) / 1000;

  const stored = new Set<string>();
  let repeated = 0;
  await readEvents(emulator.url, "deduplicated", ({ properties }) => {
    if (stored.has(properties.$insert_id)) repeated += 1;
    stored.add(properties.$insert_id);
  });
  const identified = new Set<string>();
  const tooEarly = new Set<string>();
  await readEvents(emulator.url, "raw", ({ event, properties }) => {
    const { $user_id: user } = properties;
    if (user === undefined) return;
    if (event === "$identify") identified.add(user);
    else if (!identified.has(user)) tooEarly.add(user);
  });
  const lost = [...events.acknowledged].filter((id) => !stored.has(id));
  const profiles = new Map(
    (await queryProfiles(emulator.url)).map((profile) => [profile.$distinct_id, profile.$properties]),
  );
  const outOfOrder = Array.from({ length: UPDATED_USERS }, (_, user) => ({
    last: UPDATES - UPDATED_USERS + user,
    found: profiles.get(userId(user))?.["sequence"],
  })).filter(({ last, found }) => last !== found);
  process.stdout.write(
    `outage test: ${events.acknowledged.size} events acknowledged in ${sentSeconds.toFixed(1)} s, ${events.failures()} requests refused; ` +
      `${queued} waiting when the destination came back, drained in ${drainSeconds.toFixed(1)} s; ` +
      `${lost.length} lost, ${repeated} repeated, ${tooEarly.size} of ${USERS} users out of order, ${outOfOrder.length} of ${UPDATED_USERS} profiles wrong\n`,
  );
  expect(events.failures() + updates.failures()).toBe(0);
  expect(events.acknowledged.size).toBe(EVENTS);
  expect(queued).toBeGreaterThan(0);
  expect({ lost, repeated, tooEarly: [...tooEarly], outOfOrder }).toEqual({
    lost: [],
    repeated: 0,
    tooEarly: [],
    outOfOrder: [],
  });
  expect(identified.size).toBe(USERS);
});
