// A difference as a comment on a pull request: one summary line, one table an axis, the rest folded.
// Plans hold texts of many people: whatever could be markup, a mention or a table's border is escaped.
import { CHANGE_KINDS } from "./change-kinds.ts";
import { eventsText } from "./diff-text.ts";
import { type Gates, isBreaking, stepText } from "./gates.ts";
import { AXES, type Axis, type PlanChange, type PlanDiff } from "./plan-diff.ts";
import { summariseDiff } from "./summary.ts";
import { trafficFacts, trafficTable, type TrafficWeight } from "./traffic-weight.ts";

/** First line of every comment: a program finds its own comment by it, and updates it. */
export const COMMENT_MARKER = "<!-- plumbline-diff -->";

/** GitHub refuses comments above 65,536 characters (read 2026-11, its API's error); what is longer is cut at whole rows. */
const COMMENT_MAX_CHARACTERS = 60_000;

const AXIS_TITLES: Readonly<Record<Axis, string>> = {
  code: "Code: callers of generated clients",
  data: "Data: history, queries, dashboards",
  rollout: "Rollout: releases already shipped",
  provider: "Provider: what it cannot follow by itself",
};

/** Makes a text safe inside a table's cell: no markup, no HTML, no mention, no line end. */
export function escapeMarkdown(text: string): string {
  return text
    .replaceAll(/[\r\n\t]+/g, " ")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll(/[\\`*_{}[\]()#+!|~]/g, "\\$&")
    .replaceAll("@", "&#64;")
    .replaceAll(/:\/\//g, "&#58;//");
}

/** A text as code: longer fence than any run of backticks in it; a table's border is escaped even there. */
function code(text: string): string {
  const clean = text.replaceAll(/[\r\n\t]+/g, " ").replaceAll("|", "\\|");
  const longest = Math.max(0, ...[...clean.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  const pad = clean.startsWith("`") || clean.endsWith("`") ? " " : "";
  return `${fence}${pad}${clean}${pad}${fence}`;
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}

function tableOf(head: readonly string[], rows: readonly string[]): readonly string[] {
  return [row(head), `|${head.map(() => "---").join("|")}|`, ...rows, ""];
}

function placeText({ where }: PlanChange): string {
  return where === undefined ? "" : code(`${where.file}:${where.line}`);
}

function stepCell(change: PlanChange): string {
  const step = stepText(change);
  const events = eventsText(change);
  return [step === "" ? "" : code(step), events === "" ? "" : `in ${escapeMarkdown(events)}`]
    .filter(Boolean)
    .join("<br>");
}

function axisRow(change: PlanChange, axis: Axis): string {
  const { grade, why } = change.axes[axis];
  const mark = isBreaking(grade) ? `**${grade}**` : grade;
  return row([
    mark,
    code(change.at),
    `${CHANGE_KINDS[change.kind].title}<br>${why}`,
    stepCell(change),
    placeText(change),
  ]);
}

function axisSection(changes: readonly PlanChange[], axis: Axis, gates: Gates): readonly string[] {
  const felt = changes.filter(({ axes }) => axes[axis].grade !== "none");
  if (felt.length === 0) return [];
  const breaking = felt.filter(({ axes }) => isBreaking(axes[axis].grade));
  const gate = breaking.length > 0 && gates[axis] === "fail" ? " (gate: fails)" : "";
  return [
    `### ${AXIS_TITLES[axis]}${gate}`,
    "",
    ...tableOf(
      ["", "where in the plan", "what", "before → after", "file"],
      [...breaking, ...felt.filter((change) => !breaking.includes(change))].map((change) =>
        axisRow(change, axis),
      ),
    ),
  ];
}

function details(changes: readonly PlanChange[]): readonly string[] {
  return [
    `<details><summary>${changes.length === 1 ? "1 change" : `All ${changes.length} changes`}</summary>`,
    "",
    ...tableOf(
      ["change", "where in the plan", "before → after", "sources", "code", "data", "rollout", "provider"],
      changes.map((change) =>
        row([
          code(change.kind),
          code(change.at),
          stepCell(change),
          escapeMarkdown(change.sources.join(", ")),
          ...AXES.map((axis) => {
            const { grade } = change.axes[axis];
            return grade === "none" ? "–" : grade;
          }),
        ]),
      ),
    ),
    "</details>",
    "",
  ];
}

function trafficSection(traffic: TrafficWeight | undefined): readonly string[] {
  if (traffic === undefined) return [];
  const { head, rows } = trafficTable(traffic);
  return [
    "### Weighed with real events",
    "",
    trafficFacts(traffic),
    "",
    ...(rows.length === 0
      ? []
      : tableOf(
          head,
          rows.map((cells) => row(cells.map(escapeMarkdown))),
        )),
  ];
}

function todo(changes: readonly PlanChange[]): readonly string[] {
  const fixes = [...new Set(changes.flatMap(({ kind }) => CHANGE_KINDS[kind].fix ?? []))];
  return fixes.length === 0 ? [] : ["### What helps", "", ...fixes.map((fix) => `- ${fix}`), ""];
}

/** Cuts at a line's end and says so; a fold that was cut open is closed again. */
function fitted(lines: readonly string[]): string {
  const text = lines.join("\n");
  if (text.length <= COMMENT_MAX_CHARACTERS) return `${text.trimEnd()}\n`;
  const cut = text.slice(0, text.lastIndexOf("\n", COMMENT_MAX_CHARACTERS));
  const isOpen = cut.lastIndexOf("<details>") > cut.lastIndexOf("</details>");
  return `${cut}\n\n${isOpen ? "</details>\n\n" : ""}The comment was cut here; \`plumbline diff\` prints all of it.\n`;
}

/** Writes a difference as Markdown. */
export function diffMarkdown(
  diff: PlanDiff,
  { gates, traffic }: { readonly gates: Gates; readonly traffic?: TrafficWeight | undefined },
): string {
  const { changes, head, due } = diff;
  const low = diff.isVersionTooLow
    ? [
        `**The plan says version ${escapeMarkdown(head.version ?? "")}, and ${due.version ?? ""} is due.**`,
        "",
      ]
    : [];
  return fitted([
    COMMENT_MARKER,
    `## Tracking plan ${code(head.name)}`,
    "",
    `**${escapeMarkdown(summariseDiff(diff))}**`,
    "",
    ...low,
    ...trafficSection(traffic),
    ...AXES.flatMap((axis) => axisSection(changes, axis, gates)),
    ...todo(changes),
    ...(changes.length === 0 ? [] : details(changes)),
    `Compared: ${code(diff.base.hash.slice(0, 12))} with ${code(head.hash.slice(0, 12))}.`,
  ]);
}
