// The record between judge and delivery: one judged event or profile update, ready to be sent to any destination.
// Layout: one byte for what most records are, the header as JSON in UTF-8, a line feed, the payload as JSON. The header never holds property values.
// In the journal many of them share one entry, each behind its length: writing, reading and trimming one by one would cost more than judging.
import type { DeliveryKind, EpochMs, JournalRecord, JournalWrite, Position } from "./ports.ts";

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

/** Small enough that a freed entry's pages are soon used again. */
const ENTRY_MAX_BYTES = 32 * 2 ** 10;
const LENGTH_BYTES = 4;

/** Appends encoded records to the outbox, or to a log of the same form, in order. Each has a position of its own. */
export function appendOutbox(write: JournalWrite, log: string, records: readonly Uint8Array[]): void {
  let start = 0;
  let size = 0;
  const flush = (end: number): void => {
    if (end === start) return;
    const entry = Buffer.allocUnsafe(size);
    let at = 0;
    for (let index = start; index < end; index++) {
      const record = records[index] ?? entry;
      entry.writeUInt32LE(record.length, at);
      entry.set(record, at + LENGTH_BYTES);
      at += LENGTH_BYTES + record.length;
    }
    write.append(log, entry, end - start);
    start = end;
    size = 0;
  };
  for (const [index, record] of records.entries()) {
    const length = LENGTH_BYTES + record.length;
    if (size + length > ENTRY_MAX_BYTES) flush(index);
    size += length;
  }
  flush(records.length);
}

export interface PlacedRecord {
  readonly position: Position;
  readonly record: OutboxRecord;
}

/** The records of one journal entry that stand after a position. */
export function readOutboxEntry(entry: JournalRecord, after: Position): readonly PlacedRecord[] {
  const { bytes } = entry;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const found: OutboxRecord[] = [];
  for (let at = 0; at < bytes.length; ) {
    const start = at + LENGTH_BYTES;
    at = start + view.getUint32(at, true);
    found.push(decodeOutbox(bytes.subarray(start, at)));
  }
  const first = entry.position - found.length + 1;
  return found
    .map((record, index) => ({ position: first + index, record }))
    .filter(({ position }) => position > after);
}
