// A stretch of the outbox, decoded, with the order that must be kept. Pure.
import {
  type DeliveryKind,
  isObject,
  type JournalRecord,
  type OutboxHeader,
  type OutboxRecord,
  type Position,
  readOutboxEntry,
} from "../core/index.ts";

export interface OutboxItem {
  readonly position: Position;
  readonly record: OutboxRecord;
  /** JSON text, without what this destination must not get. */
  readonly payload: Uint8Array;
  /** Items of a lower wave are settled before this one is sent. */
  readonly wave: number;
}

function withoutNames(members: unknown, names: readonly string[]): unknown {
  if (Array.isArray(members)) return members.filter((member) => !names.includes(String(member)));
  if (!isObject(members)) return members;
  return Object.fromEntries(Object.entries(members).filter(([name]) => !names.includes(name)));
}

/** Takes the withheld properties out of an event or of an update's operator. */
function withhold(payload: Uint8Array, header: OutboxHeader, names: readonly string[]): Uint8Array {
  const value: unknown = JSON.parse(Buffer.from(payload).toString("utf8"));
  if (!isObject(value)) return payload;
  const member = header.kind === "event" ? "properties" : header.name;
  return Buffer.from(JSON.stringify({ ...value, [member]: withoutNames(value[member], names) }));
}

/** Of what kind an item is. */
export function kindOf({ record }: OutboxItem): DeliveryKind {
  return record.isPlain ? "event" : record.header.kind;
}

/** Whether sending an item twice does no harm. */
export function isRepeatable({ record }: OutboxItem): boolean {
  return record.isPlain || record.header.repeatable;
}

/**
 * Decodes what stands after a position, for a kind of provider. Every item that shares an id with an earlier identity event stands in a
 * later wave.
 */
export function readWindow(
  entries: readonly JournalRecord[],
  after: Position,
  providerKind: string,
): readonly OutboxItem[] {
  const barriers = new Map<string, number>();
  const records = entries.flatMap((entry) => readOutboxEntry(entry, after));
  return records.map(({ position, record }) => {
    let wave = 0;
    if (barriers.size > 0) for (const id of record.header.ids) wave = Math.max(wave, barriers.get(id) ?? 0);
    if (record.isPlain) return { position, record, payload: record.payload, wave };
    const { header } = record;
    if (header.link === true) for (const id of header.ids) barriers.set(id, wave + 1);
    const names = header.withhold?.[providerKind];
    const payload =
      names === undefined || names.length === 0 ? record.payload : withhold(record.payload, header, names);
    return { position, record, payload, wave };
  });
}

/** Splits into requests of at most `count` items and `bytes`; an item larger than that stands alone. */
export function splitByLimits(
  items: readonly OutboxItem[],
  limits: { readonly count: number; readonly bytes: number },
): readonly (readonly OutboxItem[])[] {
  const requests: OutboxItem[][] = [];
  let current: OutboxItem[] = [];
  let bytes = 0;
  for (const item of items) {
    const size = item.payload.length + 1;
    if (current.length > 0 && (current.length >= limits.count || bytes + size > limits.bytes)) {
      requests.push(current);
      current = [];
      bytes = 0;
    }
    current.push(item);
    bytes += size;
  }
  if (current.length > 0) requests.push(current);
  return requests;
}

/** Splits where kind or repeatability changes, keeping the order: what must not be repeated travels alone. */
export function splitByNature(items: readonly OutboxItem[]): readonly (readonly OutboxItem[])[] {
  const runs: OutboxItem[][] = [];
  let current: OutboxItem[] = [];
  for (const item of items) {
    const last = current.at(-1);
    if (last && (kindOf(last) !== kindOf(item) || isRepeatable(last) !== isRepeatable(item))) {
      runs.push(current);
      current = [];
    }
    current.push(item);
  }
  if (current.length > 0) runs.push(current);
  return runs;
}

/** Spreads items over lanes by what they are about, so that updates of one user keep their order. */
export function splitByLane(items: readonly OutboxItem[], lanes: number): readonly (readonly OutboxItem[])[] {
  const byLane = Array.from({ length: lanes }, (): OutboxItem[] => []);
  for (const item of items) {
    const id = item.record.header.ids[0] ?? "";
    let hash = 0;
    for (let index = 0; index < id.length; index++) hash = (Math.imul(hash, 31) + id.charCodeAt(index)) | 0;
    byLane[Math.abs(hash) % lanes]?.push(item);
  }
  return byLane.filter((lane) => lane.length > 0);
}
