// What a person adds to what is proposed: the proposed re-import, with the mapping of ids that was planned in between, and the deletion of what gives
// people away. No tool proposes deletions of events: only a person knows that nobody needs them.
import type { ChangeSet, Step } from "../../../src/cleanup/index.ts";
import type { Lock } from "../../../src/plan/index.ts";
import { DELETED_NAMES, historyWindow } from "./history-window.ts";

/** The set. `proposed`: the step of `clean plan`. */
export function historySet(lock: Lock, now: number, proposed: Step): string {
  const { operation } = proposed;
  if (operation.do !== "reimport_events") throw new TypeError("no re-import was proposed");
  const { from, to } = historyWindow(now);
  const set: ChangeSet = {
    name: "history",
    destination: "product",
    plan: lock.hash,
    madeAt: "2026-11-25T00:00:00Z",
    steps: [
      {
        ...proposed,
        enabled: true,
        operation: { ...operation, mapping: "ids.ids/mapping.ndjson" },
      },
      ...DELETED_NAMES.map((name, index) => ({
        id: `delete-${index}`,
        because: "Addresses, numbers and tokens of people; the plan does not have it",
        operation: { do: "delete_events", event: name, from, to } as const,
      })),
    ],
  };
  return JSON.stringify(set, undefined, 2);
}
