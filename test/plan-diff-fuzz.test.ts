// Holds the rollout axis to the validator: whatever an edit of a random plan makes the gateway reject or strip, diff said before.
import fc from "fast-check";
import { expect, test } from "vitest";
import { diffPlans, type Lock, makeValidator, type ValueType } from "../src/plan/index.ts";
import { eventInput, lock, valueFor, valueType } from "./support/arbitrary-plans.ts";

const MINUTE_MS = 60_000;
const factor = Number(process.env["PLUMBLINE_FUZZ_RUNS"] ?? "1");
const options = { timeout: 2 * MINUTE_MS * factor };
const PLANS = 150;
const INPUTS_PER_PLAN = 30;
const TYPES = 400;
const VALUES_PER_TYPE = 20;
const hash = (): string => "0".repeat(32);

/** Verdicts of what arrives whole. What was stripped before was not as planned: an addition may find it to be of the wrong type. */
const WHOLE: ReadonlySet<string> = new Set(["accepted", "repaired"]);
const REFUSED: ReadonlySet<string> = new Set(["quarantined", "dropped"]);

function planWith(type: ValueType): Lock {
  return {
    lock: 1,
    name: "one type",
    hash: "0",
    unknown_event: "quarantine",
    plan_property: "plan",
    sources: { api: { trust: "server" } },
    identity: { user_id: { format: "any" }, reset_on: [], forbidden: [], missing: "accept" },
    data_classes: {},
    events: {
      one: {
        name: "One",
        tags: [],
        sources: { api: {} },
        was: [],
        properties: { value: { presence: "optional", type, data: "none", was: [] } },
        unknown_property: "strip",
        invalid_property: "quarantine",
        missing_property: "quarantine",
      },
    },
    people: {},
    groups: {},
    provenance: {},
  };
}

function rolloutGrades(base: Lock, head: Lock): readonly string[] {
  return diffPlans(base, head).changes.map(({ axes }) => axes.rollout.grade);
}

const pair = fc
  .array(valueType, { minLength: 2, maxLength: 12 })
  .map((types) =>
    types.flatMap((one) =>
      types.filter((two) => two !== one && two.type === one.type).map((two) => [one, two] as const),
    ),
  )
  .filter((pairs) => pairs.length > 0)
  .chain((pairs) => fc.constantFrom(...pairs));

test("a value that fits one type and not the other: diff says that rollout breaks", options, () => {
  fc.assert(
    fc.property(
      pair.chain(([before, after]) =>
        fc.tuple(
          fc.constant(before),
          fc.constant(after),
          fc.array(valueFor(before), { maxLength: VALUES_PER_TYPE }),
        ),
      ),
      ([before, after, values]) => {
        const [base, head] = [planWith(before), planWith(after)];
        const [old, now] = [makeValidator(base), makeValidator(head)];
        const refused = values.filter((value) => {
          const input = { source: "api", event: "One", properties: { value } };
          return WHOLE.has(old.judgeEvent(input).verdict) && REFUSED.has(now.judgeEvent(input).verdict);
        });
        if (refused.length > 0) expect(rolloutGrades(base, head)).toContain("breaks");
      },
    ),
    { numRuns: TYPES * factor },
  );
});

/** `check` lets no plan pass in which a replacement is missing, or replacements go round. */
function isUnsound({ events }: Lock): boolean {
  return Object.keys(events).some((start) => {
    const { to } = events[start]?.deprecated ?? {};
    if (to !== undefined && events[to] === undefined) return true;
    let at = events[start]?.deprecated?.to;
    for (let left = 5; left > 0 && at !== undefined && at !== start; left--) at = events[at]?.deprecated?.to;
    return at !== undefined;
  });
}

/** A plan with one part of another: what a person would edit in one go. */
const edited = fc
  .tuple(lock, lock, fc.constantFrom("e0", "e1", "e2"), fc.nat(9))
  .map(([base, other, id, what]): readonly [Lock, Lock] => {
    if (what === 0) return [base, { ...base, unknown_event: other.unknown_event }];
    if (what === 1) return [base, { ...base, identity: other.identity }];
    if (what === 2) {
      const { [id]: _gone, ...events } = base.events;
      return [base, { ...base, events }];
    }
    const [event, from] = [base.events[id], other.events[id]];
    if (event === undefined || from === undefined) return [base, base];
    const keys = [
      "properties",
      "sources",
      "unknown_property",
      "invalid_property",
      "missing_property",
      "deprecated",
      "was",
    ] as const;
    const key = keys[what - 3] ?? "properties";
    const next = key === "was" ? { ...event, was: [] } : { ...event, [key]: from[key] };
    return [base, { ...base, events: { ...base.events, [id]: next } }];
  })
  .filter((plans) => !plans.some(isUnsound));

test("an event that passes one plan and not the edited one: diff says it beforehand", options, () => {
  fc.assert(
    fc.property(
      edited.chain(([base, head]) =>
        fc.tuple(
          fc.constant(base),
          fc.constant(head),
          fc.array(eventInput(base), { maxLength: INPUTS_PER_PLAN }),
        ),
      ),
      ([base, head, inputs]) => {
        const [old, now] = [makeValidator(base, { hash }), makeValidator(head, { hash })];
        const { changes } = diffPlans(base, head);
        const has = (...grades: readonly string[]): boolean =>
          changes.some(({ axes }) => grades.includes(axes.rollout.grade));
        // Where unknown ones were accepted nobody knows what arrives: a warning is all that can be said of an addition.
        const isBlind = changes.some(({ kind }) => kind.endsWith("-added-judged"));
        for (const input of inputs) {
          const [before, after] = [old.judgeEvent(input).verdict, now.judgeEvent(input).verdict];
          if (!WHOLE.has(before) || WHOLE.has(after)) continue;
          if (REFUSED.has(after) && !isBlind) expect(has("breaks")).toBe(true);
          else expect(has("breaks", "warns")).toBe(true);
        }
      },
    ),
    { numRuns: PLANS * factor },
  );
});

test("a plan compared with itself says nothing, whatever it is", options, () => {
  fc.assert(
    fc.property(lock, (plan) => {
      expect(diffPlans(plan, structuredClone(plan)).changes).toEqual([]);
    }),
    { numRuns: PLANS * factor },
  );
});
