// Every trouble that was planted: its name for people, how much of it is left in what the local Mixpanel holds, and how much of it the
// inventory tells.
import type { Inventory } from "../../../src/cleanup/index.ts";
import type { Lock } from "../../../src/plan/index.ts";
import { type Bucket, event, eventProperties, items, profileProperty, whole } from "./found.ts";
import {
  addressAsId,
  companies,
  type Count,
  givenAway,
  has,
  hiddenPlanned,
  isAddress,
  isGone,
  isText,
  late,
  older,
  oldNames,
  profiles,
  secondsForDates,
  spelledNames,
  strayNames,
  textValues,
  timesTwice,
  undescribed,
  unplannedNames,
} from "./trouble-counts.ts";

/** What the commands that look told. */
export interface Told {
  readonly inventory: Inventory;
  /** Events under an e-mail address, by `ids check`. */
  readonly emailEvents: number;
}

export interface Trouble {
  readonly id: string;
  readonly trouble: string;
  readonly left: Count;
  /** Absent: out of the window that was looked at. */
  readonly found?: (told: Told, lock: Lock) => number;
}

const WITHIN = "last 170 days";
const STRAY: readonly Bucket[] = ["seen_unplanned", "old_name", "spelling"];
const SPELLED: readonly Bucket[] = ["old_name", "spelling"];

export const TROUBLES: readonly Trouble[] = [
  {
    id: "stray-events",
    trouble: "Event names that the plan does not have, or has replaced, offered to analysts",
    left: (held, lock) => strayNames(held, lock).length,
    found: ({ inventory }) => items(inventory, STRAY, event).length,
  },
  {
    id: "hidden-planned",
    trouble: "A planned event hidden by hand",
    left: hiddenPlanned,
    found: ({ inventory: { events } }, lock) =>
      events.filter(({ name, dictionary }) => isPlanned(lock, name) && dictionary?.hidden === true).length,
  },
  {
    id: "undescribed",
    trouble: "Planned events without the plan's description",
    left: undescribed,
    found: ({ inventory: { events } }, lock) =>
      Object.values(lock.events).filter(
        ({ name, description }) =>
          events.find((one) => one.name === name)?.dictionary?.description !== description,
      ).length,
  },
  {
    id: "old-event-names",
    trouble: `Events under a platform's own spelling, ${WITHIN}`,
    left: late(oldNames),
    found: ({ inventory }) => whole(items(inventory, SPELLED, event)),
  },
  {
    id: "spelled-in-events",
    trouble: `Properties of events in a platform's own spelling, ${WITHIN}`,
    left: late(spelledNames),
    found: ({ inventory }) => whole(items(inventory, SPELLED, eventProperties())),
  },
  {
    id: "text-in-events",
    trouble: `\`"true"\` and \`"12"\` in events, ${WITHIN}`,
    left: late(textValues),
    found: ({ inventory }) =>
      whole(items(inventory, ["mixed_types"], eventProperties("quantity", "gift_wrap", "newsletter"))),
  },
  {
    id: "seconds-for-dates",
    trouble: `Dates as seconds in events, ${WITHIN}`,
    left: late(secondsForDates),
    found: ({ inventory }) => whole(items(inventory, ["mixed_types"], eventProperties("ordered_at"))),
  },
  {
    id: "unplanned-in-events",
    trouble: `Properties of planned events that the plan does not have, ${WITHIN}`,
    left: late(unplannedNames),
    found: ({ inventory }) =>
      whole(inventory.items.filter(({ bucket, of }) => bucket === "seen_unplanned" && eventProperties()(of))),
  },
  {
    id: "given-away",
    trouble: `Addresses, numbers and tokens of people in events, ${WITHIN}`,
    left: late(givenAway),
    found: ({ inventory }) => whole(items(inventory, ["personal_data"], eventProperties())),
  },
  {
    id: "email-event-ids",
    trouble: `Events under an e-mail address, ${WITHIN}`,
    left: late(addressAsId),
    found: ({ emailEvents }) => emailEvents,
  },
  { id: "older-events", trouble: "Events with old names, spellings or text for numbers, older", left: older },
  {
    id: "spelled",
    trouble: "Profile property in another spelling",
    left: profiles(has("Theme")),
    found: ({ inventory }) => whole(items(inventory, ["spelling"], profileProperty("Theme"))),
  },
  {
    id: "renamed",
    trouble: "Profile property under its old name",
    left: profiles(has("newsletterOptIn")),
    found: ({ inventory }) => whole(items(inventory, ["old_name"], profileProperty("newsletterOptIn"))),
  },
  {
    id: "spelled-state",
    trouble: "Old spelling of a property that the sync writes",
    left: profiles(has("planTier")),
    found: ({ inventory }) => whole(items(inventory, SPELLED, profileProperty("planTier"))),
  },
  {
    id: "text-boolean",
    trouble: '`"true"` for a boolean, on profiles',
    left: profiles(isText("wants_newsletter")),
    found: ({ inventory }) => whole(items(inventory, ["mixed_types"], profileProperty("wants_newsletter"))),
  },
  {
    id: "text-number",
    trouble: '`"12"` for a number, on profiles',
    left: profiles(isText("app_opens")),
    found: ({ inventory }) => whole(items(inventory, ["mixed_types"], profileProperty("app_opens"))),
  },
  {
    id: "nobody-writes",
    trouble: "Profile property that nobody writes any more",
    left: profiles(has("legacy_score")),
    found: ({ inventory }) => whole(items(inventory, ["without_writer"], profileProperty("legacy_score"))),
  },
  {
    id: "address-in-name",
    trouble: "E-mail addresses in a property that may not have any",
    left: profiles(({ nickname }) => isAddress(nickname)),
    found: ({ inventory }) => whole(items(inventory, ["personal_data"], profileProperty("nickname"))),
  },
  {
    id: "twice",
    trouble: "Second profiles of one person",
    left: timesTwice,
    found: ({ inventory }) => whole(items(inventory, ["duplicate_profiles"])),
  },
  {
    id: "gone",
    trouble: "Profiles without a user in the database",
    left: profiles(isGone),
    found: ({ inventory }) => whole(items(inventory, ["profiles_without_user"])),
  },
  {
    id: "email-ids",
    trouble: "Profiles under an e-mail address",
    left: profiles((_, id) => isAddress(id)),
    found: ({ inventory: { items: all } }) =>
      whole(all.filter((item) => item.bucket === "unfit_ids" && item.shape === "email")),
  },
  {
    id: "company-text",
    trouble: '`"12"` for a number, on companies',
    left: companies(isText("seats")),
    found: ({ inventory }) => whole(items(inventory, ["mixed_types"], profileProperty("seats", "company"))),
  },
  {
    id: "company-spelled",
    trouble: "Company property in another spelling",
    left: companies(has("Nickname")),
    found: ({ inventory }) => whole(items(inventory, ["spelling"], profileProperty("Nickname", "company"))),
  },
  {
    id: "company-nobody-writes",
    trouble: "Company property that nobody writes any more",
    left: companies(has("legacy_segment")),
    found: ({ inventory }) =>
      whole(items(inventory, ["without_writer"], profileProperty("legacy_segment", "company"))),
  },
];

function isPlanned(lock: Lock, name: string): boolean {
  return Object.values(lock.events).some((planned) => planned.name === name);
}
