// Sends profile updates and events of many people, within the limits, until each is taken or refused. What is sent is absolute or has an insert
// id, so an unknown outcome is sent again.
import { AppError, assertNever, sendUpdates, type UserUpdate } from "../../core/index.ts";
import { stoppedError } from "../apply/ask-provider.ts";
import type { StepContext } from "../apply/executor.ts";

type Sending = Pick<StepContext, "limits" | "clock" | "signal" | "provider">;

/** Why people were refused; who is not in it was taken. */
export interface Sent<T> {
  readonly refused: ReadonlyMap<T, string>;
  readonly requests: number;
}

/** An update of a profile that moves neither place nor last seen. */
export function profileUpdate(id: string, operation: Readonly<Record<string, unknown>>): Uint8Array {
  return Buffer.from(JSON.stringify({ $distinct_id: id, $ip: "0", $ignore_time: true, ...operation }));
}

/**
 * Sends profile updates.
 *
 * @throws {AppError} `CLEANUP_REFUSED` when the provider refuses everybody, `CLEANUP_STOPPED`, `CLEANUP_WAIT_TOO_LONG`.
 */
export async function sendProfiles<T>(context: Sending, updates: readonly UserUpdate<T>[]): Promise<Sent<T>> {
  const { limits, clock, signal, provider } = context;
  const refused = new Map<T, string>();
  let requests = 0;
  let left = updates;
  while (left.length > 0) {
    const again: UserUpdate<T>[] = [];
    let sentAt = clock.now();
    let unauthorized: string | undefined;
    await sendUpdates(
      left,
      {
        provider,
        signal: () => signal,
        mayGo: async (count) => {
          const may = await limits.turn("update", count);
          sentAt = clock.now();
          return may;
        },
        onRequest: (outcome) => {
          requests += 1;
          if (outcome === "accepted") limits.succeeded("update");
        },
      },
      (some, outcome) => {
        if (outcome.kind === "accepted") return;
        if (outcome.kind === "refused") for (const { user } of some) refused.set(user, outcome.message);
        else if (outcome.kind === "unauthorized") unauthorized = outcome.message;
        else {
          again.push(...some);
          const isHeld = outcome.kind === "unknown" || outcome.reason.startsWith("status");
          const retryAfterMs = outcome.kind === "later" ? outcome.retryAfterMs : 0;
          const message = outcome.kind === "later" ? outcome.reason : outcome.message;
          if (isHeld && !signal.aborted) limits.busy("update", { message, sentAt, retryAfterMs });
        }
      },
    );
    if (unauthorized !== undefined)
      throw new AppError("CLEANUP_REFUSED", `Cannot change profiles: ${unauthorized}`);
    if (signal.aborted) throw stoppedError();
    left = again;
  }
  return { refused, requests };
}

/**
 * Joining ids and importing old events take the provider's import, not the route of apps.
 *
 * @throws {AppError} `CLEANUP_REFUSED` when the destination is configured for the other one.
 */
export function requireImport({ provider }: Pick<StepContext, "provider">): void {
  if (provider.limits.eventMaxAgeDays === undefined) return;
  throw new AppError("CLEANUP_REFUSED", "Cannot join ids or import events: the destination sends by `track`");
}

/** An event of a person, as it goes out. */
export interface PersonEvent<T> {
  readonly of: T;
  readonly bytes: Uint8Array;
}

function chunked<T>(
  events: readonly PersonEvent<T>[],
  { limits }: StepContext["provider"],
): PersonEvent<T>[][] {
  const chunks: PersonEvent<T>[][] = [];
  let bytes = 0;
  for (const event of events) {
    const last = chunks.at(-1);
    bytes += event.bytes.length + 80;
    if (last && last.length < limits.eventsPerRequest && bytes <= limits.eventRequestMaxBytes)
      last.push(event);
    else {
      chunks.push([event]);
      bytes = event.bytes.length + 80;
    }
  }
  return chunks;
}

/**
 * Sends events, each with an insert id.
 *
 * @throws {AppError} `CLEANUP_REFUSED` for a refused credential, `CLEANUP_STOPPED`, `CLEANUP_WAIT_TOO_LONG`.
 */
export async function sendEvents<T>(context: Sending, events: readonly PersonEvent<T>[]): Promise<Sent<T>> {
  const { limits, clock, signal, provider } = context;
  const refused = new Map<T, string>();
  const queue = chunked(events, provider);
  let requests = 0;
  for (let chunk = queue.shift(); chunk !== undefined; chunk = queue.shift()) {
    if (!(await limits.turn("update", chunk.length))) throw stoppedError();
    const sentAt = clock.now();
    const outcome = await provider.send(
      { kind: "event", items: chunk.map(({ bytes }) => bytes) },
      { signal },
    );
    requests += 1;
    switch (outcome.kind) {
      case "accepted":
        limits.succeeded("update");
        break;
      case "partial":
        limits.succeeded("update");
        for (const { index, message } of outcome.failed) {
          const event = chunk[index];
          if (event) refused.set(event.of, message);
        }
        break;
      case "too-large":
      case "refused": {
        const middle = Math.ceil(chunk.length / 2);
        const [one] = chunk;
        if (chunk.length > 1) queue.unshift(chunk.slice(0, middle), chunk.slice(middle));
        else if (one) refused.set(one.of, outcome.kind === "refused" ? outcome.message : "too large");
        break;
      }
      case "busy":
      case "unknown": {
        if (signal.aborted) throw stoppedError();
        const message = outcome.kind === "busy" ? `status ${outcome.status}` : outcome.message;
        const retryAfterMs = outcome.kind === "busy" ? (outcome.retryAfterMs ?? 0) : 0;
        limits.busy("update", { message, sentAt, retryAfterMs });
        queue.unshift(chunk);
        break;
      }
      case "unauthorized":
        throw new AppError("CLEANUP_REFUSED", `Cannot send events: ${outcome.message}`);
      default:
        assertNever(outcome);
    }
  }
  return { refused, requests };
}
