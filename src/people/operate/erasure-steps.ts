// The steps of an erasure at one destination. Each does one thing and writes down that it is done: a crash in between repeats the one thing,
// and deleting twice is deleting once.
import { assertNever, type ProfileAnswer, type ProfileStore } from "../../core/index.ts";
import type { PeopleContext, PeopleDestination } from "../people-context.ts";
import { updateItems } from "../sync/plan-update.ts";
import { type Erasure, type ErasureKey, fence, finish, moveTo } from "./erasure-rows.ts";
import { takeQuery } from "./meta.ts";

/** What one step did. */
export type StepOutcome =
  | { readonly kind: "next" }
  | { readonly kind: "wait"; readonly note: string; readonly forMs: number }
  | { readonly kind: "refused"; readonly note: string };

export const NEXT: StepOutcome = { kind: "next" };
/** Pause where the destination names none. */
const BUSY_MS = 2000;

/** Who is erased. */
export interface ErasedPerson {
  readonly userId: string;
  /** As given, and as the destination spells it. */
  readonly ids: readonly string[];
  readonly idHash: string;
}

export interface StepOptions {
  readonly signal: AbortSignal;
  /** Pause between two questions about a deletion under way. */
  readonly pollMs: number;
  /** No deletion of events is asked for: somebody else does it, or there are none. */
  readonly isProfileOnly: boolean;
}

/** One person at one destination. */
export interface ErasureParts {
  readonly context: PeopleContext;
  readonly destination: PeopleDestination;
  readonly options: StepOptions;
  readonly person: ErasedPerson;
  readonly key: ErasureKey;
}

function waitOf(answer: Exclude<ProfileAnswer<unknown>, { readonly kind: "answer" }>): StepOutcome {
  return answer.kind === "busy"
    ? { kind: "wait", note: answer.message, forMs: answer.retryAfterMs ?? BUSY_MS }
    : { kind: "refused", note: answer.message };
}

async function sendDelete({
  context,
  destination,
  person,
  options,
  key,
}: ErasureParts): Promise<StepOutcome> {
  const items = person.ids.flatMap((id) =>
    updateItems({ kind: "send", id, set: {}, unset: [], isDelete: true, prints: {}, refused: [] }),
  );
  const outcome = await destination.provider.send({ kind: "user", items }, { signal: options.signal });
  switch (outcome.kind) {
    case "accepted":
      await moveTo(context.state, key, { step: "deleted" });
      return NEXT;
    case "busy":
      return { kind: "wait", note: `status ${outcome.status}`, forMs: outcome.retryAfterMs ?? BUSY_MS };
    case "unknown":
      // Deleting twice is deleting once.
      return { kind: "wait", note: outcome.message, forMs: BUSY_MS };
    case "refused":
    case "unauthorized":
      return { kind: "refused", note: outcome.message };
    case "partial":
    case "too-large":
      return { kind: "refused", note: `the destination answered ${outcome.kind}` };
    default:
      return assertNever(outcome);
  }
}

async function suppressedStep(parts: ErasureParts, erasure: Erasure): Promise<StepOutcome> {
  const { context, person, key } = parts;
  if (erasure.waitMs === undefined) {
    const { settleMs, requestTimeoutMs } = context.settings;
    await fence(context.state, key, { userIds: person.ids, settleMs, requestTimeoutMs });
    return NEXT;
  }
  if (erasure.waitMs > 0)
    return { kind: "wait", note: "requests of before may still be under way", forMs: erasure.waitMs };
  return sendDelete(parts);
}

async function deletedStep({
  context,
  destination,
  person,
  options,
  key,
}: ErasureParts): Promise<StepOutcome> {
  const { store } = destination;
  if (options.isProfileOnly) {
    await moveTo(context.state, key, { step: "erased" });
    return NEXT;
  }
  if (!store)
    return { kind: "refused", note: "the destination has no credentials for the deletion of events" };
  const answer = await store.requestErasure(person.ids, { signal: options.signal });
  if (answer.kind !== "answer") return waitOf(answer);
  await moveTo(context.state, key, { step: "requested", task: answer.value });
  return NEXT;
}

/** Asks how far the deletion is. Needs the task and not the id. */
export async function requestedStep(
  context: PeopleContext,
  store: ProfileStore | undefined,
  ask: { readonly erasure: Erasure; readonly signal: AbortSignal; readonly pollMs: number },
): Promise<StepOutcome> {
  const { erasure, signal, pollMs } = ask;
  if (!store || erasure.task === undefined)
    return { kind: "refused", note: "the destination has no credentials for the deletion of events" };
  const answer = await store.erasureState(erasure.task, { signal });
  if (answer.kind !== "answer") return waitOf(answer);
  if (answer.value === "pending") return { kind: "wait", note: "the deletion is under way", forMs: pollMs };
  if (answer.value === "done") await moveTo(context.state, erasure, { step: "erased" });
  else
    await moveTo(context.state, erasure, {
      step: "deleted",
      note: "a deletion failed and is asked for again",
    });
  return answer.value === "done" ? NEXT : { kind: "wait", note: "the deletion failed", forMs: pollMs };
}

async function erasedStep({
  context,
  destination,
  person,
  options,
  key,
}: ErasureParts): Promise<StepOutcome> {
  const { store } = destination;
  if (!store) {
    await finish(context.state, key, { userIds: person.ids, note: "not read back: no credentials" });
    return NEXT;
  }
  const turn = await takeQuery(context.state, {
    destination: destination.name,
    perHour: store.limits.queriesPerHour,
    nowMs: context.clock.now(),
  });
  if (turn.kind === "wait") return { ...turn, note: "the hour's queries are used up" };
  const answer = await store.read(person.ids, { signal: options.signal, properties: [] });
  if (answer.kind !== "answer") return waitOf(answer);
  if (answer.value.length === 0) await finish(context.state, key, { userIds: person.ids, note: "" });
  else await moveTo(context.state, key, { step: "suppressed", note: "a profile was there again" });
  return NEXT;
}

/** Does what stands next. */
export async function takeStep(parts: ErasureParts, erasure: Erasure): Promise<StepOutcome> {
  const { context, destination, options } = parts;
  switch (erasure.step) {
    case "suppressed":
      return suppressedStep(parts, erasure);
    case "deleted":
      return deletedStep(parts);
    case "requested":
      return requestedStep(context, destination.store, {
        erasure,
        signal: options.signal,
        pollMs: options.pollMs,
      });
    case "erased":
      return erasedStep(parts);
    case "done":
      return NEXT;
  }
}
