// Erases a person: suppressed → deleted → requested → erased → done, at each destination, resumable at every step. The id goes on the list first:
// from then on no mark, walk or retry can bring the profile back. A person who signs up again gets a new id; nothing takes an id off the list.
import { setTimeout as sleep } from "node:timers/promises";
import { AppError } from "../../core/index.ts";
import { canonicalUserId } from "../mapping/user-ids.ts";
import type { PeopleContext, PeopleDestination } from "../people-context.ts";
import { hashId } from "../sync/fingerprint.ts";
import { keptRules } from "./compare.ts";
import {
  type Erasure,
  type ErasureStep,
  noteErasure,
  readErasure,
  readOpenErasures,
  suppress,
} from "./erasure-rows.ts";
import {
  type ErasedPerson,
  type ErasureParts,
  NEXT,
  requestedStep,
  type StepOptions,
  type StepOutcome,
  takeStep,
} from "./erasure-steps.ts";

export interface ErasureOptions {
  readonly destinations: readonly PeopleDestination[];
  readonly signal: AbortSignal;
  /** After every step. */
  readonly onStep?: (erasure: ErasureProgress) => void;
  /** Longest wait for the next step, in all; then the answer is `waiting`. Default {@link ERASURE_WAIT_MS}. */
  readonly waitMs?: number;
  /** Pause between two questions about a deletion under way. Default {@link ERASURE_POLL_MS}. */
  readonly pollMs?: number;
  /** No deletion of events is asked for: somebody else does it, or there are none. */
  readonly isProfileOnly?: boolean;
}

/** Default of {@link ErasureOptions.waitMs}: long enough for requests under way to end, not for a deletion of events, which takes days. */
export const ERASURE_WAIT_MS = 90_000;
/** Default of {@link ErasureOptions.pollMs}. */
export const ERASURE_POLL_MS = 5000;

/** How far an erasure is at one destination. */
export interface ErasureProgress {
  readonly destination: string;
  readonly step: ErasureStep;
  /** `waiting`: run it again later. `refused`: somebody has to change something; `note` says what. */
  readonly state: "going" | "waiting" | "refused" | "done";
  readonly note: string;
  readonly task: string | undefined;
  readonly retryAfterMs: number | undefined;
}

/** Times that a profile may be there again within one run. */
const COMEBACKS_MAX = 2;
function personOf(context: PeopleContext, destination: PeopleDestination, given: string): ErasedPerson {
  const userId = canonicalUserId(context.mapping, given) ?? given;
  const judged = keptRules(context, destination).judge(userId, {});
  const ids = judged.kind === "fit" && judged.id !== userId ? [userId, judged.id] : [userId];
  return { userId, ids, idHash: hashId(context.key, userId) };
}

/**
 * Puts an id on the list of erasures of the destinations and cancels what waits for it. Nothing new goes out from then on.
 *
 * @param options `again`: an erasure that is done begins once more, for example because a client has sent events since.
 */
export async function startErasure(
  context: PeopleContext,
  userId: string,
  options: { readonly destinations: readonly PeopleDestination[]; readonly again?: boolean },
): Promise<void> {
  if (userId === "") throw new AppError("PEOPLE_USER_ID_INVALID", "Cannot erase a user without an id");
  const id = canonicalUserId(context.mapping, userId) ?? userId;
  await suppress(context.state, {
    destinations: options.destinations.map(({ name }) => name),
    idHash: hashId(context.key, id),
    userIds: [id],
    again: options.again ?? false,
  });
}

function progressOf(erasure: Erasure, outcome: StepOutcome): ErasureProgress {
  const { destination, step: at, task } = erasure;
  const state =
    at === "done"
      ? "done"
      : outcome.kind === "wait"
        ? "waiting"
        : outcome.kind === "refused"
          ? "refused"
          : "going";
  return {
    destination,
    step: at,
    state,
    note: outcome.kind === "next" ? erasure.note : outcome.note,
    task,
    retryAfterMs: outcome.kind === "wait" ? outcome.forMs : undefined,
  };
}

async function current(parts: ErasureParts): Promise<Erasure> {
  const erasure = await readErasure(parts.context.state, parts.key);
  if (erasure) return erasure;
  throw new AppError(
    "PEOPLE_ERASURE_UNKNOWN",
    `Cannot go on with an erasure at ${parts.key.destination}: it was never begun there`,
  );
}

async function eraseAt(
  parts: ErasureParts,
  { deadline, onStep }: { readonly deadline: number; readonly onStep: ErasureOptions["onStep"] },
): Promise<ErasureProgress> {
  const { options, context, key } = parts;
  let comebacks = 0;
  let erasure = await current(parts);
  for (;;) {
    if (erasure.step === "done") return progressOf(erasure, NEXT);
    if (options.signal.aborted) return progressOf(erasure, { kind: "wait", note: "stopped", forMs: 0 });
    const outcome = await takeStep(parts, erasure);
    const before = erasure.step;
    if (outcome.kind !== "next") await noteErasure(context.state, key, outcome.note);
    erasure = await current(parts);
    onStep?.(progressOf(erasure, outcome));
    if (outcome.kind === "refused") return progressOf(erasure, outcome);
    if (before === "erased" && erasure.step === "suppressed" && (comebacks += 1) > COMEBACKS_MAX)
      return progressOf(erasure, {
        kind: "refused",
        note: "another source writes the profile again and again",
      });
    if (outcome.kind !== "wait") continue;
    if (performance.now() + outcome.forMs > deadline) return progressOf(erasure, outcome);
    await sleep(outcome.forMs, undefined, { signal: options.signal }).catch(() => undefined);
  }
}

/**
 * Goes on with an erasure that {@link startErasure} began, at every destination, until it is done or has to wait for longer than it may.
 *
 * @throws {AppError} `PEOPLE_ERASURE_UNKNOWN` for an id that is on no list.
 */
export async function runErasure(
  context: PeopleContext,
  userId: string,
  options: ErasureOptions,
): Promise<readonly ErasureProgress[]> {
  const { signal, onStep, pollMs = ERASURE_POLL_MS, isProfileOnly = false } = options;
  const steps: StepOptions = { signal, pollMs, isProfileOnly };
  const deadline = performance.now() + (options.waitMs ?? ERASURE_WAIT_MS);
  return Promise.all(
    options.destinations.map((destination) => {
      const person = personOf(context, destination, userId);
      const key = { destination: destination.name, idHash: person.idHash };
      return eraseAt({ context, destination, options: steps, person, key }, { deadline, onStep });
    }),
  );
}

/** Asks how far the deletions under way are, without knowing whose they are; one that has ended waits to be verified with the id. */
export async function pollErasures(
  context: PeopleContext,
  options: { readonly signal: AbortSignal },
): Promise<readonly ErasureProgress[]> {
  const found: ErasureProgress[] = [];
  for (const erasure of await readOpenErasures(context.state)) {
    const destination = context.destinations.find(({ name }) => name === erasure.destination);
    if (!destination || erasure.step !== "requested" || options.signal.aborted) continue;
    const outcome = await requestedStep(context, destination.store, {
      erasure,
      signal: options.signal,
      pollMs: ERASURE_POLL_MS,
    });
    found.push(progressOf((await readErasure(context.state, erasure)) ?? erasure, outcome));
  }
  return found;
}
