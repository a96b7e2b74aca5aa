import { describe, expect, test } from "vitest";
import { changeExamples, EXAMPLE_SECTIONS, examplePlan } from "../../../test/support/plan-changes.ts";
import { CHANGE_KINDS } from "./change-kinds.ts";
import { diffPlans } from "./diff-plans.ts";
import { diffFindings, GATES_DEFAULT } from "./gates.ts";

const examples = EXAMPLE_SECTIONS.flatMap(changeExamples);
const diffOf = (before: string, after: string) => diffPlans(examplePlan(before), examplePlan(after));
const told = (before: string, after: string) =>
  diffOf(before, after).changes.map(({ kind, at }) => `${kind} ${at}`);

describe("every row of the table has an example", () => {
  test("and no row is without one", () => {
    expect([...new Set(examples.map(({ kind }) => kind))].sort()).toEqual(Object.keys(CHANGE_KINDS).sort());
  });

  test.each(examples)("$kind", ({ kind, at, axes, step, also = [], before, after }) => {
    const diff = diffOf(before, after);
    const [change] = diff.changes.filter((one) => one.kind === kind);
    const felt = Object.entries(change?.axes ?? {}).filter(([, { grade }]) => grade !== "none");
    expect(Object.fromEntries(felt.map(([axis, { grade }]) => [axis, grade]))).toEqual(axes);
    expect(diff.changes.map((one) => `${one.kind} ${one.at}`).sort()).toEqual(
      [`${kind} ${at}`, ...also].sort(),
    );
    expect(diff.due.step).toBe(step);
  });

  test.each(examples)("$kind: a plan compared with itself says nothing", ({ before, after }) => {
    for (const text of [before, after])
      expect(diffOf(text, text)).toMatchObject({
        changes: [],
        due: { step: "none" },
        isVersionTooLow: false,
      });
  });
});

const shared = (type: string, events: readonly string[]) =>
  `properties:\n  total: { ${type} }\nevents:\n${events
    .map((id) => `  ${id}: { name: ${id}, properties: { total: optional } }\n`)
    .join("")}`;

describe("one edit is told once", () => {
  test("a shared property names the events that use it, and its own place", () => {
    const { changes } = diffOf(
      shared("type: number", ["paid", "refunded"]),
      shared("type: number, min: 0", ["paid", "refunded"]),
    );
    expect(changes).toMatchObject([
      { kind: "property-narrowed", at: "properties.total", events: ["paid", "refunded"], where: { line: 6 } },
    ]);
  });

  test("the same words at two places are two changes", () => {
    const own = (type: string) =>
      `events:\n  paid: { name: Paid, properties: { total: { ${type} } } }\n  refunded: { name: Refunded, properties: { total: { ${type} } } }\n`;
    expect(told(own("type: number"), own("type: number, min: 0"))).toEqual([
      "property-narrowed events.paid.properties.total",
      "property-narrowed events.refunded.properties.total",
    ]);
  });

  test("a default that changes every event is one change", () => {
    const events = "events:\n  paid: { name: Paid }\n  refunded: { name: Refunded }\n";
    expect(told(events, `defaults: { unknown_property: quarantine }\n${events}`)).toEqual([
      "event-policy-stricter defaults.unknown_property",
    ]);
  });
});

describe("who feels it", () => {
  test("a property that one source must send names that source alone", () => {
    const { changes } = diffOf(
      "events:\n  paid: { name: Paid, properties: { total: { type: number } } }\n",
      "events:\n  paid: { name: Paid, properties: { total: { type: number, sources: { ios: required } } } }\n",
    );
    expect(changes).toMatchObject([{ kind: "property-now-required", sources: ["ios"] }]);
  });

  test("a source that the plan drops is one change, and none for each event", () => {
    const events = "events:\n  paid: { name: Paid, sources: [web, ios] }\n";
    const without = "sources: { web: { trust: client } }\nevents:\n  paid: { name: Paid, sources: [web] }\n";
    const withIos = `sources: { web: { trust: client }, ios: { trust: client } }\n${events}`;
    expect(told(withIos, without)).toEqual(["source-removed sources.ios"]);
  });
});

