// Every finding about capture, each with one level and a page in docs/findings. `error`: capture cannot run, or the application's writes fail.
import type { Finding, FindingLevel } from "../../core/index.ts";
import { shortName, type TableName } from "../database/identifiers.ts";

export const CAPTURE_FINDINGS = {
  "capture-version": "error",
  "capture-wal-level": "error",
  "capture-rights": "error",
  "capture-standby": "error",
  "capture-method-impossible": "error",
  "capture-poll-column": "error",
  "capture-unknown-table": "warn",
  "capture-nullable-link": "warn",
  "capture-not-set-up": "error",
  "capture-identity-lost": "error",
  "capture-full-with-columns": "error",
  "capture-published-table-missing": "error",
  "capture-partition-identity": "warn",
  "capture-partition-changes": "info",
  "capture-slots-full": "error",
  "capture-slot-taken": "error",
  "capture-slot-lost": "error",
  "capture-slot-budget": "warn",
  "capture-trigger-disabled": "error",
  "capture-session-replication-role": "warn",
  "capture-all-tables": "warn",
  "capture-synchronous-standby": "info",
} as const satisfies Readonly<Record<string, FindingLevel>>;

export type CaptureFindingId = keyof typeof CAPTURE_FINDINGS;

/** Makes a finding at a table of the configuration, or at `capture` as a whole. */
export function captureFinding(
  id: CaptureFindingId,
  table: TableName | undefined,
  text: { readonly message: string; readonly fix: string },
): Finding {
  const at = table === undefined ? "people.capture" : `people.capture.tables.${shortName(table)}`;
  return { id, level: CAPTURE_FINDINGS[id], at, ...text };
}

/** With one of these the changes cannot be read at all; whoever would start capture waits. */
const STOPS_CAPTURE: ReadonlySet<string> = new Set<CaptureFindingId>([
  "capture-version",
  "capture-wal-level",
  "capture-rights",
  "capture-standby",
  "capture-method-impossible",
  "capture-poll-column",
  "capture-not-set-up",
  "capture-published-table-missing",
  "capture-slot-taken",
]);

/** Whether capture can start. A slot that is lost does not stand in its way: a new one is made, and everybody is compared. */
export function isReadyToCapture(findings: readonly Finding[]): boolean {
  return !findings.some(({ id }) => STOPS_CAPTURE.has(id));
}
