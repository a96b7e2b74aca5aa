// The file of a change set: what is written is read again as the same, mistakes are named with their place, and people's own lines stay.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ChangeSet, Step } from "../../src/cleanup/index.ts";
import {
  parseChangeSet,
  refreshEstimates,
  type StepEstimates,
  writeChangeSet,
} from "../../src/cleanup/index.ts";

const text = fc.string({
  minLength: 1,
  unit: fc.constantFrom(...Array.from(`ab Z1$#>:-'"{}[],|\n\té☃&*!%@\\`)),
});
const name = fc.oneof(
  text,
  fc.constantFrom("true", "12", "null", "~", "2026-11-25", "- a", "#> x", "$email"),
);
const names = fc.array(name, { minLength: 1, maxLength: 4 });
const day = fc
  .integer({ min: 0, max: 20_000 })
  .map((days) => new Date(days * 86_400_000).toISOString().slice(0, 10));
const window = fc.tuple(day, day).map(([a, b]) => (a < b ? { from: a, to: b } : { from: b, to: a }));
const json = fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<string | number | boolean | null>;

const operation: fc.Arbitrary<Step["operation"]> = fc.oneof(
  fc.record({ do: fc.constant("unset" as const), properties: names }),
  fc.record({
    do: fc.constant("rename" as const),
    from: name,
    to: name,
    onBoth: fc.constantFrom("keep" as const, "overwrite" as const),
  }),
  fc.record({ do: fc.constant("merge_spellings" as const), from: names, to: name }),
  fc.record({
    do: fc.constant("map_values" as const),
    property: name,
    values: fc.array(fc.record({ from: json, to: json }), { minLength: 1, maxLength: 3 }),
  }),
  window.map((days) => ({ do: "delete_events" as const, event: "Old", ...days })),
  window.map((days) => ({ do: "reimport_events" as const, old: "keep" as const, ...days })),
  name.map((one) => ({
    do: "dictionary" as const,
    entries: [
      { entity: "event" as const, name: one, set: { hidden: true, description: null, tags: [one, one] } },
    ],
  })),
);
const selector: fc.Arbitrary<NonNullable<Step["of"]>> = fc.oneof(
  fc.record({ kind: fc.constant("property" as const), property: name }),
  fc.record({ kind: fc.constant("where" as const), where: text }),
  fc.record({ kind: fc.constant("ids" as const), ids: names }),
  fc.record({ kind: fc.constant("file" as const), file: text }),
  fc.constant({ kind: "everyone" as const }),
);
const step = fc.record(
  {
    id: fc.stringMatching(/^[a-z0-9._-]{1,30}$/),
    because: text,
    operation,
    of: selector,
    group: name,
    enabled: fc.boolean(),
    expect: fc.record(
      { count: fc.nat(), withinPercent: fc.integer({ min: 0, max: 100 }) },
      { requiredKeys: ["count"] },
    ),
  },
  { requiredKeys: ["id", "because", "operation"] },
);
const changeSet: fc.Arbitrary<ChangeSet> = fc.record({
  name: text,
  destination: text,
  plan: text,
  madeAt: fc.constant("2026-11-25T00:00:00.000Z"),
  steps: fc.uniqueArray(step, { selector: ({ id }) => id, maxLength: 5 }) as fc.Arbitrary<Step[]>,
});

const ESTIMATE = {
  count: 48_210,
  requests: 76,
  durationMs: 1_720_000,
  reversibility: { kind: "partly", but: "what its ids were joined to does not come back" },
} as const;

function parsed(file: string): ChangeSet {
  const result = parseChangeSet(file, "changes.yaml");
  if (result.kind === "findings") throw new Error(JSON.stringify(result.findings));
  return result.changeSet;
}

