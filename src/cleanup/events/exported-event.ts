// An event of the raw export, on its way to be imported again: what ingestion wrote into it, and the id that makes the import happen once.
import { createHash } from "node:crypto";

/** An event as it was exported. */
export interface ExportedEvent {
  readonly event: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

/** Written by ingestion, which writes them again. Source (read 2026-11): Mixpanel "Property reference". */
const STAMPS: ReadonlySet<string> = new Set([
  "token",
  "mp_processing_time_ms",
  "$import",
  "$mp_api_endpoint",
  "$mp_api_timestamp_ms",
  "$mp_event_size",
  "$distinct_id_before_identity",
  "$identity_failure_reason",
  "$failure_reason",
  "$failure_description",
]);
/** Longest insert id. Source (read 2026-11): Mixpanel "Import Events". */
const INSERT_ID_CHARACTERS = 36;

/** Its properties as they were sent. */
export function sentProperties({ properties }: ExportedEvent): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(properties).filter(([name]) => !STAMPS.has(name)));
}

/** The same parts give the same id. */
export function derivedInsertId(parts: readonly unknown[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, INSERT_ID_CHARACTERS);
}
