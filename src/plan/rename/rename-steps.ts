// What else must happen after a rename. Only people and other programs can do it; the plan can only say it.
import type { Axis } from "../diff/plan-diff.ts";
import type { RenameKind } from "./find-entry.ts";

export interface RenameStep {
  readonly axis: Axis;
  readonly what: string;
}

type Write = (from: string, to: string) => string;

/** Source (read 2026-11): Mixpanel "Lexicon": events and event properties can be merged, profile properties cannot. */
const STEPS: Readonly<Record<RenameKind, readonly (readonly [Axis, Write])[]>> = {
  event: [
    [
      "code",
      () => "Generate the clients again: functions keep their names, only the name on the wire changes.",
    ],
    [
      "code",
      (from, to) =>
        `Look for calls written by hand that send "${from}"; they go on working, and should send "${to}".`,
    ],
    [
      "rollout",
      (from) =>
        `Shipped releases go on sending "${from}"; the gateway rewrites it. Put the new plan on the gateway before you ship clients.`,
    ],
    [
      "provider",
      (from, to) => `In Mixpanel's Lexicon, merge "${from}" into "${to}", so that queries see one event.`,
    ],
    ["data", (from) => `Change what reads "${from}" outside of the provider: exports, models, alerts.`],
  ],
  property: [
    ["code", () => "Generate the clients again: only the name on the wire changes where the id stays."],
    [
      "code",
      (from, to) =>
        `Look for calls written by hand that set "${from}"; they go on working, and should set "${to}".`,
    ],
    [
      "rollout",
      (from) =>
        `Shipped releases go on sending "${from}"; the gateway rewrites it. Put the new plan on the gateway before you ship clients.`,
    ],
    ["provider", (from, to) => `In Mixpanel's Lexicon, merge the event property "${from}" into "${to}".`],
    ["data", (from) => `Change what reads "${from}" outside of the provider: exports, models, alerts.`],
  ],
  profile: [
    [
      "code",
      () => "Generate the clients again: setters keep their names, only the name on the wire changes.",
    ],
    [
      "rollout",
      (from) =>
        `Shipped releases go on writing "${from}"; the gateway rewrites it. Put the new plan on the gateway before you ship clients.`,
    ],
    [
      "provider",
      (_, to) =>
        `Mixpanel cannot merge profile properties: write "${to}" to every profile once (a backfill).`,
    ],
    ["data", (from, to) => `Change cohorts, boards and messages from "${from}" to "${to}".`],
    ["provider", (from) => `Then unset "${from}" on every profile, and hide it in Lexicon.`],
  ],
};

/** The list for one rename, in the order in which it is done. */
export function renameSteps(kind: RenameKind, from: string, to: string): readonly RenameStep[] {
  return STEPS[kind].map(([axis, write]) => ({ axis, what: write(from, to) }));
}
