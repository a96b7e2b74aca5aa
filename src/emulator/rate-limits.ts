// Rate limits as documented, when they are switched on. Source (read 2026-11): Mixpanel "Rate limits".
import type { Clock } from "../core/index.ts";
import type { Switches } from "./switches.ts";

const SECOND_MS = 1000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
/** Limits by name: how much in which window. */
const LIMITS = {
  events: { max: 1_800_000, windowMs: MINUTE_MS },
  bytes: { max: 2_000_000_000, windowMs: MINUTE_MS },
  query: { max: 60, windowMs: HOUR_MS },
  export: { max: 60, windowMs: HOUR_MS },
  export_second: { max: 3, windowMs: SECOND_MS },
  schemas: { max: 5, windowMs: MINUTE_MS },
  schema_changes: { max: 4000, windowMs: MINUTE_MS },
  gdpr: { max: 1, windowMs: SECOND_MS },
  flags: { max: 500, windowMs: MINUTE_MS },
  lookup_tables: { max: 100, windowMs: 24 * HOUR_MS },
} as const;

/** A documented limit. */
export type LimitName = keyof typeof LIMITS;

/** Fixed windows that start with their first request. */
export class RateLimits {
  readonly #switches: Switches;
  readonly #clock: Clock;
  readonly #used = new Map<LimitName, { since: number; amount: number }>();

  constructor(switches: Switches, clock: Clock) {
    this.#switches = switches;
    this.#clock = clock;
  }

  clear(): void {
    this.#used.clear();
  }

  /** Takes an amount; false when it is over the limit. */
  take(name: LimitName, amount = 1): boolean {
    if (this.#switches.text("rate_limits") === "off") return true;
    const { max, windowMs } = LIMITS[name];
    const now = this.#clock.now();
    let used = this.#used.get(name);
    if (!used || now - used.since >= windowMs) {
      used = { since: now, amount: 0 };
      this.#used.set(name, used);
    }
    if (used.amount + amount > max) return false;
    used.amount += amount;
    return true;
  }
}
