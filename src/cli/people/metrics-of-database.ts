// Metrics of a database that is not the application's own carry its name.
import type { Labels, Metrics } from "../../core/index.ts";

/** The same metrics with the label `database`; `undefined`: unchanged. */
export function metricsOfDatabase(metrics: Metrics, database: string | undefined): Metrics {
  if (database === undefined) return metrics;
  const named = (labels: Labels): Labels => ({ ...labels, database });
  return {
    count: (name, labels, by) => metrics.count(name, named(labels), by),
    gauge: (name, labels, value) => metrics.gauge(name, named(labels), value),
    observe: (name, labels, value) => metrics.observe(name, named(labels), value),
  };
}
