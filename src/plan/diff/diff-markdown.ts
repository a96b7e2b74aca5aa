// A diff as a comment for a pull request. What the plan says is escaped: it may hold anything.
import { AXES, type Axis, type Change, type Grade, rowOf } from "./change-table.ts";
import type { PlanDiff } from "./diff-plans.ts";
import { sentenceOf } from "./gates.ts";
import type { TrafficRow } from "./traffic.ts";

/** Lets a workflow find and renew its comment. */
export const COMMENT_MARK = "<!-- plumbline diff -->";

const SIGNS: Readonly<Record<Grade, string>> = { none: "·", warns: "⚠️", breaks: "❌" };
const WORDS: Readonly<Record<Grade, string>> = { none: "nothing", warns: "to know", breaks: "breaks" };
const TITLES: Readonly<Record<Axis, string>> = {
  code: "Code: callers of generated clients",
  data: "Data: history, reports, dashboards",
  rollout: "Rollout: releases in the wild",
  provider: "Provider: what it cannot follow",
};

/** Text for a cell: nothing in it is Markdown or HTML, but what stands between backticks is code. */
function cell(text: string): string {
  return text
    .split("`")
    .map((part, index) => {
      const safe = part.replaceAll("|", "\\|").replace(/\s+/g, " ");
      if (index % 2 === 1) return `\`${safe}\``;
      return safe
        .replaceAll("&", "&amp;")
        .replaceAll("<", "&lt;")
        .replace(/[*_[\]~@#]/g, "\\$&");
    })
    .join("");
}

function code(text: string): string {
  return `\`${text.replaceAll("`", "'").replaceAll("|", "\\|").replace(/\s+/g, " ")}\``;
}

function axisPart(axis: Axis, changes: readonly Change[]): readonly string[] {
  const hurt = changes.filter(({ kind }) => rowOf(kind)[axis].grade !== "none");
  if (hurt.length === 0) return [];
  const rows = hurt.map((change) => {
    const { grade, why = "" } = rowOf(change.kind)[axis];
    return `| ${SIGNS[grade]} | ${code(change.at)} | ${cell(sentenceOf(change))} | ${cell(why)} |`;
  });
  return [
    `<details><summary>${TITLES[axis]} (${hurt.length})</summary>`,
    "",
    "| | where | what | so |",
    "|---|---|---|---|",
    ...rows,
    "",
    "</details>",
    "",
  ];
}

function quietPart(changes: readonly Change[]): readonly string[] {
  const quiet = changes.filter(({ kind }) => AXES.every((axis) => rowOf(kind)[axis].grade === "none"));
  if (quiet.length === 0) return [];
  return [
    `<details><summary>Nobody is hurt (${quiet.length})</summary>`,
    "",
    ...quiet.map((change) => `* ${code(change.at)} ${cell(sentenceOf(change))}`),
    "",
    "</details>",
    "",
  ];
}

function trafficPart(traffic: readonly TrafficRow[]): readonly string[] {
  const rows = traffic.map(
    ({ source, release, event, seen, lost, stripped, repaired }) =>
      `| ${cell(source)} | ${cell(release)} | ${cell(event)} | ${seen} | ${lost} | ${stripped} | ${repaired} |`,
  );
  return [
    "**Weighed with real traffic**: what the new plan would do that the old one did not.",
    "",
    ...(rows.length === 0
      ? ["Nothing: every event fares as before."]
      : [
          "| source | release | event | seen | rejected | stripped | repaired |",
          "|---|---|---|---|---|---|---|",
          ...rows,
        ]),
    "",
  ];
}

/** The comment, with a hidden mark at its beginning. */
export function diffMarkdown(diff: PlanDiff, traffic?: readonly TrafficRow[]): string {
  const { changes, grades, bump } = diff;
  if (changes.length === 0) return `${COMMENT_MARK}\n### Tracking plan: no change\n`;
  const axes = AXES.map((axis) => `${SIGNS[grades[axis]]} ${axis}: ${WORDS[grades[axis]]}`).join(" · ");
  return [
    COMMENT_MARK,
    `### Tracking plan: ${changes.length} change${changes.length === 1 ? "" : "s"}, ${bump === "none" ? "no version bump" : `a ${bump} version`} is due`,
    "",
    axes,
    "",
    ...AXES.flatMap((axis) => axisPart(axis, changes)),
    ...quietPart(changes),
    ...(traffic === undefined ? [] : trafficPart(traffic)),
  ].join("\n");
}
