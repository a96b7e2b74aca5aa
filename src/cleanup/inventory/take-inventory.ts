// Takes an inventory: reads what the provider holds and holds it against the plan. States: bound to a target, a plan and a window → days read →
// profiles walked → written down. Each step that is done stays done: an interrupted inventory goes on where it stopped.
import type { Clock, ProviderReader } from "../../core/index.ts";
import type { TrafficEvent } from "../../infer/index.ts";
import type { Lock } from "../../plan/index.ts";
import { askProvider } from "../apply/ask-provider.ts";
import type { StepLimits, StepProgress } from "../apply/executor.ts";
import { daysOf } from "../events/export-spans.ts";
import { GROUP_MAX } from "../profiles/duplicate-groups.ts";
import { makeIdRules } from "../ids/id-shape.ts";
import { type DictionaryEvent, judgeEvents, type SeenEvents } from "./event-items.ts";
import {
  type Bucket,
  BUCKETS,
  type Inventory,
  INVENTORY_VERSION,
  type InventoryItem,
  TIDY_BUCKETS,
} from "./inventory.ts";
import { type InventoryBinding, InventoryFiles } from "./inventory-files.ts";
import { judgeProfiles } from "./profile-items.ts";
import { readDays } from "./read-days.ts";
import { type PlannedEvents, TrafficCounter, type TrafficSum } from "./traffic-tally.ts";
import { type UserExists, type WalkedProfiles, walkProfiles } from "./walk-profiles.ts";

export interface InventoryOptions {
  readonly destination: string;
  /** Host and project: an unfinished inventory of another one is not gone on with. */
  readonly target: string;
  readonly lock: Lock;
  /** Where an unfinished one is kept. */
  readonly folder: string;
  /** First and last day, and one of so many is read. */
  readonly window: { readonly from: string; readonly to: string; readonly every: number };
  /** Property that tells a person; default: {@link personProperty}. */
  readonly by?: string;
  readonly reader: ProviderReader;
  readonly limits: StepLimits;
  /** Events in the provider's dictionary. */
  readonly dictionary: (() => Promise<readonly DictionaryEvent[]>) | undefined;
  /** Adds what the gateway's journal still holds. */
  readonly gateway: ((add: (event: TrafficEvent) => void) => Promise<void>) | undefined;
  readonly userExists: UserExists | undefined;
  readonly clock: Clock;
  readonly random: () => number;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: StepProgress) => void;
}

/** Name of the file with the inventory in its folder. */
export const INVENTORY_FILE = "inventory.json";

/** The plan's property with an e-mail address, else Mixpanel's own. */
export function personProperty(lock: Lock): string {
  const email = Object.values(lock.people).find(
    ({ type }) => type.type === "string" && type.format === "email",
  );
  return email?.name ?? "$email";
}

/** Nothing at the provider is to be cleaned. */
export function isTidy(item: InventoryItem): boolean {
  return TIDY_BUCKETS.has(item.bucket) || ("isSettled" in item && item.isSettled);
}

function plannedEvents(lock: Lock): PlannedEvents {
  const events = Object.values(lock.events);
  return {
    // Who still sends what should go is worth knowing.
    names: new Set(events.flatMap(({ name, deprecated }) => (deprecated === undefined ? [name] : []))),
    dates: new Map(
      events.map(({ name, properties }) => [
        name,
        Object.entries(properties).flatMap(([property, { type }]) =>
          type.type === "datetime" ? [property] : [],
        ),
      ]),
    ),
  };
}

async function readGateway(options: InventoryOptions, planned: PlannedEvents): Promise<TrafficSum> {
  const counter = new TrafficCounter(planned);
  await options.gateway?.((event) => counter.add(event));
  return counter.sum();
}

