// Finds what waits for somebody who is known by now: at once by the news of whoever knows the users, and by a walk over all that waits, a little at a
// time, which also counts it. Invariant: news go only when nothing waits for any of their hashes.
import type { Clock, Journal, Metrics } from "../../core/index.ts";
import { RAW_LOG } from "../raw-record.ts";
import { isKnownOldId, OLD_ID_NEWS_TABLE, type OldIdNews, readOldIdNews } from "./owners.ts";
import {
  countPage,
  NOTHING_WAITS,
  readWaiting,
  readWaitingPage,
  WAITING_TABLE,
  type WaitingCount,
  type WaitingRecord,
} from "./waiting.ts";

interface DueContext {
  readonly journal: Journal;
  readonly clock: Clock;
  readonly metrics: Metrics;
}

/** Records that one look finds, in all and for one hash; the next look finds the rest. */
const FOUND_MAX = 50_000;
const FOUND_OF_HASH_MAX = 5000;
/** News looked at before the judge goes on. */
const NEWS_AT_ONCE = 20;
const WALK_PAGE_ENTRIES = 1000;
/** The walk takes a twentieth of the time at most, and begins again after a pause. */
const WALK_SHARE = 20;
const WALK_AGAIN_MS = 1000;

/** What waits for a hash may be as much as one look finds. */
function readDue(journal: Journal, hashes: Iterable<string>): WaitingRecord[] {
  const due: WaitingRecord[] = [];
  for (const hash of hashes) {
    if (due.length >= FOUND_MAX) break;
    if (isKnownOldId(journal, hash)) due.push(...readWaiting(journal, hash, FOUND_OF_HASH_MAX));
  }
  // The ids of records sort by arrival.
  return due.toSorted((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
}

export class DueOldIds {
  #count: WaitingCount = NOTHING_WAITS;
  #last: WaitingRecord | undefined;
  #walkAt = 0;

  /** What is due, the oldest first; empty when nothing was found this time. */
  async look(context: DueContext): Promise<readonly WaitingRecord[]> {
    const { journal } = context;
    // Reads from here on see what the judge has written last: news that are taken are not told again.
    journal.position(RAW_LOG, "");
    const isAny = journal.table(WAITING_TABLE).count() > 0;
    const due = await this.#readNews(journal, isAny);
    return due.length > 0 ? due : this.#walk(context, isAny);
  }

  async #readNews(journal: Journal, isAny: boolean): Promise<readonly WaitingRecord[]> {
    for (let looked = 0; looked < NEWS_AT_ONCE; looked += 1) {
      const news: OldIdNews | undefined = readOldIdNews(journal);
      if (news === undefined) return [];
      const due = isAny ? readDue(journal, news.hashes) : [];
      if (due.length > 0) return due;
      await journal.write((write) => write.delete(OLD_ID_NEWS_TABLE, news.key), { flush: false });
      if (isAny) return [];
    }
    return [];
  }

  /** One page of the walk. */
  #walk({ journal, clock, metrics }: DueContext, isAny: boolean): readonly WaitingRecord[] {
    const started = performance.now();
    if (started < this.#walkAt) return [];
    const page = isAny ? readWaitingPage(journal, { after: this.#last, limit: WALK_PAGE_ENTRIES }) : [];
    this.#count = countPage(this.#count, page, this.#last);
    this.#last = page.at(-1);
    const isLast = page.length < WALK_PAGE_ENTRIES;
    if (isLast) this.#tell(metrics, clock.now());
    const due = readDue(journal, new Set(page.map(({ hash }) => hash)));
    const now = performance.now();
    this.#walkAt = now + (isLast ? WALK_AGAIN_MS : (now - started) * WALK_SHARE);
    return due;
  }

  #tell(metrics: Metrics, now: number): void {
    const { ids, records, oldestAt } = this.#count;
    metrics.gauge("plumbline_waiting_old_ids", {}, ids);
    metrics.gauge("plumbline_waiting_old_id_records", {}, records);
    metrics.gauge("plumbline_waiting_old_id_oldest_seconds", {}, Math.max(0, now - (oldestAt ?? now)) / 1000);
    this.#count = NOTHING_WAITS;
    this.#last = undefined;
  }
}
