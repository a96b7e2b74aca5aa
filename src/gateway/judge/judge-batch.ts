// Judges a batch of raw records into what one transaction will write. Nothing here touches the disk.
import { AppError, type JournalRecord, type Log } from "../../core/index.ts";
import { releaseOf } from "../../plan/index.ts";
import type { Geolocate } from "../enrich/geolocation.ts";
import { contentOf } from "../enrich/insert-id.ts";
import type { OldIdOwners } from "../old-ids/owners.ts";
import type { WaitingOldIds } from "../old-ids/waiting.ts";
import { type QuarantinedItem, type QuarantineRecord, quarantineId } from "../quarantine/record.ts";
import { decodeRaw, type RawRecord } from "../raw-record.ts";
import type { ReceivedItem, Receiver } from "../receiver.ts";
import type { SourceSettings, SourceTable } from "../sources.ts";
import { type DedupWindow, fingerprintOf } from "./dedup-window.ts";
import { type IdentifiedEvent, identifyEvent, type ItemPlace, type Judged, judgeItem } from "./judge-item.ts";
import type { PeopleLinks } from "./people-links.ts";
import type { PlanSnapshot } from "./snapshot.ts";
import { VerdictCounts } from "./verdict-counts.ts";

/** One verdict as it falls, for people who watch. Names only. */
export interface VerdictNotice {
  readonly at: number;
  readonly source: string;
  readonly name: string;
  readonly judged: Pick<Judged, "verdict" | "findings" | "repairs">;
}

export interface BatchContext {
  readonly snapshot: PlanSnapshot;
  readonly sources: SourceTable;
  readonly receivers: ReadonlyMap<string, Receiver>;
  readonly geolocate: Geolocate | undefined;
  readonly dedup: DedupWindow;
  readonly links: PeopleLinks | undefined;
  readonly oldIds: OldIdOwners | undefined;
  readonly waiting: WaitingOldIds | undefined;
  readonly log: Log;
  readonly onVerdict: ((notice: VerdictNotice) => void) | undefined;
}

export interface JudgedBatch {
  readonly outbox: readonly string[];
  readonly quarantine: readonly QuarantineRecord[];
  readonly counts: VerdictCounts;
  readonly events: number;
}

/** The item of a request that the judge may not or need not judge. */
function refusalOf(source: SourceSettings | undefined, record: RawRecord): string | undefined {
  if (source === undefined) return "unknown-token";
  const { origin } = record.header;
  return origin !== undefined && !source.origins.includes(origin) ? "origin-not-listed" : undefined;
}

/** Numbers equal items within one request, so that two equal clicks are two and a repeated request is not. */
class Repetitions {
  readonly #seen = new Map<string, number>();

  next(item: ReceivedItem): number {
    if (
      item.kind !== "event" ||
      item.properties["$insert_id"] !== undefined ||
      item.clientEventId !== undefined
    )
      return 0;
    const content = contentOf(item.event, item.properties);
    const before = this.#seen.get(content) ?? 0;
    this.#seen.set(content, before + 1);
    return before;
  }
}

/** Quarantine outlives a token. */
function withoutToken(item: QuarantinedItem): QuarantinedItem {
  if (item.kind !== "event" || item.properties["token"] === undefined) return item;
  const { token: _, ...properties } = item.properties;
  return { ...item, properties };
}

function isRepeated(
  item: Extract<ReceivedItem, { kind: "event" }>,
  { insertId, time }: IdentifiedEvent,
  dedup: DedupWindow,
): boolean {
  // An id made from the position is new by construction.
  if (insertId.kind === "position") return false;
  const { distinct_id: sent } = item.properties;
  const distinctId = typeof sent === "string" ? sent : JSON.stringify(sent ?? null);
  const at = time.kind === "sent" ? time.at : "";
  return dedup.isRepeated(
    fingerprintOf(`${item.token}\0${item.event}\0${distinctId}\0${at}\0${insertId.id}`),
  );
}

class Batch {
  readonly outbox: string[] = [];
  readonly quarantine: QuarantineRecord[] = [];
  readonly counts = new VerdictCounts();
  events = 0;
  readonly #context: BatchContext;