async function readEvents(options: InventoryOptions, files: InventoryFiles): Promise<SeenEvents> {
  const { reader, limits, clock, signal, lock, window, onProgress } = options;
  const planned = plannedEvents(lock);
  const dictionary = (await options.dictionary?.()) ?? [];
  const named = await askProvider(options, "query", () => reader.eventNames({ signal }));
  const days = daysOf(window);
  const told = (events: number, day: number): void =>
    onProgress({ phase: `${events.toLocaleString("en-US")} events, days`, done: day, total: days.length });
  const exported = await readDays(days, { reader, limits, clock, signal, files, planned, onProgress: told });
  return {
    exported,
    gateway: await readGateway(options, planned),
    named: new Set(named),
    dictionary: new Map(dictionary.map((entry) => [entry.name, entry])),
  };
}

/** What was read, and what tells a person. */
interface Looked {
  readonly events: SeenEvents;
  readonly walked: readonly WalkedProfiles[];
  readonly by: string;
}

function notesOf(
  options: InventoryOptions,
  { events: { exported, gateway }, walked, by }: Looked,
): readonly string[] {
  const lost = exported.lost + gateway.lost + walked.reduce((sum, one) => sum + one.sum.lost, 0);
  const restarts = walked.reduce((sum, one) => sum + one.restarts, 0);
  const leftAlone = walked.reduce((sum, one) => sum + one.sum.leftAlone, 0);
  return [
    ...(leftAlone > 0
      ? [
          `${leftAlone} values of \`${by}\` are on several profiles and no duplicates: several users' own, or on more than ${GROUP_MAX}`,
        ]
      : []),
    ...(restarts > 0
      ? [`The provider forgot the walk over its profiles, which began anew, ${restarts} times`]
      : []),
    ...(lost > 0
      ? [`${lost} events, values or lines are not told apart: more names than are remembered, or no events`]
      : []),
    ...(options.userExists === undefined
      ? ["No database was asked: profiles without a user were not looked for"]
      : []),
    ...(options.gateway === undefined ? ["The gateway's journal was not read"] : []),
    ...(options.dictionary === undefined ? ["The provider's dictionary was not read"] : []),
  ];
}

function rank(bucket: Bucket): number {
  return BUCKETS.indexOf(bucket);
}

/**
 * Takes it.
 *
 * @throws {AppError} `CLEANUP_REFUSED`, `EXPORT_REFUSED`, `CLEANUP_STOPPED`, `CLEANUP_WAIT_TOO_LONG`: what was read is kept for the next try.
 */
export async function takeInventory(options: InventoryOptions): Promise<Inventory> {
  const { lock, window, destination, target, clock, onProgress } = options;
  const by = options.by ?? personProperty(lock);
  const files = new InventoryFiles(options.folder);
  const binding: InventoryBinding = { target, plan: lock.hash, by, ...window };
  files.bind(binding);
  const events = await readEvents(options, files);
  const groups = [undefined, ...Object.keys(lock.groups)];
  const walked = await walkProfiles(groups, {
    ...options,
    files,
    by,
    rules: makeIdRules(lock),
    dates: (group) => {
      const properties = group === undefined ? lock.people : (lock.groups[group] ?? {});
      const dates = Object.values(properties).filter(({ type }) => type.type === "datetime");
      return new Set(dates.map(({ name }) => name));
    },
    onProgress: (done, total) => onProgress({ phase: "profiles", done, total }),
  });
  const judged = judgeEvents(lock, events);
  const people = judgeProfiles(lock, walked, by);
  const inventory: Inventory = {
    inventory: INVENTORY_VERSION,
    destination,
    plan: lock.hash,
    madeAt: new Date(clock.now()).toISOString(),
    looked: {
      ...window,
      days: daysOf(window).length,
      events: events.exported.events,
      gatewayEvents: events.gateway.events,
      profiles: walked.reduce((sum, one) => sum + one.sum.count, 0),
      database: options.userExists !== undefined,
    },
    notes: notesOf(options, { events, walked, by }),
    items: [...judged.items, ...people.items].toSorted((a, b) => rank(a.bucket) - rank(b.bucket)),
    events: judged.events,
    profiles: people.profiles,
  };
  files.write(INVENTORY_FILE, `${JSON.stringify(inventory, undefined, 2)}\n`);
  files.finish();
  return inventory;
}
