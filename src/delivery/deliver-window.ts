// Brings one window of the outbox to the destination: wave after wave; inside a wave events in parallel, profile updates in lanes.
// Answers how far the window is settled, and what died; the worker commits both together.
import type { DeliveryLimits, Journal, Position } from "../core/index.ts";
import { type DeadLetter, deadLetterId, putDeadLetter } from "./dead-letters.ts";
import type { Intents } from "./intents.ts";
import {
  isRepeatable,
  kindOf,
  type OutboxItem,
  splitByLane,
  splitByLimits,
  splitByNature,
} from "./outbox-window.ts";
import { type DeadItem, type SendContext, sendItems } from "./send-items.ts";

export interface WindowContext extends SendContext {
  readonly journal: Journal;
  /** The log that the window was read from. */
  readonly logName: string;
  readonly intents: Intents;
}

const DAY_MS = 86_400_000;

export interface WindowResult {
  /** Everything up to here is settled. */
  readonly upTo: Position;
  readonly dead: readonly DeadLetter[];
  readonly delivered: number;
}

class WindowDelivery {
  readonly #context: WindowContext;
  readonly #limits: DeliveryLimits;
  readonly #settled = new Set<Position>();
  readonly #dead: DeadLetter[] = [];
  delivered = 0;

  constructor(context: WindowContext) {
    this.#context = context;
    this.#limits = context.provider.limits;
  }

  get dead(): readonly DeadLetter[] {
    return this.#dead;
  }

  isSettled(item: OutboxItem): boolean {
    return this.#settled.has(item.position);
  }

  letterOf({ item, reason, field, message }: DeadItem): DeadLetter {
    const { clock, metrics, destination, logName } = this.#context;
    metrics.count("plumbline_dead_letters_total", { destination, reason });
    return {
      id: deadLetterId(logName, item),
      state: "waiting",
      at: clock.now(),
      reason,
      ...(field === undefined ? {} : { field }),
      message,
      header: item.record.header,
      payload: Buffer.from(item.payload).toString("utf8"),
    };
  }

  #bury(dead: DeadItem): void {
    this.#dead.push(this.letterOf(dead));
    this.#settled.add(dead.item.position);
  }

  /** Removes what an earlier run settled, what may have been applied already, and what the route takes no longer. */
  #sendable(items: readonly OutboxItem[]): readonly OutboxItem[] {
    const { intents, clock } = this.#context;
    const { eventMaxAgeDays } = this.#limits;
    const oldest = eventMaxAgeDays === undefined ? 0 : clock.now() - eventMaxAgeDays * DAY_MS;
    return items.filter((item) => {
      const standing = intents.standing(item);
      if (standing === "settled") this.#settled.add(item.position);
      else if (standing === "unknown")
        this.#bury({ item, reason: "outcome-unknown", message: "the gateway ended while it was being sent" });
      else if (oldest > 0 && kindOf(item) === "event" && item.record.header.time < oldest)
        this.#bury({
          item,
          reason: "too-old",
          message: `the route takes events of the last ${eventMaxAgeDays} days`,
        });
      else return true;
      return false;
    });
  }

  async deliverWave(items: readonly OutboxItem[]): Promise<void> {
    const sendable = this.#sendable(items);
    const events = sendable.filter((item) => kindOf(item) === "event");
    const profiles = sendable.filter((item) => kindOf(item) !== "event");
    await Promise.all([this.#deliverEvents(events), this.#deliverProfiles(profiles)]);
  }

  async #deliverEvents(events: readonly OutboxItem[]): Promise<void> {
    const { eventsPerRequest, eventRequestMaxBytes, parallelEventRequests } = this.#limits;
    const requests = splitByLimits(events, { count: eventsPerRequest, bytes: eventRequestMaxBytes });
    const waiting = requests.values();
    const lane = async (): Promise<void> => {
      for (const request of waiting) if (!(await this.#send(request))) return;
    };
    await Promise.all(Array.from({ length: Math.min(parallelEventRequests, requests.length) }, lane));
  }

  async #deliverProfiles(profiles: readonly OutboxItem[]): Promise<void> {
    const { profilesPerRequest, profileRequestMaxBytes, parallelProfileRequests } = this.#limits;
    const limits = { count: profilesPerRequest, bytes: profileRequestMaxBytes };
    const lanes = splitByLane(profiles, parallelProfileRequests);
    await Promise.all(
      lanes.map(async (lane) => {
        for (const run of splitByNature(lane))
          for (const request of splitByLimits(run, limits)) {
            const sent =
              request[0] !== undefined && !isRepeatable(request[0])
                ? this.#sendOnce(request)
                : this.#send(request);
            if (!(await sent)) return;
          }
      }),
    );
  }

  /** False when the worker was asked to stop. */
  async #send(items: readonly OutboxItem[]): Promise<boolean> {
    const { settled, dead } = await sendItems(items, this.#context);
    for (const one of dead) this.#bury(one);
    if (!settled) return false;
    for (const { position } of items) this.#settled.add(position);
    this.delivered += items.length - dead.length;
    return true;
  }

  /** For what must not be applied twice: announced, sent, marked together with its dead letters. */
  async #sendOnce(items: readonly OutboxItem[]): Promise<boolean> {
    const { journal, intents, destination, stop } = this.#context;
    if (stop.aborted) return false;
    await journal.write((write) => intents.announce(write, items));
    const { settled, started, dead } = await sendItems(items, this.#context);
    if (!settled) {
      // Not sent at all: the announcement is taken back. Sent in part: the next run makes dead letters of it.
      if (!started) await journal.write((write) => intents.withdraw(write, items));
      return false;
    }
    const letters = dead.map((one) => this.letterOf(one));
    await journal.write((write) => {
      for (const letter of letters) putDeadLetter(write, destination, letter);
      intents.settle(write, items);
    });
    for (const { position } of items) this.#settled.add(position);
    this.delivered += items.length - dead.length;
    return true;
  }
}

/** Delivers a window; ends early when the worker is asked to stop. */
export async function deliverWindow(
  items: readonly OutboxItem[],
  context: WindowContext,
): Promise<WindowResult> {
  const window = new WindowDelivery(context);
  const waves = new Map<number, OutboxItem[]>();
  for (const item of items) {
    const wave = waves.get(item.wave);
    if (wave) wave.push(item);
    else waves.set(item.wave, [item]);
  }
  for (const [, wave] of [...waves].sort(([a], [b]) => a - b)) {
    if (context.stop.aborted) break;
    await window.deliverWave(wave);
  }
  let upTo = (items[0]?.position ?? 1) - 1;
  for (const item of items) {
    if (!window.isSettled(item)) break;
    upTo = item.position;
  }
  return { upTo, dead: window.dead, delivered: window.delivered };
}
