// A listener's report as text, JSON, JUnit XML, or GitHub annotations.
import { assertNever } from "../../core/index.ts";
import { formatFindings } from "../../plan/index.ts";
import type { ListenReport, SeenFinding } from "./collect.ts";

export type ListenFormat = "text" | "json" | "junit" | "github";

function percent(part: number): string {
  return `${Math.round(part * 100)} %`;
}

function findingText({ event, source, finding, count }: SeenFinding): string {
  const times = count === 1 ? "" : ` (${count} times)`;
  const fix = finding.fix === undefined ? "" : `\n      ${finding.fix}`;
  return `  ${finding.level} ${event} from ${source}: ${finding.message} [${finding.id}] ${finding.at}${times}${fix}`;
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [`${title}:`, ...lines, ""];
}

function text(report: ListenReport): string {
  return [
    ...section("Findings", report.findings.map(findingText)),
    ...section(
      "Seen",
      report.seen.map(({ id, name, count }) => `  ${count} × ${name} (${id})`),
    ),
    ...section(
      "Not in the plan",
      report.unknown.map(({ name, count }) => `  ${count} × ${name}`),
    ),
    ...section(
      "Expected and never seen",
      report.missing.map((id) => `  ${id}`),
    ),
    ...section(
      "Never seen",
      report.neverSeen.map((id) => `  ${id}`),
    ),
    `${report.passed ? "passed" : "failed"}: ${report.items} items, ${report.seen.length} planned events seen, coverage ${percent(report.coverage)}`,
  ].join("\n");
}

function xml(value: string): string {
  return value
    .replaceAll(/[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu, "\uFFFD")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

/** One test case an event, in the form that CI systems read. */
function junit(report: ListenReport): string {
  const byEvent = new Map<string, SeenFinding[]>();
  for (const { name } of report.seen) byEvent.set(name, []);
  for (const { name } of report.unknown) byEvent.set(name, []);
  for (const finding of report.findings)
    byEvent.set(finding.event, [...(byEvent.get(finding.event) ?? []), finding]);
  const cases = [...byEvent].map(([event, findings]) => {
    const failures = findings
      .filter(({ finding }) => finding.level !== "info")
      .map(
        ({ finding }) =>
          `<failure type="${xml(finding.id)}" message="${xml(finding.message)}">${xml(finding.at)}</failure>`,
      );
    return `    <testcase classname="plumbline" name="${xml(event)}">${failures.join("")}</testcase>`;
  });
  for (const id of report.missing)
    cases.push(
      `    <testcase classname="plumbline.expected" name="${xml(id)}"><failure type="never-seen" message="The event was expected and never seen"/></testcase>`,
    );
  const failed = cases.filter((line) => line.includes("<failure")).length;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites><testsuite name="plumbline listen" tests="${cases.length}" failures="${failed}">`,
    ...cases,
    "</testsuite></testsuites>",
  ].join("\n");
}

function github(report: ListenReport): string {
  const findings = report.findings.map(({ event, source, finding }) => ({
    ...finding,
    at: `${event} ${finding.at}`,
    source,
  }));
  const missing = report.missing.map((id) => ({
    id: "never-seen",
    level: "error" as const,
    at: `events.${id}`,
    message: "The event was expected and never seen",
  }));
  return [formatFindings([...findings, ...missing], "github"), text(report).split("\n").at(-1) ?? ""]
    .filter((line) => line !== "")
    .join("\n");
}

/** Prints a report. */
export function formatReport(report: ListenReport, format: ListenFormat): string {
  switch (format) {
    case "text":
      return text(report);
    case "json":
      return JSON.stringify(report, null, 2);
    case "junit":
      return junit(report);
    case "github":
      return github(report);
    default:
      return assertNever(format);
  }
}
