// Change sets as a person writes them.
import type { ChangeSet, Step } from "../../../src/cleanup/index.ts";
import type { Lock } from "../../../src/plan/index.ts";
import { HISTORY_NAMES, historyWindow } from "./history-window.ts";
import type { Held } from "./look.ts";
import { strayNames } from "./troubles.ts";

function setOf(name: string, lock: Lock, steps: readonly Step[]): string {
  const set: ChangeSet = {
    name,
    destination: "product",
    plan: lock.hash,
    madeAt: "2026-11-25T00:00:00Z",
    steps,
  };
  return JSON.stringify(set, undefined, 2);
}

/** Everything of profiles, companies and the dictionary. */
export function springSet(lock: Lock, held: Held): string {
  const because = "by hand";
  return setOf("spring", lock, [
    { id: "theme", because, operation: { do: "merge_spellings", from: ["Theme"], to: "theme" } },
    {
      id: "news",
      because,
      operation: { do: "rename", from: "newsletterOptIn", to: "wants_newsletter", onBoth: "keep" },
    },
    { id: "tier", because, operation: { do: "unset", properties: ["planTier"] } },
    {
      id: "news-type",
      because,
      operation: { do: "retype", property: "wants_newsletter", to: "boolean", onMisfit: "keep" },
    },
    {
      id: "opens",
      because,
      operation: { do: "retype", property: "app_opens", to: "integer", onMisfit: "keep" },
    },
    { id: "score", because, operation: { do: "unset", properties: ["legacy_score"] } },
    {
      id: "nick",
      because,
      operation: { do: "unset", properties: ["nickname"] },
      of: { kind: "where", where: '"@" in properties["nickname"]' },
    },
    {
      id: "twice",
      because,
      operation: {
        do: "deduplicate",
        by: "$email",
        isCaseSensitive: false,
        survivor: "user_id_format",
        merge: true,
      },
      of: { kind: "property", property: "$email" },
    },
    {
      id: "gone",
      because,
      operation: { do: "delete_profiles", ignoreAlias: true },
      of: { kind: "ids", ids: Object.keys(held.profiles).filter((id) => id.startsWith("7d4e07")) },
    },
    {
      id: "c-seats",
      because,
      group: "company",
      operation: { do: "retype", property: "seats", to: "integer", onMisfit: "keep" },
    },
    {
      id: "c-nick",
      because,
      group: "company",
      operation: { do: "merge_spellings", from: ["Nickname"], to: "nickname" },
    },
    { id: "c-seg", because, group: "company", operation: { do: "unset", properties: ["legacy_segment"] } },
    {
      id: "names",
      because,
      operation: {
        do: "dictionary",
        entries: [
          ...strayNames(held, lock).map((name) => ({
            entity: "event" as const,
            name,
            set: { hidden: true },
          })),
          ...Object.values(lock.events).map(({ name, description }) => ({
            entity: "event" as const,
            name,
            set: { description: description ?? null, hidden: false },
          })),
        ],
      },
    },
  ]);
}

/** Four weeks of events as the plan wants them. No tool proposes it: it cannot be taken back. */
export function historySet(lock: Lock, now: number): string {
  const { from, to } = historyWindow(now);
  return setOf("history", lock, [
    {
      id: "import-again",
      because: "Analysts look at the last four weeks",
      operation: { do: "reimport_events", from, to, old: "delete", events: HISTORY_NAMES },
    },
  ]);
}
