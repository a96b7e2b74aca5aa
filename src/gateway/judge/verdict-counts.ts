// Counts of one batch, handed to the metrics once it is committed: a metric call per event would cost more than the judging.
import type { Metrics } from "../../core/index.ts";
import type { Judged } from "./judge-item.ts";

const SEPARATOR = "\0";

export class VerdictCounts {
  readonly #counts = new Map<string, number>();
  /** Most items of a batch are like the one before: their count is added up here first. */
  #run = { label: "", source: "", verdict: "", count: 0 };

  #add(name: string, labels: readonly string[], by = 1): void {
    const key = [name, ...labels].join(SEPARATOR);
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + by);
  }

  add(source: string, judged: Judged): void {
    const { label, verdict } = judged;
    const run = this.#run;
    if (run.label === label && run.source === source && run.verdict === verdict) run.count += 1;
    else {
      this.#endRun();
      this.#run = { label, source, verdict, count: 1 };
    }
    for (const { rule } of judged.repairs) this.#add("repairs", [rule]);
    for (const { id } of judged.findings) this.#add("findings", [id, source]);
    if (judged.insertId && judged.insertId.kind !== "sent")
      this.#add("enrichments", [`insert-id-${judged.insertId.kind}`]);
    if (judged.time !== undefined && judged.time !== "sent")
      this.#add("enrichments", [`time-${judged.time}`]);
  }

  #endRun(): void {
    const { label, source, verdict, count } = this.#run;
    if (count > 0) this.#add("verdicts", [label, source, verdict], count);
  }

  refused(reason: string): void {
    this.#add("refused", [reason]);
  }

  repeated(source: string): void {
    this.#add("repeated", [source]);
  }

  /** Hands everything over. */
  report(metrics: Metrics): void {
    this.#endRun();
    for (const [key, by] of this.#counts) {
      const [name = "", first = "", second = "", third = ""] = key.split(SEPARATOR);
      switch (name) {
        case "verdicts":
          metrics.count("plumbline_verdicts_total", { event: first, source: second, verdict: third }, by);
          break;
        case "repairs":
          metrics.count("plumbline_repairs_total", { rule: first }, by);
          break;
        case "findings":
          metrics.count("plumbline_findings_total", { id: first, source: second }, by);
          break;
        case "enrichments":
          metrics.count("plumbline_enrichments_total", { rule: first }, by);
          break;
        case "repeated":
          metrics.count("plumbline_repeated_events_total", { source: first }, by);
          break;
        default:
          metrics.count("plumbline_judge_refused_total", { reason: first }, by);
      }
    }
  }
}
