// The record between judge and delivery: one judged event or profile update, ready to be sent to any destination.
// Layout: a letter for the header's form, the header, a line feed, the payload as JSON; all UTF-8. The header never holds property values but ids.
// `p`, what most records are: time, source, name and ids with tabs between them. `x`, everything else: the header as JSON.
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
  /** An ordinary event: it links nothing and withholds nothing, and may be repeated. */
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
const SEPARATOR = "\t";

/** The header without JSON, where it is an ordinary event's and nothing in it could be taken for a separator. */
function plainHeader({ kind, link, withhold, time, source, name, ids }: OutboxHeader): string | undefined {
  if (kind !== "event" || link !== undefined || withhold !== undefined) return undefined;
  const fields = 3 + ids.length;
  let text = `${time}${SEPARATOR}${source}${SEPARATOR}${name}`;
  for (const id of ids) text += SEPARATOR + id;
  const isSafe = !text.includes("\n") && countSeparators(text) === fields - 1;
  return isSafe ? text : undefined;
}

function countSeparators(text: string): number {
  let count = 0;
  for (let at = text.indexOf(SEPARATOR); at >= 0; at = text.indexOf(SEPARATOR, at + 1)) count++;
  return count;
}

function parsePlainHeader(text: string): OutboxHeader {
  const [time = "", source = "", name = "", ...ids] = text.split(SEPARATOR);
  return { kind: "event", ids, repeatable: true, source, name, time: Number(time) };
}

/** Writes one outbox record, as text. `payload` is JSON text. */
export function encodeOutbox(header: OutboxHeader, payload: string): string {
  const plain = plainHeader(header);
  return plain === undefined
    ? `${OTHER}${JSON.stringify(header)}\n${payload}`
    : `${PLAIN}${plain}\n${payload}`;
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
      this.#header = this.isPlain ? parsePlainHeader(text) : (JSON.parse(text) as OutboxHeader);
    }
    return this.#header;
  }
}

/** Reads one outbox record; the payload is a view on `bytes`. */
function decodeOutbox(bytes: Uint8Array): OutboxRecord {
  return new DecodedRecord(bytes);
}

/** Small enough that a freed entry's pages are soon used again. */
const ENTRY_MAX_BYTES = 32 * 2 ** 10;
const LENGTH_BYTES = 4;

/** Bytes of one UTF-16 unit in UTF-8, at most. */
const UNIT_MAX_BYTES = 3;

/** Appends encoded records to the outbox, or to a log of the same form, in order. Each has a position of its own. */
export function appendOutbox(write: JournalWrite, log: string, records: readonly string[]): void {
  let entry = Buffer.allocUnsafe(2 * ENTRY_MAX_BYTES);
  let size = 0;
  let count = 0;
  const flush = (): void => {
    // The journal copies what it is given, so the room can be used again.
    if (count > 0) write.append(log, entry.subarray(0, size), count);
    size = 0;
    count = 0;
  };
  for (const record of records) {
    const room = LENGTH_BYTES + record.length * UNIT_MAX_BYTES;
    if (size + room > entry.length) {
      flush();
      if (room > entry.length) entry = Buffer.allocUnsafe(room);
    }
    const length = entry.write(record, size + LENGTH_BYTES);
    entry.writeUInt32LE(length, size);
    size += LENGTH_BYTES + length;
    count += 1;
    if (size >= ENTRY_MAX_BYTES) flush();
  }
  flush();
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
