// A small project with one trouble of every kind, in a local Mixpanel, and what takes its inventory.
import type { Inventory, InventoryItem, Subject } from "../../src/cleanup/index.ts";
import { makeStepLimits, takeInventory, type InventoryOptions } from "../../src/cleanup/index.ts";
import type { ProviderReader } from "../../src/core/index.ts";
import { createLexiconClient, createMixpanelReader } from "../../src/providers/index.ts";
import type { Local } from "../emulator/local.ts";
import { compile } from "../support/plans.ts";
import { tempDirectory } from "../support/temp.ts";

export const PLAN = `plumbline: 1
name: shop
sources: { web: { trust: client }, ios: { trust: client } }
identity: { user_id: { format: uuid } }
events:
  viewed:
    name: Product viewed
    description: Somebody looked
    owner: growth
    sources: { web: {}, ios: {} }
    was: [Viewed Product]
    properties:
      product_id: { type: string, data: none, presence: required, description: Which, was: [pid] }
      quantity: { type: integer, data: none, presence: optional, description: How many }
      back_at: { type: datetime, data: none, presence: optional, description: When there is more }
      comment: { type: string, data: free_text, presence: optional, description: In words }
  seen: { name: Product seen, description: As it was, owner: growth, sources: { web: {} }, deprecated: { to: viewed, gateway: rewrite } }
  retired: { name: Wishlist shared, description: Nobody shares, owner: growth, sources: { web: {} }, deprecated: { gateway: drop } }
  ordered: { name: Order completed, description: Paid, owner: growth, sources: { web: {} } }
people:
  email: { name: $email, type: string, format: email, data: contact, owner: client, description: Address }
  theme: { type: string, data: none, owner: client, description: Colours, was: [skin] }
  opens: { type: integer, data: none, owner: client, description: Starts }
  tier: { type: string, data: none, owner: client, description: Plan }
  nickname: { type: string, data: none, owner: client, description: Name in reviews }
  joined: { type: datetime, data: none, owner: client, description: First order }
groups:
  company:
    seats: { type: integer, data: none, owner: server, description: Paid seats }
`;
export const lock = compile(PLAN);
export const DAY = "2026-11-10";
const AT = Date.parse(`${DAY}T12:00:00Z`) / 1000;
export const WINDOW = { from: "2026-11-09", to: "2026-11-11", every: 1 };
const clock = { now: () => Date.now() };

export function userId(n: number): string {
  return `7d4e0000-3c1a-4b5d-8e6f-${n.toString(16).padStart(12, "0")}`;
}

function event(n: number, name: string, more: object = {}): object {
  return {
    event: name,
    properties: {
      time: AT + n,
      distinct_id: userId(n),
      $insert_id: `insert-${Buffer.from(name).toString("hex").slice(0, 20)}-${n}`,
      mp_lib: "web",
      $lib_version: "2.83.0",
      ...more,
    },
  };
}

const times = <T>(count: number, make: (n: number) => T): T[] =>
  Array.from({ length: count }, (_, n) => make(n));

/** Events: right ones, and some of every trouble. */
export const EVENTS: readonly object[] = [
  ...times(20, (n) =>
    event(n, "Product viewed", {
      product_id: "sku_1",
      quantity: 2,
      comment: "write to a@b.example",
      back_at: n < 3 ? "next week" : "2026-12-01T10:00:00+01:00",
    }),
  ),
  ...times(4, (n) => event(n, "Product viewed", { product_id: "sku_1", quantity: "2" })).map((one, n) => ({
    ...one,
    properties: { ...(one as { properties: object }).properties, $insert_id: `text-${n}` },
  })),
  ...times(7, (n) =>
    event(n, "Viewed Product", { pid: "sku_1", mp_lib: "swift", $app_version_string: n < 3 ? "6.9" : "7.0" }),
  ),
  ...times(2, (n) => event(n, "Product seen", { product_id: "sku_1" })),
  ...times(3, (n) => event(n, "product_viewed", { product_id: "sku_1", ProductID: "sku_1" })),
  ...times(5, (n) => event(n, "Debug screen", { who: `person${n}@example.com` })),
  ...times(2, (n) => event(n, "debug_screen")),
];

