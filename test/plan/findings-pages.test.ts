// Holds `docs/findings` to the tables of findings: a page for every id, and every example on a page does what the page says.
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  CHANGE_SET_FINDINGS,
  checkChangeSet,
  type ChangeSetFindingId,
  parseChangeSet,
} from "../../src/cleanup/index.ts";
import { MIXPANEL_PLAN_LIMITS } from "../../src/providers/index.ts";
import { SCAN_FINDINGS, type ScanFindingId } from "../../src/scan/index.ts";
import { parseConfig } from "../../src/cli/config/parse-config.ts";
import { checkSources } from "../../src/cli/up/live-sources.ts";
import type { Finding } from "../../src/core/index.ts";
import { formatReport, makeSnapshot } from "../../src/gateway/index.ts";
import { STATE_FINDINGS, type StateFindingId } from "../../src/people/mapping/state-findings.ts";
import { CAPTURE_FINDINGS, type CaptureFindingId } from "../../src/people/setup/findings.ts";
import { judgeItem } from "../../src/gateway/judge/judge-item.ts";
import { readEvent } from "../../src/gateway/receivers/mixpanel/items.ts";
import {
  makeValidator,
  type OldIdLookup,
  PLAN_RULES,
  type PlanRuleId,
  type ProfileOperation,
  RUNTIME_FINDINGS,
  type RuntimeFindingId,
} from "../../src/plan/index.ts";
import { check, compile } from "../support/plans.ts";

interface Block {
  readonly language: string;
  readonly text: string;
}

interface Page {
  readonly text: string;
  readonly level: string | undefined;
  /** Heading → its prose and fenced blocks. */
  readonly sections: ReadonlyMap<string, { readonly text: string; readonly blocks: readonly Block[] }>;
}

const folder = new URL("../../docs/findings/", import.meta.url);
const readme = parsePage(readText("README"));
const planRules = Object.keys(PLAN_RULES) as PlanRuleId[];
const runtimeIds = Object.keys(RUNTIME_FINDINGS) as RuntimeFindingId[];
/** Ids that stand in no table of the source; all but one are errors. Each has a test of its own below that the source reports it. */
const CONFIG_IDS = [
  "config-unknown-key",
  "config-bad-value",
  "config-contradiction",
  "config-variable-unset",
  "config-unknown-source",
  "config-literal-secret",
] as const;
const OTHER_IDS: readonly string[] = [
  ...CONFIG_IDS,
  "item-malformed",
  "never-seen",
  "identity-joins-people",
  "ids-ambiguous",
  "ids-malformed",
  "ids-unfit",
];
const scanIds = Object.keys(SCAN_FINDINGS) as ScanFindingId[];
/** About a database: `test/people/setup*.test.ts` bring each of them about. */
const captureIds = Object.keys(CAPTURE_FINDINGS) as CaptureFindingId[];
/** Their examples need a database: test/people/state-findings.test.ts runs them. */
const stateIds = Object.keys(STATE_FINDINGS) as StateFindingId[];
const changeSetIds = Object.keys(CHANGE_SET_FINDINGS) as ChangeSetFindingId[];
const ids: readonly string[] = [
  ...new Set<string>([
    ...planRules,
    ...runtimeIds,
    ...OTHER_IDS,
    ...scanIds,
    ...captureIds,
    ...stateIds,
    ...changeSetIds,
  ]),
];

function readText(name: string): string {
  return readFileSync(new URL(`${name}.md`, folder), "utf8");
}

/** Splits a page at its second-level headings; `#` inside a fenced block is no heading. */
function parsePage(text: string): Page {
  const sections = new Map<string, { text: string; blocks: Block[] }>();
  let section = { text: "", blocks: [] as Block[] };
  let block: { language: string; lines: string[] } | undefined;
  for (const line of text.split("\n")) {
    if (block !== undefined) {
      if (line === "```") {
        section.blocks.push({ language: block.language, text: `${block.lines.join("\n")}\n` });
        block = undefined;
      } else block.lines.push(line);
    } else if (line.startsWith("```")) block = { language: line.slice(3), lines: [] };
    else if (line.startsWith("## ")) {
      section = { text: "", blocks: [] };
      sections.set(line.slice(3), section);
    } else section.text += `${line}\n`;
  }
  return { text, level: /^Level: (error|warn|info)\b/m.exec(text)?.[1], sections };
}

