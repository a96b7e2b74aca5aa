// `docs/guide/changing-the-plan.md` is written from the table of changes and its worked examples. After a change: run this with `--update`.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import {
  AXES,
  CHANGE_KINDS,
  diffFindings,
  diffPlans,
  DIFF_FINDINGS,
  GATES_DEFAULT,
  type PlanChange,
} from "../../src/plan/index.ts";
import {
  type ChangeExample,
  changeExamples,
  EXAMPLE_SECTIONS,
  examplePlan,
} from "../support/plan-changes.ts";

const TITLES = {
  events: "Events",
  properties: "Properties",
  people: "Profile properties",
  plan: "The plan as a whole",
} as const;

const fenced = (text: string, language = "") => `\`\`\`${language}\n${text.trimEnd()}\n\`\`\``;

/** Lines of a diff: what both have, what goes, what comes. The examples are short: the longest common part is found by trying. */
function lineDiff(before: string, after: string): string {
  const [old, now] = [before.trimEnd().split("\n"), after.trimEnd().split("\n")];
  const common: number[][] = Array.from({ length: old.length + 1 }, () =>
    Array<number>(now.length + 1).fill(0),
  );
  const at = (i: number, j: number): number => common[i]?.[j] ?? 0;
  for (let i = old.length - 1; i >= 0; i--)
    for (let j = now.length - 1; j >= 0; j--) {
      const row = common[i];
      if (row) row[j] = old[i] === now[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  const lines: string[] = [];
  let [i, j] = [0, 0];
  while (i < old.length || j < now.length) {
    if (i < old.length && j < now.length && old[i] === now[j]) {
      lines.push(`  ${old[i] ?? ""}`);
      i += 1;
      j += 1;
    } else if (i < old.length && (j >= now.length || at(i + 1, j) >= at(i, j + 1)))
      lines.push(`- ${old[i++] ?? ""}`);
    else lines.push(`+ ${now[j++] ?? ""}`);
  }
  return lines.join("\n");
}

function gradesOf({ axes }: PlanChange): string {
  return AXES.map((axis) => (axes[axis].grade === "none" ? "–" : axes[axis].grade)).join(" | ");
}

function sectionOf(example: ChangeExample): string {
  const { kind, before, after } = example;
  const diff = diffPlans(examplePlan(before), examplePlan(after));
  const change = diff.changes.find((one) => one.kind === kind);
  const finding = diffFindings(diff, GATES_DEFAULT).find(({ id }) => id === kind);
  if (change === undefined || finding === undefined)
    throw new Error(`the example of ${kind} does not show it`);
  const said = AXES.flatMap((axis) => {
    const { grade, why } = change.axes[axis];
    return grade === "none" ? [] : [`- ${axis} **${grade}**: ${why}.`];
  });
  return [
    `### ${kind}`,
    "",
    `${CHANGE_KINDS[kind].title}. Version: ${diff.due.step}. Level with the default gates: ${finding.level}.`,
    "",
    fenced(lineDiff(before, after), "diff"),
    "",
    ...(said.length > 0 ? said : ["Nothing breaks."]),
    ...(finding.fix === undefined ? [] : ["", finding.fix]),
    "",
  ].join("\n");
}

function tableRow({ kind, before, after }: ChangeExample): string {
  const change = diffPlans(examplePlan(before), examplePlan(after)).changes.find((one) => one.kind === kind);
  return change === undefined ? "" : `| [${kind}](#${kind}) | ${gradesOf(change)} |`;
}

function page(): string {
  const prose = readFileSync(new URL("../golden/plan-changes/guide.md", import.meta.url), "utf8").trimEnd();
  const table = [
    "| change | code | data | rollout | provider |",
    "|---|---|---|---|---|",
    ...EXAMPLE_SECTIONS.flatMap((section) => changeExamples(section).map(tableRow)),
  ];
  const sections = EXAMPLE_SECTIONS.flatMap((section) => [
    `## ${TITLES[section]}`,
    "",
    ...changeExamples(section).map(sectionOf),
  ]);
  return `${[prose, "", "## The table", "", ...table, "", ...sections].join("\n").trimEnd()}\n`;
}

test("the guide shows every row of the table as the examples run it", async () => {
  await expect(page()).toMatchFileSnapshot("../../docs/guide/changing-the-plan.md");
});

test("the guide explains the findings that are no single change", () => {
  const text = page();
  expect(DIFF_FINDINGS.filter((id) => !text.includes(`### ${id}\n`))).toEqual([]);
});