function profile(id: string, properties: object): object {
  return { $token: "t", $distinct_id: id, $ip: "0", $ignore_time: true, $set: properties };
}

/** Profiles of 30 users, one of them gone; a second profile; an id that is an address; one of a device. */
export const PROFILES: readonly object[] = [
  ...times(30, (n) =>
    profile(userId(n), {
      $email: `person${n}@example.com`,
      [n < 4 ? "Theme" : n < 6 ? "skin" : "theme"]: "dark",
      opens: n < 3 ? "12" : 12,
      joined: n < 2 ? "last year" : "2025-03-01",
      ...(n < 8 ? { legacy_score: n } : {}),
      ...(n < 2 ? { legacyScore: n } : {}),
      ...(n < 2 ? { nickname: `nick${n}@example.com` } : { nickname: "nick" }),
    }),
  ),
  profile("old-1", { $email: "PERSON1@example.com" }),
  profile("person2@example.com", { $email: "somebody@example.com" }),
  profile("$device:1234", { theme: "light" }),
];

export async function plantProject(local: Local): Promise<void> {
  const sent = await local.importEvents(EVENTS);
  if (sent.status !== 200) throw new Error(sent.text);
  const engaged = await local.engage(PROFILES);
  if (!engaged.text.includes('"status":1')) throw new Error(engaged.text);
  await local.send("/groups?verbose=1", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(
      times(3, (n) => ({
        $token: "t",
        $group_key: "company",
        $group_id: `c${n}`,
        $set: { seats: n === 0 ? "12" : 12, ...(n === 1 ? { legacy_segment: "b" } : {}) },
      })),
    ),
  });
}

export function readerOf({ url }: Local): ProviderReader {
  return createMixpanelReader({
    host: url,
    projectId: 1,
    serviceAccount: { username: "sa", secret: "sa_secret" },
    clock,
    timeoutMs: 5000,
  });
}

/** Takes an inventory; twice with the same folder goes on. */
export function inventoryOf(
  local: Local,
  change: Partial<InventoryOptions> & { readonly waitMaxMs?: number } = {},
): Promise<Inventory> {
  const signal = change.signal ?? new AbortController().signal;
  const lexicon = createLexiconClient({
    host: local.url,
    projectId: 1,
    serviceAccount: { username: "sa", secret: "sa_secret" },
    clock,
    waitMaxMs: 1000,
  });
  return takeInventory({
    destination: "product",
    target: "local 1",
    lock,
    folder: tempDirectory("inventory"),
    window: WINDOW,
    reader: readerOf(local),
    limits: makeStepLimits({
      budgets: {},
      updatesPerSecond: undefined,
      backoffMs: 5,
      backoffMaxMs: 20,
      waitMaxMs: change.waitMaxMs ?? 60_000,
      clock,
      random: Math.random,
      signal,
      onWait: () => undefined,
    }),
    dictionary: async () =>
      (await lexicon.list()).map(({ name }) => ({
        name,
        hidden: false,
        dropped: false,
        description: undefined,
      })),
    gateway: undefined,
    userExists: (ids) => Promise.resolve(new Set(ids.filter((id) => id !== userId(29)))),
    clock,
    random: Math.random,
    signal,
    onProgress: () => undefined,
    ...change,
  });
}

function text(of: Subject): string {
  switch (of.kind) {
    case "event":
      return of.event;
    case "event_property":
      return `${of.event}/${of.property}`;
    case "profile_property":
      return `${of.group ?? "user"}/${of.property}`;
    case "profiles":
      return "profiles";
  }
}

/** What was found, as `bucket: subject: count`. */
export function foundIn({ items }: Inventory): readonly string[] {
  return items
    .filter(({ bucket }) => bucket !== "planned_and_seen")
    .map(
      (item: InventoryItem) => `${item.bucket}: ${text(item.of)}${"count" in item ? `: ${item.count}` : ""}`,
    )
    .toSorted();
}
