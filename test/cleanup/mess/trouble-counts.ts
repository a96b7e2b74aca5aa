// How much of each trouble there is in what the local Mixpanel holds. Nothing here asks the cleanup.
import type { TrafficEvent } from "../../../src/infer/index.ts";
import type { Lock } from "../../../src/plan/index.ts";
import type { Properties } from "../local-project.ts";
import type { Held } from "./look.ts";
import { personId, PEOPLE } from "./people-of-mess.ts";

/** How much of a trouble there is. */
export type Count = (held: Held, lock: Lock) => number;
type Test = (properties: Properties, id: string) => boolean;
const count = (all: Readonly<Record<string, Properties>>, test: Test): number =>
  Object.entries(all).filter(([id, properties]) => test(properties, id)).length;
export const profiles =
  (test: Test): Count =>
  ({ profiles: all }) =>
    count(all, test);
export const companies =
  (test: Test): Count =>
  ({ companies: all }) =>
    count(all, test);
export const has =
  (name: string): Test =>
  (properties) =>
    properties[name] !== undefined;
export const isText =
  (name: string): Test =>
  (properties) =>
    typeof properties[name] === "string";

export const isAddress = (text: unknown): boolean => typeof text === "string" && text.includes("@");
const known = new Set(Array.from({ length: PEOPLE.to - PEOPLE.from }, (_, at) => personId(PEOPLE.from + at)));
const isUuid = (id: string): boolean => /^[0-9a-f]{8}-/.test(id);
export const isGone: Test = (_, id) => isUuid(id) && !known.has(id);

/** Profiles beyond the first of each address, however it is written. */
export function timesTwice({ profiles: all }: Held): number {
  const addresses = Object.values(all)
    .map(({ $email: email }) => email)
    .filter((email) => typeof email === "string")
    .map((email) => email.toLowerCase());
  return addresses.length - new Set(addresses).size;
}

const OLD_EVENTS: ReadonlySet<string> = new Set([
  "productViewed",
  "product_viewed",
  "User Signs Up",
  "Checkout button clicked",
]);
const SPELLED_IN_EVENTS = ["productId", "Product ID", "Plan Tier", "planTier"];
const TEXT_IN_EVENTS = ["quantity", "gift_wrap", "newsletter"];
const UNPLANNED_IN_EVENTS = [
  "cart_value",
  "currency",
  "delivery_time",
  "landing_page",
  "payment_method",
  "shipping_note",
];
const GIVEN_AWAY_IN_EVENTS = ["callback", "contact", "session"];

/** How many of these are in the event. */
type EventCount = (event: TrafficEvent) => number;
const some = (names: readonly string[], test: (value: unknown) => boolean): EventCount => {
  return ({ properties }) => names.filter((name) => name in properties && test(properties[name])).length;
};
export const oldNames: EventCount = ({ event }) => (OLD_EVENTS.has(event) ? 1 : 0);
export const spelledNames = some(SPELLED_IN_EVENTS, () => true);
export const textValues = some(TEXT_IN_EVENTS, (value) => typeof value === "string");
export const secondsForDates = some(["ordered_at"], (value) => typeof value === "number");
export const unplannedNames = some(UNPLANNED_IN_EVENTS, () => true);
export const addressAsId = some(["distinct_id"], isAddress);
export const givenAway: EventCount = (event) =>
  some(GIVEN_AWAY_IN_EVENTS, () => true)(event) + some(["search_term"], isAddress)(event);

/** Of the events since the window began. */
export function late(count: EventCount): Count {
  return ({ events, late: begin }) =>
    events
      .filter(({ properties }) => Number(properties["time"]) >= begin)
      .reduce((sum, event) => sum + count(event), 0);
}

/** Events before the window that have something wrong. */
export const older: Count = ({ events, late: begin }) =>
  events.filter(
    (event) =>
      Number(event.properties["time"]) < begin &&
      oldNames(event) + spelledNames(event) + textValues(event) > 0,
  ).length;

/** Names that analysts are to be offered: not those in whose place the plan has another. */
function lastingNames(lock: Lock): ReadonlySet<string> {
  const lasting = Object.values(lock.events).filter(({ deprecated }) => deprecated?.gateway !== "rewrite");
  return new Set(lasting.map(({ name }) => name));
}

/** Names that analysts are offered although the plan does not have them, or has another event in their place. */
export function strayNames({ events: all, dictionary }: Held, lock: Lock): readonly string[] {
  const planned = lastingNames(lock);
  const names = [...new Set(all.map(({ event }) => event))];
  return names.filter((name) => {
    const entry = dictionary.get(name);
    return !planned.has(name) && !(entry?.hidden || entry?.dropped);
  });
}

export function undescribed({ dictionary }: Held, lock: Lock): number {
  return Object.values(lock.events).filter(
    ({ name, description }) => dictionary.get(name)?.description !== description,
  ).length;
}

export function hiddenPlanned({ dictionary }: Held, lock: Lock): number {
  return [...lastingNames(lock)].filter((name) => dictionary.get(name)?.hidden === true).length;
}
