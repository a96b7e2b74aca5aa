// Keeps Lexicon's limits by waiting: it remembers what went out in the last minute, and gives up when all waiting together would be too long.
import { setTimeout as pause } from "node:timers/promises";
import { AppError, type Clock } from "../../../core/index.ts";

/** Source (read 2026-11): Mixpanel "Rate limits", per organisation. */
export const LEXICON_LIMITS = { requestsPerMinute: 5, changesPerMinute: 4000 } as const;
/** Length of the window, in milliseconds. */
export const LEXICON_WINDOW_MS = 60_000;

export interface PaceOptions {
  readonly clock: Clock;
  /** Longest wait, in milliseconds, over everything. */
  readonly waitMaxMs: number;
  readonly onWait?: (ms: number) => void;
}

export class LexiconPace {
  readonly #options: PaceOptions;
  readonly #sent: { readonly at: number; readonly changes: number }[] = [];
  #waited = 0;

  constructor(options: PaceOptions) {
    this.#options = options;
  }

  /**
   * Waits.
   *
   * @throws {AppError} `LEXICON_BUSY` when that is longer than was allowed.
   */
  async wait(ms: number): Promise<void> {
    if (this.#waited + ms > this.#options.waitMaxMs)
      throw new AppError(
        "LEXICON_BUSY",
        `Cannot go on within the limits of Lexicon: another ${Math.ceil(ms / 1000)} s of waiting would be too long`,
      );
    this.#waited += ms;
    this.#options.onWait?.(ms);
    await pause(ms);
  }

  /** Returns when one more request with so many changes may go out, and counts it. */
  async makeRoom(changes: number): Promise<void> {
    const { clock } = this.#options;
    for (;;) {
      const since = clock.now() - LEXICON_WINDOW_MS;
      while (this.#sent[0] && this.#sent[0].at <= since) this.#sent.shift();
      const used = this.#sent.reduce((sum, one) => sum + one.changes, 0);
      const isRoom = this.#sent.length < LEXICON_LIMITS.requestsPerMinute;
      if (isRoom && (used === 0 || used + changes <= LEXICON_LIMITS.changesPerMinute)) break;
      await this.wait((this.#sent[0]?.at ?? since) - since + 1);
    }
    this.#sent.push({ at: clock.now(), changes });
  }
}