describe("names that come back", () => {
  const event = (id: string, more: string) => `  ${id}: { ${more} }\n`;

  test("an old name that a plan gives up and another event takes is an error under any gates", () => {
    const diff = diffOf(
      `events:\n${event("a", "name: New a, was: [Done]")}`,
      `events:\n${event("a", "name: New a")}${event("b", "name: Done")}`,
    );
    const gates = { code: "off", data: "off", rollout: "off", provider: "off" } as const;
    expect(diffFindings(diff, gates).filter(({ level }) => level === "error")).toMatchObject([
      { id: "wire-name-reused", at: "events.b" },
    ]);
  });

  test("an event that takes back its own old name is a rename", () => {
    expect(
      told(
        `events:\n${event("a", "name: New a, was: [Done]")}`,
        `events:\n${event("a", "name: Done, was: [New a]")}`,
      ),
    ).toEqual(["event-renamed events.a"]);
  });

  test("a profile property whose id means something else is an error", () => {
    expect(
      told(
        "people:\n  level: { name: tier, type: string, owner: server }\n",
        "people:\n  level: { name: game_level, type: integer, owner: server }\n",
      ),
    ).toEqual(["id-reused people.level"]);
  });
});

describe("the version that is due", () => {
  const plan = (version: string, more = "") =>
    `version: ${version}\nevents:\n  paid: { name: Paid }\n${more}`;
  const removed = (version: string) => `version: ${version}\nevents: {}\n`;

  test.each([
    ["1.2.3", "1.2.3", true],
    ["1.2.3", "1.9.0", true],
    ["1.2.3", "2.0.0", false],
    ["1.2.3", "10.0.0", false],
    ["0.4.1", "0.5.0", false],
    ["0.4.1", "0.4.2", true],
  ])("a removed event from %s to %s is too low: %s", (before, after, expected) => {
    const diff = diffOf(plan(before), removed(after));
    expect(diff.isVersionTooLow).toBe(expected);
    expect(diffFindings(diff, GATES_DEFAULT).some(({ id }) => id === "version-too-low")).toBe(expected);
  });

  test("an addition needs a minor step", () => {
    const diff = diffOf(plan("1.2.3"), plan("1.2.4", "  refunded: { name: Refunded }\n"));
    expect(diff).toMatchObject({ due: { step: "minor", version: "1.3.0" }, isVersionTooLow: true });
  });

  test("a plan without a version is never too low", () => {
    expect(diffOf("events:\n  paid: { name: Paid }\n", "events: {}\n").isVersionTooLow).toBe(false);
  });
});

describe("nested types", () => {
  const property = (type: string) => `events:\n  paid: { name: Paid, properties: { items: ${type} } }\n`;

  test.each([
    ["{ type: list }", "{ type: list, items: { type: string } }", "property-narrowed"],
    [
      "{ type: list, items: { type: string } }",
      "{ type: list, items: { type: number } }",
      "property-type-changed",
    ],
    [
      "{ type: list, items: { type: integer } }",
      "{ type: list, items: { type: number } }",
      "property-widened",
    ],
    [
      "{ type: object, properties: { a: { type: string } } }",
      "{ type: object, properties: { a: { type: string, max_length: 3 } } }",
      "property-narrowed",
    ],
    [
      "{ type: object, properties: { a: { type: string } } }",
      "{ type: object, properties: { a: { type: string }, b: { type: string } } }",
      "property-widened",
    ],
    [
      "{ type: object, properties: { a: { type: string } } }",
      "{ type: object, properties: { a: { type: string, presence: required } } }",
      "property-narrowed",
    ],
    ["{ type: string, nullable: true }", "{ type: string }", "property-narrowed"],
    ["{ type: number }", "{ type: integer }", "property-narrowed"],
    ["{ type: string, pattern: a }", "{ type: string, pattern: b }", "property-narrowed"],
    ["{ type: string }", "{ type: string, enum: [a] }", "property-narrowed"],
    ["{ type: string, enum: [a] }", "{ type: string }", "property-widened"],
  ])("from %s to %s", (before, after, kind) => {
    expect(told(property(before), property(after))).toEqual([`${kind} events.paid.properties.items`]);
  });
});
