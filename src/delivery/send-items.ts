// Sends one request's items until each is settled: stored, or a dead letter. Halves what is too large or refused without a name.
// Answers which items are settled; the rest only when the worker was asked to stop.
import {
  assertNever,
  type Clock,
  type DeliveryOutcome,
  type ItemFailure,
  type Log,
  type Metrics,
  type Pace,
  type Provider,
} from "../core/index.ts";
import type { DeadReason } from "./dead-letters.ts";
import { isRepeatable, kindOf, type OutboxItem } from "./outbox-window.ts";

export interface SendContext {
  readonly destination: string;
  readonly provider: Provider;
  readonly pace: Pace;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  /** No new request after this. */
  readonly stop: AbortSignal;
  /** Cuts requests under way. */
  readonly cut: AbortSignal;
}

export interface DeadItem {
  readonly item: OutboxItem;
  readonly reason: DeadReason;
  readonly field?: string;
  readonly message: string;
}

/** What became of the items of one request. */
export interface SendResult {
  /** False when the worker stopped before the end: nothing may be said about the items that are not in `dead`. */
  readonly settled: boolean;
  /** Whether anything may have reached the destination. */
  readonly started: boolean;
  readonly dead: readonly DeadItem[];
}

const SETTLED: SendResult = { settled: true, started: true, dead: [] };

function kill(items: readonly OutboxItem[], reason: DeadReason, message: string): SendResult {
  return { settled: true, started: true, dead: items.map((item) => ({ item, reason, message })) };
}

function killNamed(items: readonly OutboxItem[], failed: readonly ItemFailure[]): SendResult {
  const dead: DeadItem[] = [];
  const named = new Set<number>();
  for (const { index, field, message } of failed) {
    const item = items[index];
    // A record can fail several rules; one letter is enough, and the first message is kept.
    if (item === undefined || named.has(index)) continue;
    named.add(index);
    dead.push({ item, reason: "rejected", message, ...(field === undefined ? {} : { field }) });
  }
  return { settled: true, started: true, dead };
}

async function sendHalves(items: readonly OutboxItem[], context: SendContext): Promise<SendResult> {
  const middle = Math.ceil(items.length / 2);
  // One after the other: updates of one user keep their order.
  const first = await sendItems(items.slice(0, middle), context);
  if (!first.settled) return first;
  const second = await sendItems(items.slice(middle), context);
  return { settled: second.settled, started: true, dead: [...first.dead, ...second.dead] };
}

async function sendOnce(
  items: readonly OutboxItem[],
  context: SendContext,
): Promise<{ readonly outcome: DeliveryOutcome; readonly sentAt: number }> {
  const { provider, destination, metrics, clock, cut } = context;
  const sentAt = clock.now();
  const started = performance.now();
  const kind = items[0] === undefined ? "event" : kindOf(items[0]);
  const outcome = await provider.send({ kind, items: items.map(({ payload }) => payload) }, { signal: cut });
  metrics.observe(
    "plumbline_delivery_request_seconds",
    { destination },
    (performance.now() - started) / 1000,
  );
  metrics.count("plumbline_delivery_requests_total", { destination, outcome: outcome.kind });
  return { outcome, sentAt };
}

/** Sends items of one kind and one nature until they are settled. */
export async function sendItems(items: readonly OutboxItem[], context: SendContext): Promise<SendResult> {
  const { pace, log, destination, stop } = context;
  const repeatable = items.every(isRepeatable);
  const events = items[0] !== undefined && kindOf(items[0]) === "event" ? items.length : 0;
  while (await pace.turn(events, stop)) {
    const { outcome, sentAt } = await sendOnce(items, context);
    switch (outcome.kind) {
      case "accepted":
        pace.succeeded();
        return SETTLED;
      case "partial":
        pace.succeeded();
        return killNamed(items, outcome.failed);
      case "too-large":
        pace.succeeded();
        if (items.length === 1) return kill(items, "too-large", "over the provider's limit for one request");
        return sendHalves(items, context);
      case "refused":
        pace.succeeded();
        if (items.length === 1) return kill(items, "refused", outcome.message);
        return sendHalves(items, context);
      case "busy":
        pace.failed(`status ${outcome.status}`, sentAt, outcome.retryAfterMs);
        break;
      case "unauthorized":
        if (pace.state.kind !== "paused")
          log.error(
            { destination, reason: outcome.message },
            "the destination refuses the credential; delivery is paused, nothing is lost",
          );
        pace.unauthorized(outcome.message);
        break;
      case "unknown":
        pace.failed(outcome.message, sentAt);
        if (!repeatable) return kill(items, "outcome-unknown", outcome.message);
        break;
      default:
        return assertNever(outcome);
    }
  }
  return { settled: false, started: false, dead: [] };
}
