// Lets out what waited for the owner of an old id, once that is known: judged again under today's plan, in the order in which it arrived.
// Invariant: what goes to the outbox, the record's new state and the end of its waiting are one transaction.
import {
  appendOutbox,
  type Clock,
  type Journal,
  type Log,
  type Metrics,
  OUTBOX_LOG,
} from "../../core/index.ts";
import type { Geolocate } from "../enrich/geolocation.ts";
import type { Judged } from "../judge/judge-item.ts";
import type { PeopleLinks } from "../judge/people-links.ts";
import type { PlanSnapshot } from "../judge/snapshot.ts";
import { showQuarantined } from "../quarantine/find-quarantined.ts";
import { judgeAgain } from "../quarantine/judge-again.ts";
import { encodeQuarantine, QUARANTINE_TABLE, type QuarantineRecord } from "../quarantine/record.ts";
import type { SourceTable } from "../sources.ts";
import { isKnownOldId, type OldIdOwners, oldIdsVersion } from "./owners.ts";
import {
  endWaiting,
  noteWaiting,
  readWaiting,
  WAITING_TABLE,
  type WaitingOldIds,
  type WaitingRecord,
} from "./waiting.ts";

export interface ReleaseContext {
  readonly journal: Journal;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly sources: SourceTable;
  readonly snapshot: PlanSnapshot;
  readonly geolocate: Geolocate | undefined;
  readonly links: PeopleLinks | undefined;
  readonly owners: OldIdOwners;
}

/** Records of one transaction. */
const CHUNK_RECORDS = 500;
/** Records that one look finds, in all and for one hash; the next look finds the rest. */
const FOUND_MAX = 50_000;
const FOUND_OF_HASH_MAX = 5000;
/** Looking takes a twentieth of the time at most. */
const LOOK_EVERY_MS = 200;
const LOOK_SHARE = 20;

/** What became of a chunk of records. */
interface Chunk {
  readonly outbox: string[];
  readonly changed: QuarantineRecord[];
  readonly begun: WaitingRecord[];
}

export class OldIdRelease {
  readonly #waiting: WaitingOldIds;
  /** What the last look found, the oldest first. Hashes of it still hold back what comes later: the next look finds that. */
  #due: WaitingRecord[] = [];
  /** State of both tables at the last look that found nothing due. */
  #seen: string | undefined;
  #lookAt = 0;

  constructor(waiting: WaitingOldIds) {
    this.#waiting = waiting;
  }

  /** Lets out one chunk of what is due; false when nothing was. */
  async once(context: ReleaseContext): Promise<boolean> {
    if (this.#due.length === 0) this.#look(context);
    if (this.#due.length === 0) return false;
    const chunk = takeChunk(this.#due);
    await release(chunk, context);
    this.#due = this.#due.slice(chunk.length);
    if (this.#due.length === 0) this.#waiting.refresh();
    return true;
  }

  #look({ journal, metrics }: ReleaseContext): void {
    const started = performance.now();
    if (started < this.#lookAt) return;
    const state = `${journal.table(WAITING_TABLE).count()} ${oldIdsVersion(journal)}`;
    if (state !== this.#seen) {
      const hashes = this.#waiting.refresh();
      metrics.gauge("plumbline_waiting_old_ids", {}, hashes.size);
      this.#due = readDue(journal, hashes);
      this.#seen = this.#due.length === 0 ? state : undefined;
    }
    const now = performance.now();
    if (this.#due.length === 0) this.#lookAt = now + Math.max(LOOK_EVERY_MS, (now - started) * LOOK_SHARE);
  }
}

/** What waits for somebody who is known by now. The ids of records sort by arrival. */
function readDue(journal: Journal, hashes: ReadonlySet<string>): WaitingRecord[] {
  const due: WaitingRecord[] = [];
  for (const hash of hashes) {
    if (due.length >= FOUND_MAX) break;
    if (isKnownOldId(journal, hash)) due.push(...readWaiting(journal, hash, FOUND_OF_HASH_MAX));
  }
  return due.sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
}

/** The first records; one that waits for several hashes is never parted. */
function takeChunk(due: readonly WaitingRecord[]): readonly WaitingRecord[] {
  let end = Math.min(CHUNK_RECORDS, due.length);
  while (end < due.length && due[end]?.id === due[end - 1]?.id) end += 1;
  return due.slice(0, end);
}

async function release(found: readonly WaitingRecord[], context: ReleaseContext): Promise<void> {
  const { journal, metrics, links } = context;
  const chunk: Chunk = { outbox: [], changed: [], begun: [] };
  for (const id of new Set(found.map((one) => one.id))) judgeWaiting(id, chunk, context);
  await journal.write((write) => {
    appendOutbox(write, OUTBOX_LOG, chunk.outbox);
    for (const record of chunk.changed) write.put(QUARANTINE_TABLE, record.id, encodeQuarantine(record));
    endWaiting(write, found);
    noteWaiting(write, chunk.begun);
    links?.save(write);
  });
  links?.committed();
  metrics.count("plumbline_released_total", { reason: "old-id" }, chunk.outbox.length);
}

function judgeWaiting(id: string, chunk: Chunk, context: ReleaseContext): void {
  const { journal, sources, owners, clock, snapshot } = context;
  const record = showQuarantined(journal, id);
  // It went by itself: replayed, discarded, or too old.
  if (record?.state !== "waiting") return;
  let judged: Judged | undefined;
  try {
    judged = judgeAgain(record, { ...context, sources: sources.all, oldIds: owners });
  } catch (error) {
    // One that makes the judge throw must not stop the others; it stays for a person to replay.
    const reason = error instanceof Error ? error.name : "";
    context.log.error({ record: id, reason }, "a record in quarantine could not be judged again");
    return;
  }
  const changed = { ...record, changedAt: clock.now(), plan: snapshot.hash };
  if (judged?.outbox !== undefined) {
    chunk.outbox.push(judged.outbox);
    chunk.changed.push({ ...changed, state: "replayed" });
  } else if (judged !== undefined && judged.verdict !== "quarantined")
    chunk.changed.push({ ...changed, state: "discarded" });
  else chunk.changed.push({ ...changed, ...stillWaiting(judged, id, chunk) });
}

function stillWaiting(
  judged: Judged | undefined,
  id: string,
  chunk: Chunk,
): Pick<QuarantineRecord, "findings" | "waitsFor"> | Record<string, never> {
  if (judged === undefined) return {};
  chunk.begun.push(...judged.waitsFor.map((hash) => ({ hash, id })));
  return { findings: judged.findings, waitsFor: judged.waitsFor };
}
