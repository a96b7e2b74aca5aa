// Every row of the change table by an example; the guide is made of the same examples.
import { describe, expect, test } from "vitest";
import {
  AXES,
  type Axis,
  type ChangeKind,
  CHANGES,
  checkPlan,
  DEFAULT_GATES,
  diffFindings,
  diffMarkdown,
  diffPlans,
  type Grade,
  type Lock,
} from "../../src/plan/index.ts";
import { MIXPANEL_PLAN_LIMITS } from "../../src/providers/index.ts";
import { EXAMPLES, FRAME } from "./examples.ts";

function planText(sections: string): string {
  const own = new Set([...sections.matchAll(/^([a-z_]+):/gm)].map(([, name]) => name));
  const frame = Object.entries(FRAME).flatMap(([name, line]) => (own.has(name) ? [] : [line]));
  return `${[...frame, sections].join("\n")}\n`;
}

function lockOf(sections: string): Lock {
  const { lock, findings } = checkPlan(
    "plan.yaml",
    { expand: () => [], read: () => planText(sections) },
    { limits: [MIXPANEL_PLAN_LIMITS], today: "2026-11-24" },
  );
  if (!lock) throw new Error(findings.map(({ message, at }) => `${at}: ${message}`).join("\n"));
  return lock;
}

const MARKS: Readonly<Record<Grade, string>> = { none: "–", warns: "warns", breaks: "**breaks**" };

function axisCell(kind: ChangeKind, axis: Axis): string {
  const row: { readonly grade: Grade; readonly why?: string } = CHANGES[kind][axis];
  return `${MARKS[row.grade]}${row.why === undefined ? "" : `: ${row.why}`}`;
}

describe("the table", () => {
  test.each(EXAMPLES)("$kinds", ({ kinds, before, after }) => {
    const diff = diffPlans(lockOf(before), lockOf(after));
    expect(diff.changes.map(({ kind }) => kind).sort()).toEqual([...kinds].sort());
    const [first] = kinds;
    const worst = kinds.length === 1 && first ? CHANGES[first].bump : undefined;
    if (worst !== undefined) expect(diff.bump).toBe(worst);
  });

  test("every row has an example", () => {
    const shown = new Set(EXAMPLES.flatMap(({ kinds }) => kinds));
    expect(Object.keys(CHANGES).filter((kind) => !shown.has(kind as ChangeKind))).toEqual([]);
  });

  test.each(EXAMPLES)("$kinds: a plan does not differ from itself", ({ before, after }) => {
    expect(diffPlans(lockOf(before), lockOf(before)).changes).toEqual([]);
    expect(diffPlans(lockOf(after), lockOf(after)).bump).toBe("none");
  });
});

describe("gates", () => {
  const example = EXAMPLES.find(({ kinds }) => kinds.includes("event-removed"));
  const base = lockOf(example?.before ?? "");
  const head = lockOf(example?.after ?? "");
  const diff = diffPlans(base, head);

  test("what breaks behind a closed gate is an error, behind an open one a warning, and `off` says nothing", () => {
    const levels = (gates: Record<Axis, "fail" | "warn" | "off">) =>
      diffFindings(diff, head, gates).map(({ id, level }) => `${id} ${level}`);
    expect(levels(DEFAULT_GATES)).toEqual(["diff-code warn", "diff-data warn", "diff-rollout error"]);
    expect(levels({ code: "fail", data: "off", rollout: "off", provider: "off" })).toEqual([
      "diff-code error",
    ]);
  });

  test("a name with a history is an error whatever the gates say", () => {
    const reused = EXAMPLES.find(({ kinds }) => kinds.includes("name-reused"));
    const after = lockOf(reused?.after ?? "");
    const findings = diffFindings(diffPlans(lockOf(reused?.before ?? ""), after), after, {
      code: "off",
      data: "off",
      rollout: "off",
      provider: "off",
    });
    expect(findings).toMatchObject([
      { id: "diff-reused", level: "error", where: { file: "plan.yaml", line: 6 } },
    ]);
  });

  test("presence that differs by source names the sources that are hurt", () => {
    const property = "cart_id: { type: string, data: none, description: Id }";
    const event = (sources: string) =>
      `events:\n  itemAdded:\n    name: Item added\n    description: It happened\n    owner: shop\n    sources: ${sources}\n    properties:\n      ${property}`;
    const { changes } = diffPlans(
      lockOf(event("{ web: {}, ios: {} }")),
      lockOf(event("{ web: {}, ios: { properties: { cart_id: required } } }")),
    );
    expect(changes).toEqual([
      { kind: "property-now-required", at: "events.itemAdded.properties.cart_id", sources: ["ios"] },
    ]);
  });

  test("nested members and items are compared, too", () => {
    const event = (type: string) =>
      `events:\n  itemAdded: { name: Item added, sources: [web], owner: shop, description: It happened, properties: { lines: { ${type}, data: none, description: Lines } } }`;
    const { changes } = diffPlans(
      lockOf(event("type: list, items: { type: object, properties: { sku: { type: string } } }")),
      lockOf(event("type: list, items: { type: object, properties: { sku: { type: integer } } }")),
    );
    expect(changes).toMatchObject([{ kind: "type-changed", at: "events.itemAdded.properties.lines.[].sku" }]);
  });
});

