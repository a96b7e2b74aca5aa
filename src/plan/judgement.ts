// What the validator made from a plan takes in and gives back. Pure data; no HTTP, no provider.
import type { EpochMs, Finding, Repair, Verdict } from "../core/index.ts";
import type { ProfileOperation } from "./lock.ts";

/** Whose an id is that an old release sent. */
export type OldIdOwner =
  | { readonly kind: "user"; readonly id: string }
  | { readonly kind: "unknown" }
  /** Whoever it is, something that came earlier still waits for the owner: this has to wait too. */
  | { readonly kind: "held" }
  /** More than one user has had it. */
  | { readonly kind: "ambiguous" };

/** Who knows whose old ids are. Asked while an item is judged; it must answer at once. */
export interface OldIdLookup {
  /** When the item arrived: old ids are translated under a date. */
  readonly receivedAt: EpochMs;
  /** `spelling`: as `oldIdSpelling` makes it. */
  ownerOf(spelling: string): OldIdOwner;
}

/** An event in the wire's own shape, without its token. `properties` is never changed. */
export interface EventToJudge {
  /** Source id, known from the token. */
  readonly source: string;
  readonly event: string;
  readonly properties: Readonly<Record<string, unknown>>;
  /** Absent: nobody knows, and ids of old forms are refused as any other. */
  readonly oldIds?: OldIdLookup | undefined;
}

export interface EventJudgement {
  readonly verdict: Verdict;
  /** Id of the planned event; undefined for an unknown or built-in one. */
  readonly eventId: string | undefined;
  /** What goes out; undefined when quarantined or dropped. May be the input's own objects where nothing changed. */
  readonly output:
    | { readonly event: string; readonly properties: Readonly<Record<string, unknown>> }
    | undefined;
  readonly repairs: readonly Repair[];
  readonly findings: readonly Finding[];
  /** Provider kind → property names it must not get. */
  readonly withhold: Readonly<Record<string, readonly string[]>> | undefined;
}

/** One operator of one profile update. */
export interface ProfileToJudge {
  readonly source: string;
  /** `undefined`: a user profile. Otherwise the group key, for example `company`. */
  readonly groupKey: string | undefined;
  /** Distinct id, or group id. */
  readonly id: string;
  readonly operation: ProfileOperation;
  /** Object by property name; a list of names for `$unset`; anything for `$delete`. */
  readonly value: unknown;
  /** The update's own `$device_id`: an id equal to it is anonymous. */
  readonly deviceId?: string | undefined;
  /**
   * The sender speaks for the application's state: it writes what `state` owns and nothing else, about known users only.
   * Known from the way it came, never from what it says; needs a source with trust `server`.
   */
  readonly asState?: boolean | undefined;
  /** As of an event. */
  readonly oldIds?: OldIdLookup | undefined;
}

export interface ProfileJudgement {
  readonly verdict: Verdict;
  /** The id as it goes out: a UUID in upper case is respelled as events respell it. */
  readonly id: string;
  /** The operator's value as it goes out; undefined when nothing of it may. */
  readonly output: unknown;
  readonly repairs: readonly Repair[];
  readonly findings: readonly Finding[];
  readonly withhold: Readonly<Record<string, readonly string[]>> | undefined;
}

/** The validator and normaliser of one plan: immutable, synchronous, without clock or randomness. */
export interface Validator {
  /** Hash of the lock it was made from. */
  readonly hash: string;
  judgeEvent(input: EventToJudge): EventJudgement;
  judgeProfile(input: ProfileToJudge): ProfileJudgement;
}
