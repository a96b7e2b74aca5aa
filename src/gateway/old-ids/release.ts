// Lets out what waited for the owner of an old id, once that is known: judged again under today's plan, in the order in which it arrived.
// Invariant: what goes to the outbox, the record's new state and the end of its waiting are one transaction.
import type { Clock, Journal, Log, Metrics } from "../../core/index.ts";
import type { Geolocate } from "../enrich/geolocation.ts";
import type { Judged } from "../judge/judge-item.ts";
import type { PeopleLinks } from "../judge/people-links.ts";
import type { PlanSnapshot } from "../judge/snapshot.ts";
import { showQuarantined } from "../quarantine/find-quarantined.ts";
import { judgeAgain } from "../quarantine/judge-again.ts";
import type { QuarantineRecord } from "../quarantine/record.ts";
import { type SettledRecord, settleRecords } from "../quarantine/settle-records.ts";
import type { SourceTable } from "../sources.ts";
import { DueOldIds } from "./due.ts";
import type { OldIdOwners } from "./owners.ts";
import { endWaiting, type WaitingRecord } from "./waiting.ts";

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

export class OldIdRelease {
  readonly #found = new DueOldIds();
  /** What is due, the oldest first. */
  #due: readonly WaitingRecord[] = [];

  /** Lets out one chunk of what is due; false when nothing was. */
  async once(context: ReleaseContext): Promise<boolean> {
    if (this.#due.length === 0) this.#due = await this.#found.look(context);
    if (this.#due.length === 0) return false;
    const chunk = takeChunk(this.#due);
    await release(chunk, context);
    this.#due = this.#due.slice(chunk.length);
    return true;
  }
}

/** The first records; one that waits for several hashes is never parted. */
function takeChunk(due: readonly WaitingRecord[]): readonly WaitingRecord[] {
  let end = Math.min(CHUNK_RECORDS, due.length);
  while (end < due.length && due[end]?.id === due[end - 1]?.id) end += 1;
  return due.slice(0, end);
}

async function release(due: readonly WaitingRecord[], context: ReleaseContext): Promise<void> {
  const { journal, metrics, links } = context;
  const settled: SettledRecord[] = [];
  const gone: WaitingRecord[] = [];
  for (const id of new Set(due.map((one) => one.id))) {
    const record = showQuarantined(journal, id);
    // It went by itself: replayed, discarded, or too old.
    if (record?.state !== "waiting") gone.push(...due.filter((one) => one.id === id));
    else settled.push(judgeWaiting(record, context));
  }
  const written = await settleRecords(journal, settled, (write) => {
    endWaiting(write, gone);
    links?.save(write);
  });
  links?.committed();
  const released = written.filter(({ outbox }) => outbox !== undefined).length;
  metrics.count("plumbline_released_total", { reason: "old-id" }, released);
}

function judgeWaiting(before: QuarantineRecord, context: ReleaseContext): SettledRecord {
  const { sources, owners, clock, snapshot } = context;
  const changed = { ...before, changedAt: clock.now(), plan: snapshot.hash };
  let judged: Judged | undefined;
  try {
    judged = judgeAgain(before, { ...context, sources: sources.all, oldIds: owners });
  } catch (error) {
    // One that makes the judge throw must not stop the others; it stays for a person to replay.
    const reason = error instanceof Error ? error.name : "";
    context.log.error({ record: before.id, reason }, "a record in quarantine could not be judged again");
  }
  if (judged?.outbox !== undefined)
    return { before, after: { ...changed, state: "replayed" }, outbox: judged.outbox };
  if (judged === undefined) return { before, after: { ...changed, waitsFor: [] } };
  if (judged.verdict !== "quarantined") return { before, after: { ...changed, state: "discarded" } };
  const { findings, waitsFor } = judged;
  return { before, after: { ...changed, findings, waitsFor } };
}
