// What a new plan would have done to the traffic that is still in `raw`, beside what the plan of today does. Reads only.
import type { EpochMs, Journal, Verdict } from "../../core/index.ts";
import { type Judged, judgeItem } from "../judge/judge-item.ts";
import type { PlanSnapshot } from "../judge/snapshot.ts";
import type { OldIdOwners } from "../old-ids/owners.ts";
import { releaseOf } from "../../plan/index.ts";
import { decodeRaw, RAW_LOG } from "../raw-record.ts";
import type { Receiver } from "../receiver.ts";
import type { SourceTable } from "../sources.ts";

export interface PreviewOptions {
  readonly journal: Journal;
  readonly receivers: readonly Receiver[];
  readonly sources: SourceTable;
  readonly today: PlanSnapshot;
  readonly next: PlanSnapshot;
  /** Only requests received at or after. */
  readonly since: EpochMs;
  /** Whose old ids are, as known now; absent: nobody knows. */
  readonly oldIds?: OldIdOwners | undefined;
  readonly onProgress?: (requests: number) => void;
  /** Each event and profile operator with both judgements, for what the report does not count. */
  readonly onJudged?: (pair: JudgedPair) => void;
}

/** One event or profile operator, judged by both plans. */
export interface JudgedPair {
  readonly source: string;
  /** Of the app that sent it; empty where nothing says it. */
  readonly release: string;
  readonly name: string;
  readonly today: Pick<Judged, "verdict" | "repairs">;
  readonly next: Pick<Judged, "verdict" | "repairs">;
}

/** One kind of change: this event of this source, judged so today and otherwise by the new plan. */
export interface PreviewRow {
  readonly name: string;
  readonly source: string;
  readonly today: Verdict;
  readonly next: Verdict;
  readonly count: number;
  /** Findings that only the new plan makes, and that it no longer makes. */
  readonly gained: readonly string[];
  readonly lost: readonly string[];
}

export interface PreviewReport {
  readonly requests: number;
  readonly items: number;
  readonly changed: number;
  readonly verdicts: {
    readonly today: Readonly<Record<string, number>>;
    readonly next: Readonly<Record<string, number>>;
  };
  /** Changes, most frequent first. */
  readonly rows: readonly PreviewRow[];
  /** More kinds of changes than are listed. */
  readonly truncated: boolean;
}

/** Kinds of changes remembered: names come from outside. */
const ROWS_MAX = 2000;
const PAGE_RECORDS = 500;
const PAGE_BYTES = 4 * 2 ** 20;

interface Row extends Omit<PreviewRow, "count"> {
  count: number;
}

class Preview {
  requests = 0;
  items = 0;
  changed = 0;
  truncated = false;
  readonly today = new Map<string, number>();
  readonly next = new Map<string, number>();
  readonly rows = new Map<string, Row>();

  add(row: Omit<Row, "count">): void {
    this.items += 1;
    this.today.set(row.today, (this.today.get(row.today) ?? 0) + 1);
    this.next.set(row.next, (this.next.get(row.next) ?? 0) + 1);
    if (row.today === row.next && row.gained.length === 0 && row.lost.length === 0) return;
    this.changed += 1;
    const key = JSON.stringify(row);
    const known = this.rows.get(key);
    if (known) known.count += 1;
    else if (this.rows.size < ROWS_MAX) this.rows.set(key, { ...row, count: 1 });
    else this.truncated = true;
  }
}

function idsOf(findings: readonly { readonly id: string }[]): Set<string> {
  return new Set(findings.map(({ id }) => id));
}

function judgeRecord(bytes: Uint8Array, options: PreviewOptions, preview: Preview): void {
  const record = decodeRaw(bytes);
  if (record.header.receivedAt < options.since) return;
  preview.requests += 1;
  const receiver = options.receivers.find(({ kind }) => kind === record.header.receiver);
  const decoded = receiver?.decode(record);
  if (decoded?.kind !== "items") return;
  for (const [index, item] of decoded.items.entries()) {
    const source = options.sources.find(item.token);
    if (!source) continue;
    const place = {
      receivedAt: record.header.receivedAt,
      position: 0,
      clientAddress: "",
      ipParameter: "0",
      index,
      repetition: 0,
    };
    const release = item.kind === "event" ? releaseOf(item.properties) : "";
    const copy = item.kind === "event" ? { ...item, properties: { ...item.properties } } : item;
    const context = { source, geolocate: undefined, oldIds: options.oldIds };
    const today = judgeItem(copy, { ...context, snapshot: options.today }, place);
    const next = judgeItem(item, { ...context, snapshot: options.next }, place);
    for (const [part, before] of today.entries()) {
      const after = next[part];
      if (!after) continue;
      options.onJudged?.({ source: source.id, release, name: before.name, today: before, next: after });
      const had = idsOf(before.findings);
      const has = idsOf(after.findings);
      preview.add({
        name: before.name,
        source: source.id,
        today: before.verdict,
        next: after.verdict,
        gained: [...has].filter((id) => !had.has(id)),
        lost: [...had].filter((id) => !has.has(id)),
      });
    }
  }
}

/** Judges what `raw` still holds under both plans. Memory stays bounded; the journal may grow meanwhile. */
export function previewPlan(options: PreviewOptions): PreviewReport {
  const { journal, onProgress } = options;
  const preview = new Preview();
  const end = journal.stats(RAW_LOG).last;
  let after = 0;
  for (;;) {
    const records = journal.read(RAW_LOG, { after, limit: PAGE_RECORDS, maxBytes: PAGE_BYTES });
    const last = records.at(-1);
    if (!last) break;
    for (const { bytes } of records) judgeRecord(bytes, options, preview);
    after = last.position;
    onProgress?.(preview.requests);
    if (after >= end) break;
  }
  return {
    requests: preview.requests,
    items: preview.items,
    changed: preview.changed,
    verdicts: { today: Object.fromEntries(preview.today), next: Object.fromEntries(preview.next) },
    rows: [...preview.rows.values()].sort((a, b) => b.count - a.count),
    truncated: preview.truncated,
  };
}
