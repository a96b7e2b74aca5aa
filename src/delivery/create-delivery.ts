// The worker of one destination: reads the outbox from its own position, sends, and moves on past what is settled.
// States: delivering → idle (nothing new) → delivering; holding or paused while the destination cannot take anything; stopped (the signal).
// Invariant: the position, the dead letters and the cleared announcements of a window are one transaction.
import { setMaxListeners } from "node:events";
import {
  AppError,
  type Clock,
  type Journal,
  type Log,
  type Metrics,
  OUTBOX_LOG,
  Pace,
  type PaceState,
  type Position,
  type Provider,
  WakeUp,
} from "../core/index.ts";
import { putDeadLetter, redoLog } from "./dead-letters.ts";
import { deliverWindow } from "./deliver-window.ts";
import { Intents } from "./intents.ts";
import { type OutboxItem, readWindow } from "./outbox-window.ts";
import { DELIVERY_SETTINGS, type DeliverySettings } from "./settings.ts";

export interface DeliveryOptions {
  /** Name of the destination in the configuration. */
  readonly destination: string;
  readonly provider: Provider;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  /** 0 ≤ x < 1, for jitter. */
  readonly random: () => number;
  readonly settings?: Partial<DeliverySettings>;
}

export interface DeliveryState {
  readonly destination: string;
  readonly position: Position;
  /** Records of the outbox that are not settled here. */
  readonly lag: number;
  readonly pace: PaceState;
}

export interface Delivery {
  /** Delivers until the signal is aborted; then lets requests under way end within the grace period. */
  run(signal: AbortSignal): Promise<void>;
  /** Something was judged. */
  wake(): void;
  /** Ends a pause at once. */
  resume(): void;
  state(): DeliveryState;
}

const IDLE_POLL_MS = 200;

/** Name of a destination among the consumers of the outbox. */
export function deliveryConsumer(destination: string): string {
  return `deliver:${destination}`;
}

/** Makes the worker of one destination. */
export function createDelivery(options: DeliveryOptions): Delivery {
  return new DeliveryWorker(options);
}

/** One log that the worker reads. */
interface Stream {
  readonly name: string;
  readonly intents: Intents;
  position: Position;
  /** Read ahead while the window before it was on its way. */
  ahead: readonly OutboxItem[] | undefined;
}

class DeliveryWorker implements Delivery {
  readonly #options: DeliveryOptions;
  readonly #settings: DeliverySettings;
  readonly #consumer: string;
  readonly #pace: Pace;
  readonly #streams: readonly Stream[];
  readonly #wakeUp = new WakeUp();

  constructor(options: DeliveryOptions) {
    const { journal, destination, clock, random } = options;
    this.#options = options;
    this.#settings = { ...DELIVERY_SETTINGS, ...options.settings };
    this.#consumer = deliveryConsumer(destination);
    this.#pace = new Pace(this.#settings, clock, random);
    this.#streams = [OUTBOX_LOG, redoLog(destination)].map((name) => ({
      name,
      intents: new Intents(journal, destination, name),
      position: journal.position(name, this.#consumer),
      ahead: undefined,
    }));
  }

  wake(): void {
    this.#wakeUp.wake();
  }

  resume(): void {
    this.#pace.resume();
  }

  state(): DeliveryState {
    const { destination, journal } = this.#options;
    const position = journal.position(OUTBOX_LOG, this.#consumer);
    const lag = Math.max(0, journal.stats(OUTBOX_LOG).last - position);
    return { destination, position, lag, pace: this.#pace.state };
  }

  async run(signal: AbortSignal): Promise<void> {
    const { journal, log, destination } = this.#options;
    await journal.write((write) => {
      for (const { name, position } of this.#streams) write.advance(name, this.#consumer, position);
    });
    const cut = new AbortController();
    // Every request under way listens to them.
    setMaxListeners(0, signal, cut.signal);
    const cutLater = (): void => {
      setTimeout(() => cut.abort(), this.#settings.stopGraceMs).unref();
    };
    signal.addEventListener("abort", cutLater, { once: true });
    while (!signal.aborted) {
      try {
        let delivered = false;
        for (const stream of this.#streams)
          if (await this.#deliver(stream, { stop: signal, cut: cut.signal })) delivered = true;
        if (!delivered) await this.#wakeUp.wait(IDLE_POLL_MS, signal);
      } catch (error) {
        if (!(error instanceof AppError) || error.code === "INTERNAL") throw error;
        // A full disk: nothing is lost, and the window is sent again once its end can be written down.
        log.error({ destination, code: error.code }, "delivery cannot write; it tries again");
        for (const stream of this.#streams) stream.ahead = undefined;
        await this.#wakeUp.wait(IDLE_POLL_MS, signal);
      }
    }
    signal.removeEventListener("abort", cutLater);
  }

  #read(stream: Stream, after: Position): readonly OutboxItem[] {
    const { journal, provider } = this.#options;
    const { windowEntries, windowBytes } = this.#settings;
    const records = journal.read(stream.name, { after, limit: windowEntries, maxBytes: windowBytes });
    return readWindow(records, after, provider.kind);
  }

  /** Delivers one window; false when there was nothing. */
  async #deliver(
    stream: Stream,
    signals: { readonly stop: AbortSignal; readonly cut: AbortSignal },
  ): Promise<boolean> {
    const { journal, destination, metrics } = this.#options;
    const items = stream.ahead ?? this.#read(stream, stream.position);
    stream.ahead = undefined;
    const last = items.at(-1);
    if (!last) return false;
    const delivering = deliverWindow(items, {
      ...this.#options,
      ...signals,
      pace: this.#pace,
      logName: stream.name,
      intents: stream.intents,
    });
    // Reading and decoding the next window costs time that the destination needs for its answers anyway.
    const ahead = readAhead(() => this.#read(stream, last.position));
    const { upTo, dead, delivered } = await delivering;
    stream.ahead = upTo === last.position ? await ahead : undefined;
    // Not flushed at once: after a power cut the window is sent again, and what must not be repeated was announced and flushed before.
    await journal.write(
      (write) => {
        for (const letter of dead) putDeadLetter(write, destination, letter);
        stream.intents.clear(write, upTo);
        write.advance(stream.name, this.#consumer, upTo);
      },
      { flush: false },
    );
    stream.position = Math.max(stream.position, upTo);
    const labels = { destination };
    metrics.count("plumbline_delivered_records_total", labels, delivered);
    if (stream.ahead?.length === 0) stream.ahead = undefined;
    return true;
  }
}

/** A failure here is not one yet: the window is read again when its turn comes, and that failure counts. */
function readAhead(read: () => readonly OutboxItem[]): Promise<readonly OutboxItem[] | undefined> {
  return new Promise((resolve) => {
    setImmediate(() => {
      try {
        resolve(read());
      } catch {
        resolve(undefined);
      }
    });
  });
}
