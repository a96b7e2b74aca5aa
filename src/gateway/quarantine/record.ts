// One quarantined event or profile operator: what was received, why it waits, and all that a later judgement needs.
// Keys sort by time of receipt, so that listing and replaying go in the order things happened.
import type { EpochMs, Finding, Position } from "../../core/index.ts";
import type { ProfileOperation } from "../../plan/index.ts";

/** Table of quarantine records in the journal. */
export const QUARANTINE_TABLE = "quarantine";

/** The item exactly as it was decoded, without its token. */
export type QuarantinedItem =
  | {
      readonly kind: "event";
      readonly event: string;
      readonly properties: Readonly<Record<string, unknown>>;
      readonly clientEventId?: string;
    }
  | {
      readonly kind: "profile";
      readonly groupKey?: string;
      readonly id: string;
      readonly operation: ProfileOperation;
      readonly value: unknown;
      readonly modifiers: Readonly<Record<string, unknown>>;
      /** It came by a route that speaks for the application's state. */
      readonly asState?: true;
    }
  | { readonly kind: "malformed"; readonly reason: string; readonly value: unknown };

export interface QuarantineRecord {
  readonly id: string;
  readonly state: "waiting" | "replayed" | "discarded";
  /** When the state changed last. */
  readonly changedAt: EpochMs;
  readonly receivedAt: EpochMs;
  readonly source: string;
  /** Release of the app, where the item names one. */
  readonly release: string;
  /** Event name, or the profile operator, as received. */
  readonly name: string;
  readonly findings: readonly Finding[];
  /** Hash of the plan that judged it. */
  readonly plan: string;
  readonly item: QuarantinedItem;
  /** What enrichment needs: where in `raw` it stood, the client's address, the query's `ip`. */
  readonly position: Position;
  readonly index: number;
  readonly repetition: number;
  readonly clientAddress: string;
  readonly ipParameter?: string;
  /** Keyed hashes of old ids whose owner it waits for. */
  readonly waitsFor?: readonly string[];
}

const TIME_DIGITS = 9;
const POSITION_DIGITS = 7;

/** Makes the key of one record: time of receipt, position and place in the request, in base 36. */
export function quarantineId(at: {
  readonly receivedAt: EpochMs;
  readonly position: Position;
  readonly index: number;
  readonly part: number;
}): string {
  const time = at.receivedAt.toString(36).padStart(TIME_DIGITS, "0");
  const position = at.position.toString(36).padStart(POSITION_DIGITS, "0");
  return `${time}-${position}-${at.index.toString(36).padStart(3, "0")}${at.part.toString(36)}`;
}

/** Key before which every record was received earlier than this. */
export function quarantineIdFrom(receivedAt: EpochMs): string {
  return receivedAt.toString(36).padStart(TIME_DIGITS, "0");
}

/** When the record with this key was received. */
export function quarantineTimeOf(id: string): EpochMs {
  return Number.parseInt(id.slice(0, TIME_DIGITS), 36);
}

export function encodeQuarantine(record: QuarantineRecord): Uint8Array {
  return Buffer.from(JSON.stringify(record));
}

export function decodeQuarantine(bytes: Uint8Array): QuarantineRecord {
  return JSON.parse(Buffer.from(bytes).toString("utf8")) as QuarantineRecord;
}
