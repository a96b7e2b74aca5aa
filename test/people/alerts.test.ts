// The alerting rules, the guide's table of metrics and the code name the same things. A rule over a metric that nobody writes never fires.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";

const ROOT = new URL("../../", import.meta.url).pathname;
const RULES = "docs/alerts/people.rules.yml";
const GUIDE = "docs/guide/people-operating.md";

type MetricType = "counter" | "gauge" | "histogram";
interface Metric {
  readonly type: MetricType;
  readonly labels: ReadonlySet<string>;
}
/** `labels` is absent where the code does not spell them out at the call. */
interface WrittenMetric {
  readonly type: MetricType;
  readonly labels: ReadonlySet<string> | undefined;
}
interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly description: string; readonly runbook: string };
}

const page = (path: string): string => readFileSync(join(ROOT, path), "utf8");

const TYPES: Readonly<Record<string, MetricType>> = {
  count: "counter",
  gauge: "gauge",
  observe: "histogram",
};

const names = (list: string): ReadonlySet<string> =>
  new Set(
    list
      .split(",")
      .map((item) => item.replace(/:.*/s, "").trim())
      .filter((name) => name !== ""),
  );

/** Metrics that the code writes. */
function writtenMetrics(): ReadonlyMap<string, WrittenMetric> {
  const found = new Map<string, WrittenMetric>();
  for (const folder of ["src/people", "src/cli"])
    for (const name of readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" }))
      if (name.endsWith(".ts") && !name.endsWith(".test.ts"))
        for (const [, call = "", metric = "", labels] of page(join(folder, name)).matchAll(
          /\.(count|gauge|observe)\(\s*"(plumbline_people_[a-z_]+)",\s*(?:\{([^}]*)\})?/g,
        )) {
          const type = TYPES[call];
          if (type) found.set(metric, { type, labels: labels === undefined ? undefined : names(labels) });
        }
  return found;
}

/** Rows of the guide's table: name → type and labels. */
function documentedMetrics(): ReadonlyMap<string, Metric> {
  const rows = page(GUIDE).matchAll(
    /^\| `(plumbline_people_[a-z_]+)` \| (counter|gauge|histogram)[^|]*\|([^|]*)\|/gm,
  );
  return new Map(
    [...rows].map(([, name = "", type = "", labels = ""]): [string, Metric] => [
      name,
      {
        type: type === "counter" || type === "gauge" ? type : "histogram",
        labels: names(labels.replaceAll(/\([^)]*\)/g, "")),
      },
    ]),
  );
}

/** `lag_seconds_bucket` → `lag_seconds` where that is a histogram. */
function baseOf(name: string, metrics: ReadonlyMap<string, unknown>): string {
  const base = name.replace(/_(?:bucket|sum|count)$/, "");
  return metrics.has(base) ? base : name;
}

/** What is wrong with an expression: a metric that nobody writes, a rate of a gauge, a label that the metric does not have. */
function problemsOf(expr: string, metrics: ReadonlyMap<string, Metric>): readonly string[] {
  const problems: string[] = [];
  for (const [, call = "", name = "", selector = ""] of expr.matchAll(
    /(?:\b(rate|increase)\()?\b(plumbline_[a-z_]+)(?:\{([^}]*)\})?/g,
  )) {
    const metric = metrics.get(baseOf(name, metrics));
    if (!metric) {
      problems.push(`nobody writes ${name}`);
      continue;
    }
    const grows = metric.type === "counter" || (metric.type === "histogram" && name.endsWith("_bucket"));
    if (grows !== (call !== "")) problems.push(`${name} is a ${metric.type}`);
    for (const [, label = ""] of selector.matchAll(/([a-z_]+)\s*!?[=~]/g))
      if (!metric.labels.has(label)) problems.push(`${name} has no label ${label}`);
  }
  return problems;
}

function anchorsOf(text: string): ReadonlySet<string> {
  return new Set(
    [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
      heading
        .toLowerCase()
        .replaceAll(/[^a-z0-9 _-]/g, "")
        .replaceAll(" ", "-"),
    ),
  );
}

const rules = (parse(page(RULES)) as { groups: readonly { rules: readonly Rule[] }[] }).groups.flatMap(
  (group) => group.rules,
);

test("the guide lists every metric of the people sync, with its type and its labels, and no other", () => {
  const written = writtenMetrics();
  const documented = documentedMetrics();
  expect(written.size).toBeGreaterThan(8);
  expect([...documented.keys()].sort()).toEqual([...written.keys()].sort());
  for (const [name, { type, labels }] of written) {
    expect(documented.get(name)?.type, name).toBe(type);
    if (labels) expect(documented.get(name)?.labels, name).toEqual(labels);
  }
});

test("every rule asks for metrics that the code writes, as what they are, by labels that they have", () => {
  const metrics = documentedMetrics();
  expect(rules.length).toBeGreaterThan(8);
  const problems = rules.flatMap(({ alert, expr }) =>
    problemsOf(expr, metrics).map((problem) => `${alert}: ${problem}`),
  );
  expect(problems).toEqual([]);
  for (const { alert, expr } of rules) expect(expr, alert).toMatch(/plumbline_people_/);
});

test("a rule over a wrong name, a rate of a gauge or an unknown label is found", () => {
  const metrics = documentedMetrics();
  expect(problemsOf("max(plumbline_people_lag) > 1", metrics)).toEqual([
    "nobody writes plumbline_people_lag",
  ]);
  expect(problemsOf("rate(plumbline_people_backlog_users[5m]) > 1", metrics)).toEqual([
    "plumbline_people_backlog_users is a gauge",
  ]);
  expect(problemsOf("plumbline_people_updates_total > 1", metrics)).toEqual([
    "plumbline_people_updates_total is a counter",
  ]);
  expect(problemsOf('plumbline_people_running{lane="live"} == 0', metrics)).toEqual([
    "plumbline_people_running has no label lane",
  ]);
});

test("every rule says what is wrong, how bad it is and where to read on", () => {
  const anchors = anchorsOf(page(GUIDE));
  expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
  for (const { alert, labels, annotations } of rules) {
    expect(["critical", "warning", "info"], alert).toContain(labels.severity);
    expect(annotations.summary.length, alert).toBeGreaterThan(20);
    expect(annotations.description.length, alert).toBeGreaterThan(20);
    const [path, anchor = ""] = annotations.runbook.split("#");
    expect(path, alert).toBe(GUIDE);
    expect([...anchors], alert).toContain(anchor);
  }
});

test("every link to a part of a people page leads to a heading", () => {
  const pages = readdirSync(join(ROOT, "docs/guide"))
    .filter((name) => name.startsWith("people"))
    .map((name) => `docs/guide/${name}`);
  const dead = pages.flatMap((path) =>
    [...page(path).matchAll(/\]\(((?:\.\.\/)?[a-z-]+\.md)?#([a-z0-9_-]+)\)/g)]
      .filter(([, file, anchor = ""]) => !anchorsOf(page(file ? `docs/guide/${file}` : path)).has(anchor))
      .map(([link]) => `${path}: ${link}`),
  );
  expect(pages.length).toBeGreaterThan(1);
  expect(dead).toEqual([]);
});