/** The files of a plan that stands in a section; a block without a file name is the entry. */
function filesIn(page: Page, heading: string): Readonly<Record<string, string>> {
  const blocks = (page.sections.get(heading)?.blocks ?? []).filter(({ language }) => language === "yaml");
  const files = blocks.map(({ text }) => [/^# file: (\S+)\n/.exec(text)?.[1] ?? "plan.yaml", text] as const);
  if (new Set(files.map(([name]) => name)).size < files.length)
    throw new Error(`a file stands twice in "${heading}"`);
  if (!files.some(([name]) => name === "plan.yaml")) throw new Error(`no yaml block in "${heading}"`);
  return Object.fromEntries(files);
}

/** What stands under "Example": one event or profile update with the source and the verdict that the prose names. */
function exampleIn(page: Page): { source: string; verdict: string; payload: Record<string, unknown> } {
  const section = page.sections.get("Example");
  const [, source, verdict] = /Sent by `(\w+)`[^;]*; the verdict is `(\w+)`/.exec(section?.text ?? "") ?? [];
  const json = section?.blocks.find(({ language }) => language === "json")?.text;
  if (source === undefined || verdict === undefined || json === undefined) throw new Error("no example");
  return { source, verdict, payload: JSON.parse(json) as Record<string, unknown> };
}

function examplesLock() {
  return compile(filesIn(readme, "The plan of the examples")["plan.yaml"] ?? "");
}

/** Pages whose examples are judged by a gateway that translates old ids. */
const OF_OLD_IDS: readonly RuntimeFindingId[] = ["identity-untranslated", "identity-ambiguous"];
const TWO_OWNERS: OldIdLookup = {
  receivedAt: 0,
  ownerOf: (spelling) => ({ kind: spelling === "shared@example.com" ? "ambiguous" : "unknown" }),
};

function judgeExample(validator: ReturnType<typeof makeValidator>, page: Page) {
  const { source, payload } = exampleIn(page);
  const {
    event,
    properties,
    $distinct_id: userId,
    $group_id: groupId,
    $group_key: groupKey,
    ...operators
  } = payload;
  if (typeof event === "string")
    return validator.judgeEvent({
      source,
      event,
      properties: properties as Record<string, unknown>,
      oldIds: OF_OLD_IDS.some((id) => page.text.startsWith(`# ${id}\n`)) ? TWO_OWNERS : undefined,
    });
  const [[operation, value] = []] = Object.entries(operators);
  return validator.judgeProfile({
    source,
    groupKey: groupKey as string | undefined,
    id: (groupKey === undefined ? userId : groupId) as string,
    operation: operation as ProfileOperation,
    value,
  });
}

describe("the folder", () => {
  test("there is a page for every id, and no page for any other", () => {
    const pages = readdirSync(folder).filter((name) => name !== "README.md");
    expect(pages.sort()).toEqual(ids.map((id) => `${id}.md`).sort());
  });

  test.each(ids)("the README lists %s with its level", (id) => {
    const levels = [
      ...planRules.filter((rule) => rule === id).map((rule) => PLAN_RULES[rule].level),
      ...runtimeIds.filter((found) => found === id).map((found) => RUNTIME_FINDINGS[found].level),
      ...OTHER_IDS.filter((other) => other === id).map(() =>
        id === "config-literal-secret" ? "warn" : "error",
      ),
      ...scanIds.filter((one) => one === id).map((one) => SCAN_FINDINGS[one]),
      ...captureIds.filter((one) => one === id).map((one) => CAPTURE_FINDINGS[one]),
      ...stateIds.filter((one) => one === id).map((one) => STATE_FINDINGS[one]),
      ...changeSetIds.filter((one) => one === id).map((one) => CHANGE_SET_FINDINGS[one]),
    ];
    const rows = readme.text.split("\n").filter((line) => line.startsWith(`| [${id}](${id}.md) |`));
    expect(rows.map((row) => row.split(" | ")[1])).toEqual(levels);
  });

  test("a page without its blocks is refused", () => {
    const page = parsePage(
      "# some-id\n\nLevel: error\n\n## Invalid\n\n## Valid\n\n```yaml\nplumbline: 1\n```\n",
    );
    expect(() => filesIn(page, "Invalid")).toThrow("no yaml block");
    expect(filesIn(page, "Valid")).toEqual({ "plan.yaml": "plumbline: 1\n" });
    expect(() => exampleIn(page)).toThrow("no example");
  });
});

describe.each(planRules)("the page of %s", (id) => {
  const read = (): Page => parsePage(readText(id));
  const fixed = "fixed" in PLAN_RULES[id];

  test(`${id}: the title is the id, and the level is the table's`, () => {
    const page = read();
    expect(page.text.startsWith(`# ${id}\n`)).toBe(true);
    expect(page.level).toBe(PLAN_RULES[id].level);
    expect(page.sections.get("What to do")?.text.trim()).toBeTruthy();
    expect(/^Level: .*cannot be changed or ignored/m.test(page.text)).toBe(fixed);
    expect(/^Level: .*`lint: \{ rules: \{ ([\w-]+):/m.exec(page.text)?.[1]).toBe(fixed ? undefined : id);
  });

  test(`${id}: the invalid example has the finding, with a place, and no other error`, () => {
    const page = read();
    const files = filesIn(page, "Invalid");
    const { findings } = check(files);
    const own = findings.filter((finding) => finding.id === id);
    expect(own.length).toBeGreaterThan(0);
    for (const { level, where } of own) {
      expect(level).toBe(page.level);
      expect(Object.keys(files)).toContain(where?.file);
      expect(where?.line).toBeGreaterThan(0);
      expect(where?.column).toBeGreaterThan(0);
    }
    expect(findings.filter((finding) => finding.level === "error" && finding.id !== id)).toEqual([]);
  });

  test(`${id}: the valid example has no finding and compiles`, () => {
    const { findings, lock } = check(filesIn(read(), "Valid"));
    expect(findings).toEqual([]);
    expect(lock).toBeDefined();
  });

  test(`${id}: an exception that the page shows excuses the invalid example`, () => {
    const page = read();
    const exception = page.sections.get("What to do")?.blocks[0]?.text;
    // An exception needs what it excuses: nothing fixed has one, and neither have the findings about exceptions.
    expect(exception !== undefined).toBe(!fixed && !id.endsWith("-ignore"));
    if (exception === undefined) return;
    const files = filesIn(page, "Invalid");
    expect(check({ ...files, "plan.yaml": `${files["plan.yaml"] ?? ""}${exception}` }).findings).toEqual([]);
  });
});

describe.each(runtimeIds)("the page of %s", (id) => {
  const read = (): Page => parsePage(readText(id));
  const validator = makeValidator(examplesLock());

  test(`${id}: the title is the id, the level is the table's, and it says what happens`, () => {
    const page = read();
    expect(page.text.startsWith(`# ${id}\n`)).toBe(true);
    expect(page.level).toBe(RUNTIME_FINDINGS[id].level);
    expect(page.sections.get("What the gateway does")?.text.trim()).toBeTruthy();
    expect(page.sections.get("What to do")?.text.trim()).toBeTruthy();
  });

  test(`${id}: the example has the finding and the verdict that the page names`, () => {
    const page = read();
    const { verdict, findings } = judgeExample(validator, page);
    expect(findings.filter((finding) => finding.id === id)).toContainEqual(
      expect.objectContaining({ level: page.level }),
    );
    expect(verdict).toBe(exampleIn(page).verdict);
  });
});

/** What `plumbline up` says of a configuration beside the plan of the examples. */
function checkConfig(text: string): readonly Finding[] {
  const parsed = parseConfig(text, "plumbline.yaml", {});
  if (parsed.kind === "findings") return parsed.findings;
  return [...parsed.findings, ...checkSources(parsed.config, examplesLock())];
}

describe.each(CONFIG_IDS)("the page of %s", (id) => {
  test(`${id}: the invalid example has this finding alone, and the valid one has none`, () => {
    const page = parsePage(readText(id));
    expect(page.text.startsWith(`# ${id}\n`)).toBe(true);
    const findings = checkConfig(filesIn(page, "Invalid")["plan.yaml"] ?? "");
    expect(findings.map((finding) => [finding.id, finding.level])).toEqual([[id, page.level]]);
    expect(checkConfig(filesIn(page, "Valid")["plan.yaml"] ?? "")).toEqual([]);
  });
});

/** What `clean check` says of a change set beside the plan of the examples. */
function checkSet(text: string): readonly Finding[] {
  const lock = examplesLock();
  const parsed = parseChangeSet(text.replace("<hash of the plan>", lock.hash), "changes.yaml");
  if (parsed.kind === "findings") return parsed.findings;
  const { changeSet, locate } = parsed;
  return checkChangeSet(changeSet, { lock, unofficial: false, limits: MIXPANEL_PLAN_LIMITS, locate });
}

describe.each(changeSetIds)("the page of %s", (id) => {
  test(`${id}: the invalid example has this finding alone, with its place, and the valid one has none`, () => {
    const page = parsePage(readText(id));
    expect(page.text.startsWith(`# ${id}\n`)).toBe(true);
    expect(page.sections.get("What to do")?.text.trim()).toBeTruthy();
    const findings = checkSet(filesIn(page, "Invalid")["plan.yaml"] ?? "");
    expect(findings.map((finding) => [finding.id, finding.level])).toEqual([[id, page.level]]);
    expect(findings[0]?.where?.line).toBeGreaterThan(1);
    expect(checkSet(filesIn(page, "Valid")["plan.yaml"] ?? "")).toEqual([]);
  });
});

test.each(captureIds)("the page of %s has its id, its level, an example and what to do", (id) => {
  const page = parsePage(readText(id));
  expect(page.text.startsWith(`# ${id}\n`)).toBe(true);
  expect(page.level).toBe(CAPTURE_FINDINGS[id]);
  expect(page.sections.get("Example")?.blocks).toHaveLength(1);
  expect(page.sections.get("What to do")?.text.trim()).toBeTruthy();
});

test("item-malformed: the example has the finding and the verdict that the page names", () => {
  const page = parsePage(readText("item-malformed"));
  const { source: id, verdict, payload } = exampleIn(page);
  const judged = judgeItem(
    readEvent(payload, "web_token"),
    {
      snapshot: makeSnapshot(examplesLock()),
      source: {
        id,
        trust: "client",
        tokens: ["web_token"],
        origins: [],
        clientAddress: "drop",
        development: false,
      },
      geolocate: undefined,
    },
    { receivedAt: 0, position: 1, clientAddress: "", ipParameter: undefined, index: 0, repetition: 0 },
  );
  expect(judged.map((one) => one.verdict)).toEqual([verdict]);
  expect(judged[0]?.findings.map((finding) => [finding.id, finding.level])).toEqual([
    ["item-malformed", page.level],
  ]);
});

test("never-seen: a listener's report has the finding for an expected event that did not come", () => {
  const page = parsePage(readText("never-seen"));
  const report = {
    plan: "shop",
    items: 1,
    seen: [],
    neverSeen: [],
    unknown: [],
    missing: ["orderCompleted"],
    findings: [],
    coverage: 0,
    passed: false,
  };
  expect(formatReport(report, "github")).toContain(`::${page.level ?? ""} title=never-seen::`);
});
