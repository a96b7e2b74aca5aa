// Every trouble that was planted: its name for people, and how much of it is left, counted from what the local Mixpanel holds and not from what
// the cleanup says.
import type { TrafficEvent } from "../../../src/infer/index.ts";
import type { Lock } from "../../../src/plan/index.ts";
import type { Properties } from "../local-project.ts";
import { HISTORY_NAMES } from "./history-window.ts";
import type { Held } from "./look.ts";
import { personId, PEOPLE } from "./people-of-mess.ts";

export interface Trouble {
  readonly id: string;
  readonly trouble: string;
  readonly left: (held: Held, lock: Lock) => number;
}

type EventTest = (event: TrafficEvent) => boolean;
type Test = (properties: Properties, id: string) => boolean;
const count = (all: Readonly<Record<string, Properties>>, test: Test): number =>
  Object.entries(all).filter(([id, properties]) => test(properties, id)).length;
const profiles =
  (test: Test): Trouble["left"] =>
  ({ profiles: all }) =>
    count(all, test);
const companies =
  (test: Test): Trouble["left"] =>
  ({ companies: all }) =>
    count(all, test);
const has =
  (name: string): Test =>
  (properties) =>
    properties[name] !== undefined;
const isText =
  (name: string): Test =>
  (properties) =>
    typeof properties[name] === "string";

const isAddress = (text: unknown): boolean => typeof text === "string" && text.includes("@");
const known = new Set(Array.from({ length: PEOPLE.to - PEOPLE.from }, (_, at) => personId(PEOPLE.from + at)));
const isUuid = (id: string): boolean => /^[0-9a-f]{8}-/.test(id);

/** Profiles beyond the first of each address, however it is written. */
function timesTwice({ profiles: all }: Held): number {
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
const isOld: EventTest = ({ event }) => OLD_EVENTS.has(event);
const isSpelled: EventTest = ({ properties }) =>
  SPELLED_IN_EVENTS.some((name) => properties[name] !== undefined);
const isTextual: EventTest = ({ properties }) =>
  TEXT_IN_EVENTS.some((name) => typeof properties[name] === "string");

/** Of the events whose names the history is imported again by. */
function events(test: EventTest, when: "late" | "early"): Trouble["left"] {
  return ({ events: all, late }) =>
    all.filter(
      (event) =>
        HISTORY_NAMES.includes(event.event) &&
        (Number(event.properties["time"]) >= late ? "late" : "early") === when &&
        test(event),
    ).length;
}

function plannedNames(lock: Lock): ReadonlySet<string> {
  return new Set(Object.values(lock.events).map(({ name }) => name));
}

/** Names that analysts are offered although the plan does not have them. */
export function strayNames({ events: all, dictionary }: Held, lock: Lock): readonly string[] {
  const planned = plannedNames(lock);
  const names = [...new Set(all.map(({ event }) => event))];
  return names.filter((name) => {
    const entry = dictionary.get(name);
    return !planned.has(name) && !(entry?.hidden || entry?.dropped);
  });
}

function undescribed({ dictionary }: Held, lock: Lock): number {
  return Object.values(lock.events).filter(
    ({ name, description }) => dictionary.get(name)?.description !== description,
  ).length;
}

function hiddenPlanned({ dictionary }: Held, lock: Lock): number {
  return [...plannedNames(lock)].filter((name) => dictionary.get(name)?.hidden === true).length;
}

export const TROUBLES: readonly Trouble[] = [
  {
    id: "stray-events",
    trouble: "Events that the plan does not have, offered to analysts",
    left: (held, lock) => strayNames(held, lock).length,
  },
  { id: "hidden-planned", trouble: "A planned event hidden by hand", left: hiddenPlanned },
  { id: "undescribed", trouble: "Planned events without the plan's description", left: undescribed },
  {
    id: "old-event-names",
    trouble: "Events under an old name or a platform's own spelling, last four weeks",
    left: events(isOld, "late"),
  },
  {
    id: "spelled-in-events",
    trouble: "Events with a property in a platform's own spelling, last four weeks",
    left: events(isSpelled, "late"),
  },
  {
    id: "text-in-events",
    trouble: 'Events with `"true"` or `"12"`, last four weeks',
    left: events(isTextual, "late"),
  },
  {
    id: "email-event-ids",
    trouble: "Events under an e-mail address, last four weeks: set aside in a file",
    left: events(({ properties }) => isAddress(properties["distinct_id"]), "late"),
  },
  {
    id: "older-events",
    trouble: "Events with any of the first three, older",
    left: events((event) => isOld(event) || isSpelled(event) || isTextual(event), "early"),
  },
  { id: "spelled", trouble: "Profile property in another spelling", left: profiles(has("Theme")) },
  { id: "renamed", trouble: "Profile property under its old name", left: profiles(has("newsletterOptIn")) },
  {
    id: "spelled-state",
    trouble: "Old spelling of a property that the sync writes",
    left: profiles(has("planTier")),
  },
  {
    id: "text-boolean",
    trouble: '`"true"` for a boolean, on profiles',
    left: profiles(isText("wants_newsletter")),
  },
  { id: "text-number", trouble: '`"12"` for a number, on profiles', left: profiles(isText("app_opens")) },
  {
    id: "nobody-writes",
    trouble: "Profile property that nobody writes any more",
    left: profiles(has("legacy_score")),
  },
  {
    id: "address-in-name",
    trouble: "E-mail addresses in a property that may not have any",
    left: profiles(({ nickname }) => isAddress(nickname)),
  },
  { id: "twice", trouble: "Second profiles of one person", left: (held) => timesTwice(held) },
  {
    id: "gone",
    trouble: "Profiles without a user in the database",
    left: profiles((_, id) => isUuid(id) && !known.has(id)),
  },
  { id: "email-ids", trouble: "Profiles under an e-mail address", left: profiles((_, id) => isAddress(id)) },
  { id: "company-text", trouble: '`"12"` for a number, on companies', left: companies(isText("seats")) },
  {
    id: "company-spelled",
    trouble: "Company property in another spelling",
    left: companies(has("Nickname")),
  },
  {
    id: "company-nobody-writes",
    trouble: "Company property that nobody writes any more",
    left: companies(has("legacy_segment")),
  },
];
