// What was found, for people: Markdown. Names and counts, never values.
import type { Finding } from "../../core/index.ts";
import type { Proposal } from "../propose/propose-plan.ts";
import { counted } from "../propose/words.ts";

const cell = (text: string): string => text.replaceAll("|", String.raw`\|`).replaceAll("\n", " ");

function rows(findings: readonly Finding[]): readonly string[] {
  return findings.map(
    ({ id, level, at, count, message, fix }) =>
      `| ${level} | \`${id}\` | ${cell(`\`${at}\``)} | ${count ?? ""} | ${cell(message)} | ${cell(fix ?? "")} |`,
  );
}

/** The report of a proposal. */
export function formatInferReport({ draft, findings, summary }: Proposal): string {
  const period = summary.lastDay === "" ? "" : `, ${summary.firstDay} to ${summary.lastDay}`;
  const lines = [
    `# ${draft.name}: what the traffic says`,
    "",
    `${counted(summary.events, "event")}${period}; ${counted(draft.events.size, "event name")}, ${counted(draft.properties.size, "property name")}, ${counted(draft.sources.length, "source")}.`,
    summary.refused === 0
      ? "A gateway with the proposed plan lets all of it through."
      : `A gateway with the proposed plan lets all of it through but ${counted(summary.refused, "event")}: no plan can make those ids right.`,
    "",
    "| level | finding | where | count | what was seen | what to do |",
    "|---|---|---|---|---|---|",
    ...rows(findings),
    "",
  ];
  return lines.join("\n");
}
