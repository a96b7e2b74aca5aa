// Sends the updates of a batch, in requests within the destination's limits, and says of each user what became of it.
// A refused request is halved until the one user is found who spoils it: updates are absolute, so sending the rest again does no harm.
import { assertNever, type DeliveryOutcome, type Provider } from "../../core/index.ts";

export interface UserUpdate<T> {
  readonly user: T;
  readonly items: readonly Uint8Array[];
  /** Goes in a request of its own. */
  readonly isAlone?: boolean;
}

export type UserOutcome =
  | { readonly kind: "accepted" }
  /** The destination will not have it as it is. */
  | { readonly kind: "refused"; readonly message: string }
  /** Not stored; ask again later. */
  | { readonly kind: "later"; readonly reason: string; readonly retryAfterMs: number }
  | { readonly kind: "unauthorized"; readonly message: string }
  /** Nobody knows whether it was stored. */
  | { readonly kind: "unknown"; readonly message: string };

export interface SendOptions {
  readonly provider: Provider;
  readonly signal: AbortSignal;
  /** Before each request; false ends the batch: the rest is answered `later`. */
  readonly mayGo: (updates: number) => Promise<boolean>;
  readonly onRequest: (outcome: DeliveryOutcome["kind"], updates: number) => void;
}

type Tell<T> = (updates: readonly UserUpdate<T>[], outcome: UserOutcome) => void;

function chunks<T>(
  updates: readonly UserUpdate<T>[],
  limits: Provider["limits"],
): readonly (readonly UserUpdate<T>[])[] {
  const out: UserUpdate<T>[][] = [];
  let [chunk, count, bytes]: [UserUpdate<T>[], number, number] = [[], 0, 0];
  for (const update of updates) {
    // The token is added to every item.
    const size = update.items.reduce((sum, item) => sum + item.length + 80, 0);
    const isFull =
      count + update.items.length > limits.profilesPerRequest || bytes + size > limits.profileRequestMaxBytes;
    const isBreak = isFull || update.isAlone === true || chunk.at(-1)?.isAlone === true;
    if (isBreak && chunk.length > 0) {
      out.push(chunk);
      [chunk, count, bytes] = [[], 0, 0];
    }
    chunk.push(update);
    count += update.items.length;
    bytes += size;
  }
  if (chunk.length > 0) out.push(chunk);
  return out;
}

async function halve<T>(
  updates: readonly UserUpdate<T>[],
  message: string,
  options: SendOptions,
  tell: Tell<T>,
): Promise<boolean> {
  if (updates.length === 1) {
    tell(updates, { kind: "refused", message });
    return true;
  }
  const middle = Math.ceil(updates.length / 2);
  const goOn = await sendChunk(updates.slice(0, middle), options, tell);
  if (goOn) return sendChunk(updates.slice(middle), options, tell);
  tell(updates.slice(middle), { kind: "later", reason: "the request before it failed", retryAfterMs: 0 });
  return false;
}

/** False when nothing more should be sent for now. */
async function sendChunk<T>(
  updates: readonly UserUpdate<T>[],
  options: SendOptions,
  tell: Tell<T>,
): Promise<boolean> {
  const items = updates.flatMap((update) => update.items);
  if (!(await options.mayGo(items.length))) {
    tell(updates, { kind: "later", reason: "stopped", retryAfterMs: 0 });
    return false;
  }
  const outcome = await options.provider.send({ kind: "user", items }, { signal: options.signal });
  options.onRequest(outcome.kind, items.length);
  switch (outcome.kind) {
    case "accepted":
      tell(updates, { kind: "accepted" });
      return true;
    case "partial":
      return halve(updates, outcome.failed[0]?.message ?? "refused", options, tell);
    case "refused":
      return halve(updates, outcome.message, options, tell);
    case "too-large":
      return halve(updates, "larger than a request may be", options, tell);
    case "busy":
      tell(updates, {
        kind: "later",
        reason: `status ${outcome.status}`,
        retryAfterMs: outcome.retryAfterMs ?? 0,
      });
      return false;
    case "unauthorized":
      tell(updates, { kind: "unauthorized", message: outcome.message });
      return false;
    case "unknown":
      tell(updates, { kind: "unknown", message: outcome.message });
      return false;
    default:
      return assertNever(outcome);
  }
}

/** Sends; `tell` is called exactly once for every user, in the order of the requests. */
export async function sendUpdates<T>(
  updates: readonly UserUpdate<T>[],
  options: SendOptions,
  tell: Tell<T>,
): Promise<void> {
  let goOn = true;
  for (const chunk of chunks(updates, options.provider.limits)) {
    if (goOn) goOn = await sendChunk(chunk, options, tell);
    else tell(chunk, { kind: "later", reason: "the request before it failed", retryAfterMs: 0 });
  }
}
