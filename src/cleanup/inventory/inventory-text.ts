// An inventory as lines for a terminal: what is to be cleaned, by bucket, with counts and evidence; the rest as counts.
import { assertNever } from "../../core/index.ts";
import {
  type Bucket,
  BUCKETS,
  type Inventory,
  type InventoryItem,
  type SeenSender,
  type Subject,
  TIDY_BUCKETS,
} from "./inventory.ts";

/** Items of one bucket that are shown; `--json` and `--html` have them all. */
const SHOWN_MAX = 40;
const SENDERS_SHOWN = 4;
const number = (count: number): string => count.toLocaleString("en-US");

/** Headings of buckets, for people. */
export const BUCKET_TITLES: Readonly<Record<Bucket, string>> = {
  seen_unplanned: "Seen, and not in the plan",
  old_name: "Old names still arriving",
  spelling: "Names that differ only by spelling",
  mixed_types: "Mixed types",
  without_writer: "Profile properties without a writer",
  personal_data: "Personal data outside its class",
  duplicate_profiles: "Several profiles of one person",
  profiles_without_user: "Profiles without a user in the database",
  unfit_ids: "Ids that the plan refuses",
  planned_never_seen: "Planned and never seen",
  planned_and_seen: "Planned and seen",
};

/** What an item is about, in a few words. */
export function subjectText(of: Subject): string {
  switch (of.kind) {
    case "event":
      return of.event;
    case "event_property":
      return `${of.event} · ${of.property}`;
    case "profile_property":
      return `${of.group ?? "profile"} · ${of.property}`;
    case "profiles":
      return of.group ?? "profiles";
    default:
      return assertNever(of);
  }
}

function senderText(senders: readonly SeenSender[]): string {
  const shown = senders
    .slice(0, SENDERS_SHOWN)
    .map(
      ({ source, release, count }) => `${source}${release === "" ? "" : ` ${release}`} (${number(count)})`,
    );
  const more = senders.length > SENDERS_SHOWN ? [`${senders.length - SENDERS_SHOWN} more`] : [];
  return senders.length === 0 ? "" : `from ${[...shown, ...more].join(", ")}`;
}

function join(...parts: readonly (string | undefined)[]): string {
  return parts.filter((part) => part !== undefined && part !== "").join("; ");
}

const last = (day: string | undefined): string | undefined => (day === undefined ? undefined : `last ${day}`);

function settled({ isSettled }: { readonly isSettled: boolean }): string | undefined {
  return isSettled ? "settled: hidden, or repaired by the gateway" : undefined;
}

/** What was found of an item, in a sentence without values. */
export function evidenceText(item: InventoryItem): string {
  switch (item.bucket) {
    case "seen_unplanned":
      return join(senderText(item.senders), last(item.lastSeen), settled(item));
    case "old_name":
      return join(`now ${item.to}`, senderText(item.senders), last(item.lastSeen), settled(item));
    case "spelling":
      return join(
        `${item.isPlanned ? "the plan's" : "mostly"} ${item.to}`,
        senderText(item.senders),
        last(item.lastSeen),
        settled(item),
      );
    case "mixed_types": {
      const types = Object.entries(item.types).map(([type, count]) => `${type} ${number(count)}`);
      return join(types.join(", "), item.to === undefined ? "not planned" : `the plan says ${item.to}`);
    }
    case "without_writer":
      return join(last(item.lastSeen));
    case "personal_data":
      return join(
        `${item.found.join(", ")} in ${number(item.count)} of ${number(item.looked)} values looked at`,
        item.data === undefined ? "not planned" : `the plan's class is ${item.data}`,
      );
    case "duplicate_profiles":
      return `beyond the first of ${number(item.people)} people with the same ${item.by}`;
    case "profiles_without_user":
      return `their ids: ${item.idsFile}`;
    case "unfit_ids":
      return `profiles under ${item.shape} ids`;
    case "planned_never_seen":
    case "planned_and_seen":
      return "";
    default:
      return assertNever(item);
  }
}

/** Events or profiles that an item concerns. */
export function countOf(item: InventoryItem): number {
  return "count" in item ? item.count : 0;
}

function bucketLines(bucket: Bucket, items: readonly InventoryItem[]): readonly string[] {
  const title = `${BUCKET_TITLES[bucket]}: ${number(items.length)}`;
  if (items.length === 0 || TIDY_BUCKETS.has(bucket)) return [title];
  const sorted = items.toSorted((a, b) => countOf(b) - countOf(a));
  const lines = sorted.slice(0, SHOWN_MAX).map((item) => {
    const evidence = evidenceText(item);
    return `  ${number(countOf(item)).padStart(10)}  ${subjectText(item.of)}${evidence === "" ? "" : `  (${evidence})`}`;
  });
  const more = items.length > SHOWN_MAX ? [`  … and ${number(items.length - SHOWN_MAX)} more`] : [];
  return [title, ...lines, ...more];
}

/** Names whether it was everything that was looked at. */
export function lookedText({ looked }: Inventory): string {
  const { from, to, days, events, profiles, gatewayEvents, database } = looked;
  const sample = looked.every === 1 ? "" : ` (every ${looked.every}th)`;
  const parts = [
    `${number(events)} events of ${days} days${sample} from ${from} to ${to}`,
    `${number(profiles)} profiles`,
    ...(gatewayEvents > 0 ? [`${number(gatewayEvents)} events at the gateway`] : []),
    ...(database ? ["users of the database"] : []),
  ];
  return parts.join(", ");
}

/** The whole inventory for a terminal. */
export function inventoryText(inventory: Inventory): string {
  const { destination, items, notes, profiles } = inventory;
  const shapes = Object.entries(profiles[0]?.idShapes ?? {}).map(
    ([shape, count]) => `${shape} ${number(count)}`,
  );
  const seen = Object.entries(profiles[0]?.lastSeen ?? {}).map(([age, count]) => `${age} ${number(count)}`);
  return [
    `${destination}: ${lookedText(inventory)}`,
    `Ids: ${shapes.join(", ") || "none"}`,
    `Profiles last seen: ${seen.join(", ") || "none"}`,
    ...BUCKETS.flatMap((bucket) =>
      bucketLines(
        bucket,
        items.filter((item) => item.bucket === bucket),
      ),
    ),
    ...notes.map((note) => `* ${note}`),
  ].join("\n");
}
