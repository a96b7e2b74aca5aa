// The record between judge and delivery: one judged event or profile update, ready to be sent to any destination.
// Layout: one byte for what most records are, the header as JSON in UTF-8, a line feed, the payload as JSON. The header never holds property values.
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
  /** An event that links nothing and withholds nothing: most are, and then nobody needs the header. */
  readonly isPlain: boolean;
  /** Read only when asked for: parsing it for each of a million events is what delivery would spend its time on. */
  readonly header: OutboxHeader;
  /** JSON text in UTF-8. */
  readonly payload: Uint8Array;
}

const LINE_FEED = 10;
const PLAIN = "p";
const OTHER = "x";
const PLAIN_BYTE = PLAIN.charCodeAt(0);

/** Writes one outbox record. `payload` is JSON text. */
export function encodeOutbox(header: OutboxHeader, payload: string): Uint8Array {
  const isPlain = header.kind === "event" && header.link === undefined && header.withhold === undefined;
  return Buffer.from(`${isPlain ? PLAIN : OTHER}${JSON.stringify(header)}\n${payload}`);
}

class DecodedRecord implements OutboxRecord {
  readonly payload: Uint8Array;
  readonly isPlain: boolean;
  readonly #bytes: Uint8Array;
  readonly #end: number;
  #header: OutboxHeader | undefined;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#end = bytes.indexOf(LINE_FEED);
    this.isPlain = bytes[0] === PLAIN_BYTE;
    this.payload = bytes.subarray(this.#end + 1);
  }

  get header(): OutboxHeader {
    if (this.#header === undefined) {
      const { buffer, byteOffset } = this.#bytes;
      const text = Buffer.from(buffer, byteOffset + 1, this.#end - 1).toString("utf8");
      this.#header = JSON.parse(text) as OutboxHeader;
    }
    return this.#header;
  }
}

/** Reads one outbox record; the payload is a view on `bytes`. */
export function decodeOutbox(bytes: Uint8Array): OutboxRecord {
  return new DecodedRecord(bytes);
}
