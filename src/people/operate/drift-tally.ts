// Adds up what a sample of profiles says.
import type { ExternalCause, ProfileVerdict } from "./judge-profile.ts";
import { type Share, shareOf } from "./share.ts";

/** Why a run ended before its sample did. */
export type Stopped =
  | { readonly kind: "busy"; readonly message: string; readonly retryAfterMs?: number }
  | { readonly kind: "refused"; readonly message: string };

export interface ExternalDrift extends Share {
  readonly destination: string;
  /** Users whose profile was read back and judged. */
  readonly checked: number;
  /** Users of the sample with an update on its way. Not drift. */
  readonly pending: number;
  /** Users of the sample who were not judged: an update just went out, quarantine, erasure, an id that the provider has joined. */
  readonly leftOut: number;
  readonly differing: number;
  /** Property → how many profiles. */
  readonly byProperty: Readonly<Record<string, number>>;
  /** Cause → how many profiles; one profile can have several. `provider-form` alone is not drift: the value is the same. */
  readonly byCause: Readonly<Partial<Record<ExternalCause, number>>>;
  /** Property → how many profiles hold a value that somebody else wrote. */
  readonly foreign: Readonly<Record<string, number>>;
  /** Some of the users that differ. */
  readonly examples: readonly string[];
  /** Everybody was looked at: the rate is exact. */
  readonly isEverybody: boolean;
  readonly repaired: number;
  readonly stopped: Stopped | undefined;
}

const EXAMPLES_MAX = 20;

function add(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

function mostFirst(counts: ReadonlyMap<string, number>): Readonly<Record<string, number>> {
  return Object.fromEntries([...counts].sort((a, b) => b[1] - a[1]));
}

export class DriftTally {
  readonly #destination: string;
  readonly #byProperty = new Map<string, number>();
  readonly #byCause = new Map<string, number>();
  readonly #foreign = new Map<string, number>();
  readonly #examples: string[] = [];
  #well = 0;
  #pending = 0;
  #leftOut = 0;
  #differing = 0;
  #repaired = 0;

  constructor(destination: string) {
    this.#destination = destination;
  }

  get checked(): number {
    return this.#well + this.#differing;
  }

  well(): void {
    this.#well += 1;
  }

  pending(count: number): void {
    this.#pending += count;
  }

  leftOut(count: number): void {
    this.#leftOut += count;
  }

  repaired(count: number): void {
    this.#repaired += count;
  }

  /** Counts one profile. */
  drift(userId: string, verdict: ProfileVerdict): void {
    if (verdict.kind === "well") return;
    if (verdict.isRepairable) {
      this.#differing += 1;
      if (this.#examples.length < EXAMPLES_MAX) this.#examples.push(userId);
    } else this.#well += 1;
    for (const cause of new Set(verdict.properties.map((one) => one.cause))) add(this.#byCause, cause);
    for (const { name, cause } of verdict.properties) {
      add(this.#byProperty, name);
      if (cause === "foreign-writer") add(this.#foreign, name);
    }
  }

  report(end: { readonly isEverybody: boolean; readonly stopped: Stopped | undefined }): ExternalDrift {
    const isEverybody = end.isEverybody && this.#leftOut + this.#pending === 0;
    return {
      destination: this.#destination,
      checked: this.checked,
      pending: this.#pending,
      leftOut: this.#leftOut,
      differing: this.#differing,
      byProperty: mostFirst(this.#byProperty),
      byCause: mostFirst(this.#byCause),
      foreign: mostFirst(this.#foreign),
      examples: this.#examples,
      repaired: this.#repaired,
      stopped: end.stopped,
      ...shareOf(this.#differing, this.checked, { isEverybody }),
      isEverybody,
    };
  }
}
