// How the replication slot stands: there, ours, not lost, and how much log it may still hold back before the server gives it up.
import type { Finding } from "../../core/index.ts";
import type { CaptureSettings } from "../capture/capture-plan.ts";
import { captureFinding } from "./findings.ts";
import type { ServerFacts, SlotFacts } from "./server-facts.ts";

/** Share of a budget from which on it is told. */
export const BUDGET_WARN_SHARE = 0.5;

const MEGABYTE = 1024 * 1024;

function megabytes(bytes: number): string {
  return `${Math.round(bytes / MEGABYTE).toLocaleString("en")} MB`;
}

/** The narrowest of what the server and the configuration allow: what is held, and of how much. */
function narrowest(
  slot: SlotFacts,
  settings: CaptureSettings,
): { readonly budgetBytes: number; readonly name: string } | undefined {
  const budgets = [
    // What the server may still write is known exactly; it is counted from the oldest log that the slot needs.
    ...(slot.safeBytes === undefined
      ? []
      : [{ budgetBytes: slot.retainedBytes + slot.safeBytes, name: "`max_slot_wal_keep_size`" }]),
    ...(settings.slotBudgetBytes === undefined
      ? []
      : [{ budgetBytes: settings.slotBudgetBytes, name: "`people.capture.slot_budget_bytes`" }]),
  ];
  return budgets.toSorted((left, right) => left.budgetBytes - right.budgetBytes)[0];
}

/** Checks the slot that a plan with tables of `wal` needs. */
export function checkSlot(facts: ServerFacts, settings: CaptureSettings): readonly Finding[] {
  const { slot, names } = facts;
  const findings: Finding[] = [];
  if (!slot) {
    if (facts.slotsUsed >= facts.slotsMax)
      findings.push(
        captureFinding("capture-slots-full", undefined, {
          message: `All ${facts.slotsMax} replication slots of the server are taken`,
          fix: `Raise \`max_replication_slots\` (${facts.slotsMax}) and restart the server, or drop a slot that nothing reads.`,
        }),
      );
    else if (facts.publication)
      findings.push(
        captureFinding("capture-slot-lost", undefined, {
          message: `The replication slot ${names.slot} is not there: changes since it went are in no slot`,
          fix: "Start `plumbline up`: it makes a new slot first, then compares everybody.",
        }),
      );
    return findings;
  }
  if (slot.database !== facts.database)
    return [
      captureFinding("capture-slot-taken", undefined, {
        message: `The replication slot ${names.slot} belongs to another database of this server`,
        fix: "Give this one a name of its own with `people.capture.slot`.",
      }),
    ];
  if (slot.walStatus === "lost" || slot.invalidation !== "")
    return [
      captureFinding("capture-slot-lost", undefined, {
        message: `The server gave the slot up (${slot.invalidation === "" ? slot.walStatus : slot.invalidation}): changes since then are not in it`,
        fix: "Start `plumbline up`: it makes a new slot first, then compares everybody. Raise `max_slot_wal_keep_size` if it happens again.",
      }),
    ];
  if (!slot.isActive && facts.walSendersUsed >= facts.walSendersMax)
    findings.push(
      captureFinding("capture-slots-full", undefined, {
        message: `All ${facts.walSendersMax} replication connections of the server are taken`,
        fix: `Raise \`max_wal_senders\` (${facts.walSendersMax}) and restart the server.`,
      }),
    );
  const budget = narrowest(slot, settings);
  if (budget && slot.retainedBytes >= budget.budgetBytes * BUDGET_WARN_SHARE)
    findings.push(
      captureFinding("capture-slot-budget", undefined, {
        message: `The slot holds back ${megabytes(slot.retainedBytes)} of log, and ${budget.name} allows ${megabytes(budget.budgetBytes)}`,
        fix: slot.isActive
          ? "Look at the metrics of the capture: it reads more slowly than the application writes."
          : "Start `plumbline up`: nothing reads the slot. If it is not needed, run `plumbline people teardown --apply`.",
      }),
    );
  return findings;
}