  constructor(context: BatchContext) {
    this.#context = context;
  }

  judgeRecord({ position, bytes }: JournalRecord): void {
    const record = decodeRaw(bytes);
    const receiver = this.#context.receivers.get(record.header.receiver);
    if (!receiver) return this.#undecodable(position, record, "receiver-unknown");
    const decoded = receiver.decode(record, { wasAdmitted: true });
    if (decoded.kind !== "items") return this.#undecodable(position, record, decoded.kind);
    const repetitions = new Repetitions();
    const { receivedAt, clientAddress, query } = record.header;
    const ipParameter = query.includes("ip=")
      ? (new URLSearchParams(query).get("ip") ?? undefined)
      : undefined;
    for (const [index, item] of decoded.items.entries()) {
      const source = this.#context.sources.find(item.token);
      const refused = refusalOf(source, record);
      if (source === undefined || refused !== undefined) {
        this.counts.refused(refused ?? "unknown-token");
        continue;
      }
      const place: ItemPlace = {
        receivedAt,
        position,
        clientAddress,
        ipParameter,
        index,
        repetition: repetitions.next(item),
        identified: undefined,
      };
      this.#judgeItem(item, source, place);
    }
  }

  #judgeItem(item: ReceivedItem, source: SourceSettings, place: ItemPlace): void {
    if (item.kind === "mark") return;
    this.events += 1;
    const { snapshot, geolocate, dedup, links, oldIds, waiting, onVerdict } = this.#context;
    if (item.kind === "event") {
      place.identified = identifyEvent(item, place);
      if (isRepeated(item, place.identified, dedup)) {
        this.counts.repeated(source.id);
        return;
      }
    }
    const context = { snapshot, source, geolocate, links, oldIds, waiting };
    for (const [part, judged] of judgeItem(item, context, place).entries()) {
      this.counts.add(source.id, judged);
      if (judged.outbox) this.outbox.push(judged.outbox);
      if (judged.verdict === "quarantined") this.#quarantine(judged, source, { ...place, part });
      onVerdict?.({ at: place.receivedAt, source: source.id, name: judged.name, judged });
    }
  }

  #quarantine(judged: Judged, source: SourceSettings, place: ItemPlace & { readonly part: number }): void {
    const properties =
      judged.item.kind === "event"
        ? judged.item.properties
        : judged.item.kind === "profile"
          ? judged.item.modifiers
          : {};
    const id = quarantineId(place);
    const { waitsFor } = judged;
    this.#context.waiting?.add(id, waitsFor);
    this.quarantine.push({
      id,
      state: "waiting",
      changedAt: place.receivedAt,
      receivedAt: place.receivedAt,
      source: source.id,
      release: releaseOf(properties),
      name: judged.name,
      findings: judged.findings,
      plan: this.#context.snapshot.hash,
      item: withoutToken(judged.item),
      position: place.position,
      index: place.index,
      repetition: place.repetition,
      clientAddress: place.clientAddress,
      ...(place.ipParameter === undefined ? {} : { ipParameter: place.ipParameter }),
      ...(waitsFor.length === 0 ? {} : { waitsFor }),
    });
  }

  /** Admission decoded it, so this is a receiver that went away or a changed limit. The bytes stay in `raw`. */
  #undecodable(position: number, record: RawRecord, reason: string): void {
    this.counts.refused(reason);
    this.#context.log.error(
      { position, receiver: record.header.receiver, reason },
      "a received request can no longer be decoded; it stays in the raw log",
    );
  }
}

/** Judges records, oldest first. A record that makes the judge throw is reported and skipped: it must not stop what comes after. */
export function judgeBatch(records: readonly JournalRecord[], context: BatchContext): JudgedBatch {
  const batch = new Batch(context);
  for (const record of records) {
    try {
      batch.judgeRecord(record);
    } catch (error) {
      batch.counts.refused("judge-failed");
      context.log.error(
        {
          position: record.position,
          code: error instanceof AppError ? error.code : "INTERNAL",
          reason: error instanceof Error ? error.name : "",
        },
        "a received request could not be judged; it stays in the raw log",
      );
    }
  }
  return batch;
}
