// When the next request may go: one pace for all requests of a destination, so that one that is down is not hammered by each of them.
// States: open → holding (busy or unknown: doubling pauses, with jitter) → open after the first success; paused (refused credential).
import type { Clock, EpochMs } from "./ports.ts";

/** How long a destination is left alone, and how fast it may be asked. */
export interface PaceSettings {
  /** First pause after a destination said "not now"; doubles up to the longest. */
  readonly backoffMs: number;
  readonly backoffMaxMs: number;
  /** Pause before a refused credential is tried again. */
  readonly unauthorizedPauseMs: number;
  /** Events or updates a second at most; absent: as fast as the destination answers. */
  readonly eventsPerSecond?: number;
}

/** Part of a pause that is random, so that many gateways do not come back at once. */
const JITTER = 0.5;
/** Longest wait that a destination can ask for. */
const RETRY_AFTER_MAX_MS = 15 * 60_000;

export type PaceState =
  | { readonly kind: "open" }
  | { readonly kind: "holding"; readonly until: EpochMs; readonly reason: string }
  | { readonly kind: "paused"; readonly until: EpochMs; readonly reason: string };

export class Pace {
  readonly #settings: PaceSettings;
  readonly #clock: Clock;
  readonly #random: () => number;
  #state: PaceState = { kind: "open" };
  #failures = 0;
  /** When the next events may go, under the rate limit. */
  #nextAt = 0;

  constructor(settings: PaceSettings, clock: Clock, random: () => number) {
    this.#settings = settings;
    this.#clock = clock;
    this.#random = random;
  }

  get state(): PaceState {
    return this.#state;
  }

  /** Waits until a request with `events` events may go; false when the signal came first. */
  async turn(events: number, signal: AbortSignal): Promise<boolean> {
    while (!signal.aborted) {
      const now = this.#clock.now();
      const held = this.#state.kind === "open" ? 0 : this.#state.until - now;
      const wait = Math.max(held, this.#nextAt - now);
      if (wait <= 0) {
        const rate = this.#settings.eventsPerSecond;
        if (rate !== undefined && events > 0)
          this.#nextAt = Math.max(this.#nextAt, now) + (events / rate) * 1000;
        return true;
      }
      await pause(wait, signal);
    }
    return false;
  }

  succeeded(): void {
    this.#failures = 0;
    if (this.#state.kind !== "open") this.#state = { kind: "open" };
  }

  /** `sentAt`: when the request went; several that failed together count once. */
  failed(reason: string, sentAt: EpochMs, retryAfterMs = 0): void {
    const now = this.#clock.now();
    const { backoffMs, backoffMaxMs } = this.#settings;
    if (this.#state.kind === "open" || sentAt >= this.#state.until) {
      const step = Math.min(backoffMaxMs, backoffMs * 2 ** Math.min(this.#failures, 20));
      this.#failures += 1;
      const until = now + step * (1 - JITTER + this.#random() * JITTER);
      this.#state = { kind: "holding", reason, until };
    }
    const asked = now + Math.min(retryAfterMs, RETRY_AFTER_MAX_MS);
    if (this.#state.until < asked) this.#state = { ...this.#state, until: asked };
  }

  unauthorized(reason: string): void {
    this.#state = {
      kind: "paused",
      reason,
      until: this.#clock.now() + this.#settings.unauthorizedPauseMs,
    };
  }

  /** Tries again at once, for example after the configuration was corrected. */
  resume(): void {
    this.#failures = 0;
    this.#state = { kind: "open" };
  }
}

/** Longest single sleep: a pause can be ended early by `resume`. */
const SLEEP_MAX_MS = 250;

async function pause(waitMs: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(done, Math.min(waitMs, SLEEP_MAX_MS));
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    }
    signal.addEventListener("abort", done, { once: true });
  });
}
