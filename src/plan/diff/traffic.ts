// A change of plan weighed with real events: each is judged by both plans, and only what fares worse is counted. Bounded memory.
import type { Verdict } from "../../core/index.ts";
import type { EventToJudge, Validator } from "../judgement.ts";

export interface TrafficRow {
  readonly source: string;
  /** Release of the app, or `unknown`. */
  readonly release: string;
  readonly event: string;
  readonly seen: number;
  /** Quarantined or dropped by the new plan, not by the old one. */
  readonly lost: number;
  /** Loses properties that it kept before. */
  readonly stripped: number;
  /** Changed on the way, where it was not before. */
  readonly repaired: number;
}

/** More rows than this are counted together: a table that nobody reads helps nobody. */
const ROWS_MAX = 10_000;
const REST = "(others)";

const RANK: Readonly<Record<Verdict, number>> = {
  accepted: 0,
  repaired: 1,
  stripped: 2,
  quarantined: 3,
  dropped: 3,
};

type Counts = { -readonly [K in "seen" | "lost" | "stripped" | "repaired"]: number };

/** Judges by two plans and counts. */
export class TrafficWeigher {
  readonly #before: Validator;
  readonly #after: Validator;
  readonly #rows = new Map<
    string,
    { readonly key: readonly [string, string, string]; readonly counts: Counts }
  >();

  constructor(before: Validator, after: Validator) {
    this.#before = before;
    this.#after = after;
  }

  /** `judge` must not keep what it judges: the same event is judged twice. */
  add(event: EventToJudge, release: string): void {
    const was = RANK[this.#before.judgeEvent(event).verdict];
    const is = RANK[this.#after.judgeEvent(event).verdict];
    const counts = this.#countsOf([event.source, release, event.event]);
    counts.seen++;
    if (is <= was) return;
    if (is === 3) counts.lost++;
    else if (is === 2) counts.stripped++;
    else counts.repaired++;
  }

  #countsOf(key: readonly [string, string, string]): Counts {
    const known = this.#rows.get(key.join("\u0000"));
    if (known) return known.counts;
    const kept: readonly [string, string, string] = this.#rows.size < ROWS_MAX ? key : [key[0], REST, REST];
    const name = kept.join("\u0000");
    const row = this.#rows.get(name) ?? { key: kept, counts: { seen: 0, lost: 0, stripped: 0, repaired: 0 } };
    this.#rows.set(name, row);
    return row.counts;
  }

  /** Rows of what fares worse, most lost first. */
  rows(): readonly TrafficRow[] {
    return [...this.#rows.values()]
      .filter(({ counts }) => counts.lost + counts.stripped + counts.repaired > 0)
      .map(({ key: [source, release, event], counts }) => ({ source, release, event, ...counts }))
      .sort(
        (a, b) =>
          b.lost - a.lost ||
          b.stripped - a.stripped ||
          b.repaired - a.repaired ||
          (a.event < b.event ? -1 : 1),
      );
  }
}
