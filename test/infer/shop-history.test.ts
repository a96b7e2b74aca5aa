// A month of the shop's history before it had a plan: infer must find what is planted, raise no false alarm, and propose a plan under
// which nothing of it waits in quarantine but what no plan can let in.
import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import {
  EventLines,
  formatInferReport,
  makeTrafficProfile,
  proposePlan,
  type TrafficEvent,
  writePlan,
} from "../../src/infer/index.ts";
import { makeValidator } from "../../src/plan/index.ts";
import { MIXPANEL_PLAN_LIMITS } from "../../src/providers/index.ts";
import { sourceOfLibrary } from "../../src/infer/profile/traffic-source.ts";
import { compile } from "../support/plans.ts";

interface History {
  readonly PLANTED: readonly { readonly trouble: string; readonly finding: string; readonly at: string }[];
  readonly HARMLESS: readonly string[];
  playHistory(options: { readonly days?: number; readonly emit: (event: TrafficEvent) => void }): void;
}

const IDENTITY_FINDINGS = ["identity-email", "identity-phone", "identity-forbidden", "identity-format"];
let history: History;
const events: TrafficEvent[] = [];

beforeAll(async () => {
  history = (await import(new URL("../../examples/shop/history.mjs", import.meta.url).href)) as History;
  history.playHistory({ emit: (event) => events.push(event) });
});

function infer(list: readonly TrafficEvent[]) {
  const profile = makeTrafficProfile({ forbiddenIds: MIXPANEL_PLAN_LIMITS.forbiddenIds });
  for (const event of list) profile.add(event);
  const proposal = proposePlan(profile, { name: "shop", unseenDays: 14 });
  return { proposal, ...writePlan(proposal.draft, [MIXPANEL_PLAN_LIMITS]) };
}

/** Verdicts of the real validator, under the proposed plan. */
function judge(text: string, list: readonly TrafficEvent[]) {
  const validator = makeValidator(compile(text));
  const quarantined: { event: string; findings: readonly string[] }[] = [];
  for (const { event, properties } of list) {
    const library = properties["mp_lib"];
    const source = sourceOfLibrary(typeof library === "string" ? library : "").id;
    const judged = validator.judgeEvent({ source, event, properties });
    if (judged.verdict === "quarantined" || judged.verdict === "dropped")
      quarantined.push({ event, findings: judged.findings.map(({ id }) => id) });
  }
  return quarantined;
}

describe("a month of messy traffic", () => {
  test("every planted trouble is found, and nothing else is called one", async () => {
    const { proposal } = infer(events);
    const { findings } = proposal;
    const isFound = (finding: string, at: string): boolean =>
      findings.some((one) => one.id === finding && one.at === at);
    const rows = history.PLANTED.map(
      ({ trouble, finding, at }) =>
        `| ${trouble} | ${isFound(finding, at) ? `\`${finding}\`` : "**no**"} | \`${at}\` |`,
    );
    const falseAlarms = findings.filter(
      ({ id, at }) => !history.PLANTED.some((planted) => planted.finding === id && planted.at === at),
    );
    const table = [
      "| planted | found as | where |",
      "|---|---|---|",
      ...rows,
      "",
      `Planted ${history.PLANTED.length}, found ${rows.filter((row) => !row.includes("**no**")).length}, false alarms ${falseAlarms.length}.`,
      "Also in the data, and rightly not reported:",
      "",
      ...history.HARMLESS.map((line) => `- ${line}`),
      "",
    ].join("\n");
    expect(falseAlarms).toEqual([]);
    expect(rows.filter((row) => row.includes("**no**"))).toEqual([]);
    await expect(table).toMatchFileSnapshot("golden/planted-and-found.md");
    const guide = readFileSync(new URL("../../docs/guide/inferring-a-plan.md", import.meta.url), "utf8");
    expect(guide).toContain(table.trim());
  });

  test("under the proposed plan only ids wait that no plan can let in, as many as the report says", () => {
    const { proposal, text, findings } = infer(events);
    expect(findings.filter(({ level }) => level === "error")).toEqual([]);
    const quarantined = judge(text, events);
    expect(quarantined.length).toBeGreaterThan(0);
    expect(quarantined.filter((one) => one.findings.every((id) => !IDENTITY_FINDINGS.includes(id)))).toEqual(
      [],
    );
    expect(quarantined.length).toBe(proposal.summary.refused);
  });

  test("traffic whose ids are in order is not quarantined at all", () => {
    const sound = events.filter(({ properties: { distinct_id: id } }) => {
      const text = typeof id === "string" ? id : "";
      return !text.includes("@") && text !== "undefined";
    });
    const { proposal, text } = infer(sound);
    expect(proposal.summary.refused).toBe(0);
    expect(judge(text, sound)).toEqual([]);
  });

  test("the same data gives the same bytes", async () => {
    const first = infer(events);
    expect(infer(events).text).toBe(first.text);
    await expect(first.text).toMatchFileSnapshot("golden/shop-inferred.yaml");
    expect(formatInferReport(infer(events).proposal)).toBe(formatInferReport(first.proposal));
  });

  test("neither plan nor report holds a personal value", () => {
    const { proposal, text } = infer(events);
    for (const written of [text, formatInferReport(proposal)]) {
      expect(written).not.toContain("@example.com");
      expect(written).not.toContain("+49");
      expect(written).not.toContain("eyJ");
      expect(written).not.toContain("customer=");
    }
  });

  test("lines cut anywhere into pieces give the same events", () => {
    const list = events.slice(0, 200);
    const bytes = Buffer.from(`${list.map((event) => JSON.stringify(event)).join("\n")}\nnot json\n[1]\n\n`);
    for (const size of [1, 7, 64, 5000, bytes.length]) {
      const read: TrafficEvent[] = [];
      const lines = new EventLines((event) => read.push(event));
      for (let at = 0; at < bytes.length; at += size) lines.push(bytes.subarray(at, at + size));
      lines.end();
      expect(read).toEqual(list);
      expect(lines).toMatchObject({ lines: 202, unreadable: 2, firstUnreadable: 201, brokenOff: false });
    }
  });
});
