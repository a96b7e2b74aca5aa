// Judges quarantined records again under today's plan, and lets out what now fits. The record keeps its time and its insert id.
// Invariant: what goes to the outbox and the change of state are one transaction, so a replay that is stopped and started again sends nothing twice.
import type { Clock, Journal } from "../../core/index.ts";
import type { Geolocate } from "../enrich/geolocation.ts";
import type { Judged } from "../judge/judge-item.ts";
import { PeopleLinks } from "../judge/people-links.ts";
import type { PlanSnapshot } from "../judge/snapshot.ts";
import type { SourceSettings } from "../sources.ts";
import type { OldIdOwners } from "../old-ids/owners.ts";
import { findQuarantined, type QuarantineFilter } from "./find-quarantined.ts";
import { judgeAgain } from "./judge-again.ts";
import type { QuarantineRecord } from "./record.ts";
import { type SettledRecord, settleRecords } from "./settle-records.ts";

export interface ReplayOptions {
  readonly journal: Journal;
  readonly clock: Clock;
  readonly snapshot: PlanSnapshot;
  readonly sources: readonly SourceSettings[];
  readonly filter: QuarantineFilter;
  /** False: only say what would happen. */
  readonly apply: boolean;
  readonly geolocate?: Geolocate;
  /** As the judge has it. */
  readonly neverJoins?: boolean;
  /** Whose old ids are; absent: nobody knows. */
  readonly oldIds?: OldIdOwners | undefined;
  readonly onProgress?: (report: ReplayReport) => void;
}

export interface ReplayReport {
  readonly examined: number;
  /** Went out, or would. */
  readonly released: number;
  /** Still quarantined. */
  readonly kept: number;
  /** Today's plan lets them go. */
  readonly dropped: number;
  /** By name, and by the finding that keeps it. */
  readonly released_by_name: Readonly<Record<string, number>>;
  readonly kept_by_finding: Readonly<Record<string, number>>;
}

/** Records in one transaction. */
const CHUNK_RECORDS = 500;

class Report {
  examined = 0;
  released = 0;
  kept = 0;
  dropped = 0;
  readonly #byName = new Map<string, number>();
  readonly #byFinding = new Map<string, number>();

  add(record: QuarantineRecord, judged: Judged | undefined): "released" | "kept" | "dropped" {
    this.examined += 1;
    if (judged?.outbox) {
      this.released += 1;
      this.#byName.set(record.name, (this.#byName.get(record.name) ?? 0) + 1);
      return "released";
    }
    // Nothing of it may go out (all stripped), or the plan lets it go: either way it no longer waits.
    if (judged && judged.verdict !== "quarantined") {
      this.dropped += 1;
      return "dropped";
    }
    this.kept += 1;
    const findings = judged?.findings ?? record.findings;
    const finding = findings.find(({ level }) => level === "error")?.id ?? "unknown-source";
    this.#byFinding.set(finding, (this.#byFinding.get(finding) ?? 0) + 1);
    return "kept";
  }

  snapshot(): ReplayReport {
    return {
      examined: this.examined,
      released: this.released,
      kept: this.kept,
      dropped: this.dropped,
      released_by_name: Object.fromEntries(this.#byName),
      kept_by_finding: Object.fromEntries(this.#byFinding),
    };
  }
}

/** Replays what the filter selects among the waiting records. Resumable: records that went out are no longer waiting. */
export async function replayQuarantine(options: ReplayOptions): Promise<ReplayReport> {
  const { journal, clock, apply, onProgress } = options;
  const report = new Report();
  const links = options.neverJoins === true ? undefined : new PeopleLinks(journal);
  let settled: SettledRecord[] = [];
  const commit = async (): Promise<void> => {
    if (settled.length > 0 && apply) await settleRecords(journal, settled, (write) => links?.save(write));
    settled = [];
    onProgress?.(report.snapshot());
  };
  for (const record of findQuarantined(journal, { ...options.filter, state: "waiting" })) {
    const judged = judgeAgain(record, { ...options, links });
    const outcome = report.add(record, judged);
    const changed = { ...record, changedAt: clock.now(), plan: options.snapshot.hash };
    if (outcome !== "kept") {
      const state = outcome === "released" ? "replayed" : "discarded";
      settled.push({ before: record, after: { ...changed, state }, outbox: judged?.outbox });
    } else if (judged && (judged.waitsFor.length > 0 || (record.waitsFor ?? []).length > 0)) {
      // Refused before the plan translated such ids: from now on it is let out by itself. Or the other way round.
      const { findings, waitsFor } = judged;
      settled.push({ before: record, after: { ...changed, findings, waitsFor } });
    }
    if (report.examined % CHUNK_RECORDS === 0) await commit();
  }
  await commit();
  return report.snapshot();
}

export interface DiscardOptions {
  readonly journal: Journal;
  readonly clock: Clock;
  readonly filter: QuarantineFilter;
  readonly apply: boolean;
}

/** Marks what the filter selects as discarded: it is kept until retention removes it, and never replayed. Returns how many. */
export async function discardQuarantine(options: DiscardOptions): Promise<number> {
  const { journal, clock, apply } = options;
  let discarded = 0;
  let chunk: SettledRecord[] = [];
  const commit = async (): Promise<void> => {
    if (apply) discarded += (await settleRecords(journal, chunk)).length;
    else discarded += chunk.length;
    chunk = [];
  };
  for (const record of findQuarantined(journal, { ...options.filter, state: "waiting" })) {
    chunk.push({ before: record, after: { ...record, state: "discarded", changedAt: clock.now() } });
    if (chunk.length >= CHUNK_RECORDS) await commit();
  }
  await commit();
  return discarded;
}
