// Reads quarantine records by filter, oldest first, one at a time: the table may be larger than memory.
import type { EpochMs, Journal } from "../../core/index.ts";
import { decodeQuarantine, QUARANTINE_TABLE, quarantineIdFrom, type QuarantineRecord } from "./record.ts";

export interface QuarantineFilter {
  /** Event name or profile operator, as received. */
  readonly name?: string;
  readonly source?: string;
  /** Id of a finding. */
  readonly finding?: string;
  /** Received at or after. */
  readonly since?: EpochMs;
  /** Received before. */
  readonly until?: EpochMs;
  /** Default: waiting ones only. */
  readonly state?: QuarantineRecord["state"] | "any";
  /** Continue behind this id. */
  readonly after?: string;
}

function matches(record: QuarantineRecord, filter: QuarantineFilter): boolean {
  const state = filter.state ?? "waiting";
  return (
    (state === "any" || record.state === state) &&
    (filter.name === undefined || record.name === filter.name) &&
    (filter.source === undefined || record.source === filter.source) &&
    (filter.finding === undefined || record.findings.some(({ id }) => id === filter.finding)) &&
    (filter.since === undefined || record.receivedAt >= filter.since)
  );
}

/** Entries read at a time, so that no read transaction stays open while the caller works. */
const PAGE_ENTRIES = 500;

/** Records that fit the filter, oldest first. */
export function* findQuarantined(journal: Journal, filter: QuarantineFilter): Generator<QuarantineRecord> {
  const table = journal.table(QUARANTINE_TABLE);
  let after = filter.after ?? (filter.since === undefined ? undefined : quarantineIdFrom(filter.since));
  for (;;) {
    const page = [...table.entries({ ...(after === undefined ? {} : { after }), limit: PAGE_ENTRIES })];
    for (const { value } of page) {
      const record = decodeQuarantine(value);
      if (filter.until !== undefined && record.receivedAt >= filter.until) return;
      if (matches(record, filter)) yield record;
    }
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE_ENTRIES) return;
    after = last.key;
  }
}

/** One record by its id. */
export function showQuarantined(journal: Journal, id: string): QuarantineRecord | undefined {
  const bytes = journal.table(QUARANTINE_TABLE).get(id);
  return bytes === undefined ? undefined : decodeQuarantine(bytes);
}

export interface QuarantineGroup {
  readonly name: string;
  readonly source: string;
  readonly finding: string;
  readonly count: number;
  readonly first: EpochMs;
  readonly last: EpochMs;
}

/** Counts records by name, source and first finding, most frequent first: what a person looks at before single records. */
export function summariseQuarantine(journal: Journal, filter: QuarantineFilter): readonly QuarantineGroup[] {
  const groups = new Map<string, QuarantineGroup>();
  for (const { name, source, findings, receivedAt } of findQuarantined(journal, filter)) {
    const finding = findings.find(({ level }) => level === "error")?.id ?? findings[0]?.id ?? "";
    const key = [name, source, finding].join("\0");
    const before = groups.get(key);
    groups.set(key, {
      name,
      source,
      finding,
      count: (before?.count ?? 0) + 1,
      first: Math.min(before?.first ?? receivedAt, receivedAt),
      last: Math.max(before?.last ?? receivedAt, receivedAt),
    });
  }
  return [...groups.values()].sort((a, b) => b.count - a.count);
}
