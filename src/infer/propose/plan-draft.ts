// A plan on its way: what traffic and other tools' plans are read into, before ids are given and YAML is written.
// Properties are keyed by the form in which spellings are equal: one name has one type in the whole plan.
import type { LockIdentity, Presence, Trust, ValueType } from "../../plan/index.ts";

export interface DraftProperty {
  readonly name: string;
  readonly was: readonly string[];
  readonly type: ValueType;
  /** Undefined: nothing can be said; `check` will ask. */
  readonly data?: string;
  readonly description?: string;
  /** What the proposal rests on: a comment in the file. */
  readonly evidence: readonly string[];
}

export interface DraftUse {
  readonly presence: Presence;
  /** Differences by source. */
  readonly sources: Readonly<Record<string, Presence>>;
}

export interface DraftEvent {
  readonly name: string;
  readonly was: readonly string[];
  readonly description?: string;
  readonly owner?: string;
  readonly tags?: readonly string[];
  readonly sources: readonly string[];
  /** By key of the property. */
  readonly properties: ReadonlyMap<string, DraftUse>;
  readonly deprecated?: { readonly to?: string; readonly removeAfter: string };
  /** Some values cannot be repaired: they pass with a finding until someone decides. */
  readonly acceptsMisfits: boolean;
  /** Some properties have no entry: they pass. */
  readonly acceptsUnknown: boolean;
  readonly evidence: readonly string[];
}

export interface DraftSource {
  readonly id: string;
  readonly trust: Trust;
  readonly evidence: string;
}

export interface DraftPerson {
  readonly name: string;
  readonly type: ValueType;
  readonly data?: string;
  readonly description?: string;
}

export interface PlanDraft {
  readonly name: string;
  readonly sources: readonly DraftSource[];
  readonly identity: Pick<LockIdentity, "user_id" | "missing"> & { readonly evidence: string };
  /** Some names have no entry: they pass. */
  readonly acceptsUnknownEvents: boolean;
  readonly acceptsUnknownProperties: boolean;
  /** By key. */
  readonly properties: ReadonlyMap<string, DraftProperty>;
  /** By key: the form of the event's name. */
  readonly events: ReadonlyMap<string, DraftEvent>;
  /** By key. */
  readonly people: ReadonlyMap<string, DraftPerson>;
  /** Beginning of the file, as comments. */
  readonly head: readonly string[];
}

/** A plan with nothing in it. */
export const EMPTY_DRAFT: PlanDraft = {
  name: "inferred",
  sources: [],
  identity: { user_id: { format: "any" }, missing: "quarantine", evidence: "no event was seen" },
  acceptsUnknownEvents: false,
  acceptsUnknownProperties: false,
  properties: new Map(),
  events: new Map(),
  people: new Map(),
  head: [],
};