describe("what is written", () => {
  test("is read again as the same, with estimates or without", () => {
    fc.assert(
      fc.property(changeSet, fc.boolean(), (set, isEstimated) => {
        const estimates: StepEstimates = new Map(
          isEstimated ? set.steps.map(({ id }) => [id, ESTIMATE] as const) : [],
        );
        const file = writeChangeSet(set, estimates, ["a note\nof two lines"]);
        expect(parsed(file)).toEqual(set);
        expect(refreshEstimates(file, estimates)).toBe(file);
      }),
      { numRuns: 300 },
    );
  });

  const SPRING: ChangeSet = {
    name: "spring",
    destination: "product",
    plan: "abc",
    madeAt: "2026-11-25T00:00:00.000Z",
    steps: [
      {
        id: "one-spelling",
        because: "Three spellings of one property",
        operation: { do: "merge_spellings", from: ["planTier", "Plan Tier"], to: "plan_tier" },
        expect: { count: 48_210 },
      },
      {
        id: "bots",
        because: "Nobody's",
        enabled: false,
        operation: { do: "delete_profiles", ignoreAlias: true },
        of: { kind: "file", file: "spring.ids/bots.txt" },
      },
    ],
  };

  test("reads as a person would write it: a step a block, what it costs above it, the total above all", () => {
    const whole = { ...ESTIMATE, reversibility: { kind: "whole" } } as const;
    const file = writeChangeSet(SPRING, new Map([["one-spelling", whole]]), [
      "Nothing was read from the database.",
    ]);
    expect(file).toBe(`# yaml-language-server: $schema=./node_modules/plumbline/changeset.schema.json
# A change set: what \`plumbline clean apply\` changes at the provider. Nothing has happened yet.
# Review it like code. A step that is deleted, or has \`enabled: false\`, does not happen; comments are yours.
# Lines with #> are Plumbline's: \`plumbline clean check <file> --write\` keeps them true.
# * Nothing was read from the database.
plumbline: 1
name: spring
destination: product
plan: abc
madeAt: 2026-11-25T00:00:00.000Z

#> 1 of 2 steps enabled: 48,210 to change · 76 requests · at least 29 min
steps:
  #> 48,210 to change · 76 requests · at least 29 min
  #> undo brings it back
  - id: one-spelling
    because: Three spellings of one property
    operation: { do: merge_spellings, from: [ planTier, Plan Tier ], to: plan_tier }
    expect: { count: 48210 }

  #> what it costs and whether it can be undone is not known here
  - id: bots
    because: Nobody's
    enabled: false
    operation: { do: delete_profiles, ignoreAlias: true }
    of: { kind: file, file: spring.ids/bots.txt }
`);
  });

  test("keeps people's comments, order and quotes when the estimates are written anew", () => {
    const estimates = new Map([["one-spelling", ESTIMATE]]);
    const file = writeChangeSet(SPRING, estimates);
    const edited = file
      .replace("  - id: one-spelling", "  # Ada: agreed with marketing\n  - id: one-spelling   # first")
      .replace("because: Three spellings of one property", 'because: "Three spellings"')
      .replace("    enabled: false\n", "");
    const fresh = refreshEstimates(
      edited,
      new Map([["one-spelling", { ...ESTIMATE, count: 7, requests: 1 }]]),
    );
    expect(fresh.split("\n").filter((line) => !line.trim().startsWith("#>"))).toEqual(
      edited.split("\n").filter((line) => !line.trim().startsWith("#>")),
    );
    expect(fresh).toContain("#> 2 of 2 steps enabled: 7 to change · 1 request · at least 29 min\nsteps:");
    expect(fresh).not.toContain("48,210");
  });

  test("a file in JSON gets no comments, and a text that looks like one of ours stays", () => {
    const asJson = JSON.stringify(SPRING, undefined, 2);
    expect(refreshEstimates(asJson, new Map([["one-spelling", ESTIMATE]]))).toBe(asJson);
    const odd = writeChangeSet(SPRING, new Map()).replace("Nobody's", "|\n      #> not ours\n      at all");
    expect(refreshEstimates(odd, new Map([["one-spelling", ESTIMATE]]))).toBe(odd);
  });
});

describe("what is wrong with a file", () => {
  const HEAD = "name: a\ndestination: product\nplan: abc\nmadeAt: 2026-11-25T00:00:00Z\nsteps:\n";
  const findings = (file: string) => {
    const result = parseChangeSet(file, "changes.yaml");
    return result.kind === "findings"
      ? result.findings.map(({ id, at, where, fix }) => [id, at, `${where?.line}:${where?.column}`, fix])
      : [];
  };

  test("an unknown key is named, with what was probably meant", () => {
    const file = `${HEAD}  - id: a\n    because: b\n    operation: { do: unset, propertes: [x] }\n`;
    expect(findings(file)).toEqual([
      ["change-set-bad-value", "steps.0.operation", "8:5", undefined],
      ["change-set-unknown-key", "steps.0.operation.propertes", "8:29", "Did you mean `properties`?"],
    ]);
  });

  test("a mistake is told of the operation that was meant, and of no other", () => {
    const file = `${HEAD}  - id: a\n    because: b\n    operation: { do: retype, property: x, to: bool, onMisfit: keep }\n`;
    expect(findings(file)).toEqual([["change-set-bad-value", "steps.0.operation.to", "8:43", undefined]]);
    expect(findings(file.replace("do: retype", "do: retyp"))).toEqual([
      ["change-set-bad-value", "steps.0.operation.do", "8:18", "Did you mean `retype`?"],
    ]);
  });

  test("two steps with one id, and a window that ends before it begins", () => {
    const one = "  - id: a\n    because: b\n    operation: { do: unset, properties: [x] }\n";
    const other =
      "  - id: A\n    because: b\n    operation: { do: reimport_events, from: 2026-02-01, to: 2026-01-01 }\n";
    expect(findings(`${HEAD}${one}${other}`).map(([id, at, where]) => [id, at, where])).toEqual([
      ["change-set-duplicate-step", "steps.1.id", "9:5"],
      ["change-set-bad-value", "steps.1.operation.from", "11:39"],
    ]);
  });

  test("what is no YAML, no change set, or has no steps, is said", () => {
    expect(findings("steps: [")[0]?.[0]).toBe("yaml-syntax");
    expect(findings("- a").map(([id]) => id)).toEqual(["change-set-bad-value"]);
    expect(findings("name: a\ndestination: b\nplan: c\nmadeAt: d\n").map(([id]) => id)).toEqual([
      "change-set-bad-value",
    ]);
  });
});
