// Deletion of events by name and window: asked for once, whatever crashes in between, and within the provider's rules.
import {
  AppError,
  type EventDeletion,
  type EventGovernance,
  type StoredEventDeletion,
} from "../../core/index.ts";
import { askProvider } from "../apply/ask-provider.ts";
import type { StepContext } from "../apply/executor.ts";

const DAY_MS = 86_400_000;

/** The port, where it is switched on. @throws {AppError} `CLEANUP_UNOFFICIAL_OFF` */
export function requireGovernance(governance: EventGovernance | undefined, what: string): EventGovernance {
  if (governance) return governance;
  throw new AppError("CLEANUP_UNOFFICIAL_OFF", `Cannot do ${what}: the destination's unofficial API is off`);
}

function isSame(one: EventDeletion, other: EventDeletion): boolean {
  return one.event === other.event && one.from === other.from && one.to === other.to;
}

/** Deletions that this calendar month has had. */
export function usedThisMonth(deletions: readonly StoredEventDeletion[], now: number): number {
  const month = new Date(now).toISOString().slice(0, 7);
  return deletions.filter(
    ({ requestedAt }) => requestedAt !== undefined && new Date(requestedAt).toISOString().startsWith(month),
  ).length;
}

/**
 * Holds deletions to the provider's rules, before anything is changed.
 *
 * @throws {AppError} `CLEANUP_REFUSED` when they reach back too far, or are more than the month has left.
 */
export async function checkDeletions(
  context: Pick<StepContext, "limits" | "clock" | "signal">,
  governance: EventGovernance,
  wanted: readonly EventDeletion[],
): Promise<readonly StoredEventDeletion[]> {
  const { clock, signal } = context;
  const { deletionWindowDays, deletionsPerMonth } = governance.limits;
  const first = clock.now() - deletionWindowDays * DAY_MS;
  if (wanted.some(({ from }) => Date.parse(from) < first))
    throw new AppError(
      "CLEANUP_REFUSED",
      `Cannot delete events: the window begins more than ${deletionWindowDays} days ago`,
    );
  const deletions = await askProvider(context, "app", () => governance.deletions({ signal }));
  const missing = wanted.filter((one) => !deletions.some((other) => isLive(other) && isSame(one, other)));
  const left = deletionsPerMonth - usedThisMonth(deletions, clock.now());
  if (missing.length > left)
    throw new AppError(
      "CLEANUP_REFUSED",
      `Cannot delete events: ${missing.length} deletions are needed, and ${Math.max(0, left)} of ${deletionsPerMonth} are left this month`,
    );
  return deletions;
}

function isLive({ state }: StoredEventDeletion): boolean {
  return state !== "failed";
}

/** What became of a deletion. `there`: it had been asked for before this step. */
export interface MadeDeletion {
  readonly kind: "made" | "there";
  readonly deletion: StoredEventDeletion;
  readonly requests: number;
}

/** Asks for a deletion, unless the journal or the provider says that it was asked for. Key: of the journal. */
export async function makeDeletion(
  context: Pick<StepContext, "limits" | "clock" | "signal" | "journal">,
  governance: EventGovernance,
  { wanted, key }: { readonly wanted: EventDeletion; readonly key: string },
): Promise<MadeDeletion> {
  const { journal, signal, clock } = context;
  const find = (all: readonly StoredEventDeletion[]): StoredEventDeletion | undefined =>
    all.findLast((one) => isLive(one) && isSame(one, wanted));
  const before = await askProvider(context, "app", () => governance.deletions({ signal }));
  const found = find(before);
  const wasAsked = journal.get(`${key}.asked`) !== undefined;
  if (found) {
    await journal.put(key, found.id);
    // Somebody else's: undo leaves it.
    if (!wasAsked) await journal.put(`${key}.there`, true);
    return { kind: wasAsked ? "made" : "there", deletion: found, requests: 1 };
  }
  await journal.put(`${key}.asked`, clock.now());
  let requests = 1;
  const after = await askProvider(context, "app", async () => {
    requests += 1;
    // An answer that got lost may have been a yes.
    if (requests > 2) {
      const now = await governance.deletions({ signal });
      if (now.kind !== "answer" || find(now.value)) return now;
    }
    return governance.requestDeletion(wanted, { signal });
  });
  const made = find(after);
  if (!made)
    throw new AppError(
      "CLEANUP_REFUSED",
      "Cannot delete events: the provider took the request and does not list it",
    );
  await journal.put(key, made.id);
  return { kind: "made", deletion: made, requests };
}

/** Calls a deletion off. `over`: it is not there any more; `late`: nothing can stop it. */
export async function cancelDeletion(
  context: Pick<StepContext, "limits" | "clock" | "signal" | "journal">,
  governance: EventGovernance,
  { id, key }: { readonly id: string; readonly key: string },
): Promise<"cancelled" | "over" | "late"> {
  const { journal, signal, clock } = context;
  if (journal.get(`undo.${key}`) === "cancelled") return "cancelled";
  const all = await askProvider(context, "app", () => governance.deletions({ signal }));
  const found = all.find((one) => one.id === id);
  if (!found) return journal.get(`undo.${key}`) === "asked" ? "cancelled" : "over";
  const { requestedAt, state } = found;
  const isLate =
    requestedAt !== undefined && clock.now() - requestedAt >= governance.limits.deletionUndoDays * DAY_MS;
  if (state !== "hidden" || isLate) return "late";
  await journal.put(`undo.${key}`, "asked");
  const left = await askProvider(context, "app", async () => {
    const answer = await governance.cancelDeletion(id, { signal });
    // Whether it was too late, or an answer before this one got lost: the list says which.
    return answer.kind === "refused" ? governance.deletions({ signal }) : answer;
  });
  if (left.some((one) => one.id === id)) return "late";
  await journal.put(`undo.${key}`, "cancelled");
  return "cancelled";
}
