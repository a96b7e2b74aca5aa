// The record between judge and delivery: one judged event or profile update, ready to be sent to any destination.
// Layout: header as JSON in UTF-8, a line feed, then the payload as JSON. The header never holds property values.
import type { DeliveryKind, EpochMs } from "./ports.ts";

/** Name of the log that the judge writes and every destination reads. */
export const OUTBOX_LOG = "outbox";

export interface OutboxHeader {
  readonly kind: DeliveryKind;
  /** Every id that the record is about (distinct id, device, user, alias): records that share one keep their order where `link` asks. */
  readonly ids: readonly string[];
  /** An identity event: what comes later and shares an id waits until it is settled. */
  readonly link?: true;
  /** False for what must never be applied twice (`$add`, `$append`). */
  readonly repeatable: boolean;
  readonly source: string;
  /** Wire name of the event, or the profile operator: for counts and dead letters. */
  readonly name: string;
  /** Event time, or time of receipt. */
  readonly time: EpochMs;
  /** Property names that a kind of provider must not receive. */
  readonly withhold?: Readonly<Record<string, readonly string[]>>;
}

export interface OutboxRecord {
  readonly header: OutboxHeader;
  /** JSON text in UTF-8. */
  readonly payload: Uint8Array;
}

const LINE_FEED = 10;

/** Writes one outbox record. `payload` is JSON text. */
export function encodeOutbox(header: OutboxHeader, payload: string): Uint8Array {
  return Buffer.from(`${JSON.stringify(header)}\n${payload}`);
}

/** Reads one outbox record; the payload is a view on `bytes`. */
export function decodeOutbox(bytes: Uint8Array): OutboxRecord {
  const end = bytes.indexOf(LINE_FEED);
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, end).toString("utf8");
  return { header: JSON.parse(text) as OutboxHeader, payload: bytes.subarray(end + 1) };
}