test("a hostile plan writes no Markdown or HTML of its own into the comment", () => {
  const hostile = (description: string) =>
    `events:\n  itemAdded: { name: "A |<img src=x onerror=alert(1)> @everyone [x](y)", sources: [web], owner: shop, description: ${description} }`;
  const base = lockOf(
    "events:\n  itemAdded: { name: Item added, sources: [web], owner: shop, description: a }",
  );
  const text = diffMarkdown(diffPlans(base, lockOf(hostile("b"))));
  const outside = text.replaceAll(/`[^`]*`/g, "");
  expect(outside).not.toContain("<img");
  expect(outside).not.toContain("@everyone");
  expect(text).not.toMatch(/[^\\]\|<img/);
});

function example({ kinds, before, after }: (typeof EXAMPLES)[number]): string {
  const base = lockOf(before);
  const { changes, bump } = diffPlans(base, lockOf(after));
  const [kind] = kinds;
  if (kind === undefined) return "";
  const beforeLines = new Set(before.split("\n"));
  const afterLines = new Set(after.split("\n"));
  const lines = [
    ...before
      .split("\n")
      .filter((line) => !afterLines.has(line))
      .map((line) => `-${line}`),
    ...after
      .split("\n")
      .filter((line) => !beforeLines.has(line))
      .map((line) => `+${line}`),
  ];
  const told = changes.map(
    ({ kind: its, at, detail, sources }) =>
      `* \`${at}\`: ${CHANGES[its].title}${detail === undefined ? "" : `: ${detail}`}${sources === undefined ? "" : `, for ${sources.join(", ")}`}`,
  );
  return [
    `### ${CHANGES[kind].title}`,
    "",
    "```diff",
    ...lines,
    "```",
    "",
    ...told,
    "",
    "| code | data | rollout | provider | due |",
    "|---|---|---|---|---|",
    `| ${AXES.map((axis) => axisCell(kind, axis)).join(" | ")} | ${bump} |`,
  ].join("\n");
}

const INTRO = `# Changing the plan

\`plumbline diff\` tells what a change breaks, and for whom, before it is merged.

\`\`\`
npx plumbline diff main                      # the plan here against a branch, tag or commit
npx plumbline diff v3.1.0 v3.2.0             # two commits
npx plumbline diff old.lock.json plan.yaml   # locks and files
npx plumbline diff main --format markdown    # a comment for the pull request
npx plumbline diff main --traffic events.ndjson.gz --days 7
\`\`\`

A change is graded on four axes:

* **code**: callers of generated clients stop compiling;
* **data**: history, reports and dashboards;
* **rollout**: releases in the wild, judged by the gateway under the new plan;
* **provider**: what Mixpanel cannot follow.

The version that is due follows: \`major\` when callers or releases break, \`minor\` when something is new, \`patch\` for texts.

## Gates

A gate says what happens when a change *breaks* something on its axis: \`fail\` ends with 1, \`warn\` tells, \`off\` is silent. What holds where the plan says nothing:

\`\`\`yaml
diff:
  gates: { code: warn, data: warn, rollout: fail, provider: warn }
\`\`\`

\`--fail-on\`, \`--warn-on\` and \`--ignore\` take axes and hold for one run. A name or id that had another meaning is an error behind any gate.

## Weighed with real traffic

\`--traffic\` takes NDJSON, Mixpanel's raw export (\`.gz\`, too), \`-\`, or \`gateway\`: what the gateway's journal still holds. Every event is judged by both plans, and what fares worse is
counted by source and release: rejected (quarantined or dropped), stripped, repaired. An export does not tell the source: \`--source\` names it, else \`mp_lib\` decides. Memory stays
bounded; \`--days\` leaves older events out.

## In a pull request

\`--format markdown\` is a ready comment with a hidden mark at its beginning, so that a workflow can renew it; \`--format github\` annotates the changed lines; \`--format sarif\` and \`--json\` are
for other tools. A git ref is read without a checkout; in CI fetch the base (\`fetch-depth: 0\`).

## Every change, by example

Made by the tests from the table itself: what differs, what \`diff\` says, and what it means.
`;

test("docs/guide/changing-the-plan.md is made of the examples", async () => {
  const guide = `${INTRO}\n${EXAMPLES.map(example).join("\n\n")}\n`;
  await expect(guide).toMatchFileSnapshot("../../docs/guide/changing-the-plan.md");
});
