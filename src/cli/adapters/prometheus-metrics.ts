// The metrics port on prom-client. Series are made at their first use; the names and label sets are few by the port's contract.
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { Labels, Metrics } from "../../core/index.ts";

/** Upper bounds of latencies, in seconds: from a flush to a slow provider. */
const BUCKETS_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** Every metric by name, with its help text; `docs/guide/operating.md` and `docs/guide/people-operating.md` list them. */
export const METRICS_HELP: Readonly<Record<string, string>> = {
  plumbline_received_requests_total: "Requests by receiver, route and outcome",
  plumbline_received_events_total: "Events and updates acknowledged, by source",
  plumbline_received_marks_total: "Users marked by requests, committed",
  plumbline_refused_total: "Items or requests not taken in, by reason",
  plumbline_ack_seconds: "From the request's head to its answer",
  plumbline_verdicts_total: "Verdicts by event and source",
  plumbline_repairs_total: "Repairs by rule",
  plumbline_findings_total: "Findings by id and source",
  plumbline_enrichments_total: "What the gateway added itself, by rule",
  plumbline_repeated_events_total: "Repetitions recognised and dropped",
  plumbline_judged_events_total: "Items judged",
  plumbline_judge_batch_seconds: "CPU time of judging one batch",
  plumbline_judge_refused_total: "Items not judged, by reason",
  plumbline_journal_records: "Records in a log",
  plumbline_journal_bytes: "Bytes of a log",
  plumbline_journal_lag_records: "Records of a log that a consumer has not settled",
  plumbline_delivery_requests_total: "Requests to a destination by outcome",
  plumbline_delivery_request_seconds: "Time until a destination answered",
  plumbline_delivered_records_total: "Events and updates that a destination stored",
  plumbline_delivery_paused: "1 while a destination refuses the credential, 0.5 while it is busy",
  plumbline_dead_letters_total: "Records that a destination will not get, by reason",
  plumbline_quarantine_records: "Records in quarantine",
  plumbline_waiting_old_ids: "Old ids for whose owner something waits in quarantine",
  plumbline_waiting_old_id_records: "Records that wait for the owner of an old id, each id counted",
  plumbline_waiting_old_id_oldest_seconds:
    "Age of the oldest record that waits for the owner of an old id; 0 when none does",
  plumbline_released_total: "Records that quarantine let out by itself, by reason",
  plumbline_people_running: "1 while the people sync runs, 0 while it waits",
  plumbline_people_backlog_users: "Marks that wait, by destination and lane",
  plumbline_people_lag_oldest_seconds: "Age of the oldest mark that waits; 0 when none does",
  plumbline_people_lag_seconds: "From the first noted change of a user to the destination's yes; live lane",
  plumbline_people_changes_total: "Changed rows that a capture noticed",
  plumbline_people_marks_total: "Users that changes marked",
  plumbline_people_capture_errors_total: "Breaks and waits of a capture, by code of Postgres",
  plumbline_people_wal_retained_bytes: "Log that the replication slot holds back",
  plumbline_people_requests_total: "Requests with profiles by outcome",
  plumbline_people_updates_total: "Profile updates that a destination accepted",
  plumbline_people_quarantined_total: "Users and values left behind, each try counted",
  plumbline_people_quarantine_users: "Users in quarantine, whole or with a property",
  plumbline_people_broken_properties: "Properties that the database no longer fits",
};

export interface PrometheusMetrics extends Metrics {
  readonly registry: Registry;
}

/** Makes metrics with a registry of their own. */
export function makePrometheusMetrics(): PrometheusMetrics {
  const registry = new Registry();
  const counters = new Map<string, Counter>();
  const gauges = new Map<string, Gauge>();
  const histograms = new Map<string, Histogram>();
  const settings = (name: string, labels: Labels) => ({
    name,
    help: METRICS_HELP[name] ?? name,
    labelNames: Object.keys(labels),
    registers: [registry],
  });
  const first = <T>(known: Map<string, T>, name: string, make: () => T): T => {
    const found = known.get(name) ?? make();
    known.set(name, found);
    return found;
  };
  return {
    registry,
    count: (name, labels, by = 1) =>
      first(counters, name, () => new Counter(settings(name, labels))).inc(labels, by),
    gauge: (name, labels, value) =>
      first(gauges, name, () => new Gauge(settings(name, labels))).set(labels, value),
    observe: (name, labels, value) =>
      first(
        histograms,
        name,
        () => new Histogram({ ...settings(name, labels), buckets: BUCKETS_SECONDS }),
      ).observe(labels, value),
  };
}
