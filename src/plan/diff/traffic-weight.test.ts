import { describe, expect, test } from "vitest";
import { examplePlan } from "../../../test/support/plan-changes.ts";
import { makeValidator } from "../validator/make-validator.ts";
import { TRAFFIC_ROWS_MAX, trafficFacts, TrafficScale, weighEvent } from "./traffic-weight.ts";

const plan = (properties: string, more = "") =>
  makeValidator(examplePlan(`${more}events:\n  paid: { name: Paid, properties: { ${properties} } }\n`));

const ID = "018f3a5e-7a3c-7cc0-9b1c-111111111111";

function weigh(
  { base, head }: { base: ReturnType<typeof plan>; head: ReturnType<typeof plan> },
  events: readonly (readonly [release: string, properties: object])[],
) {
  const scale = new TrafficScale();
  for (const [release, properties] of events)
    weighEvent(
      scale,
      { base, head },
      {
        source: "web",
        event: "Paid",
        release,
        properties: { distinct_id: ID, $user_id: ID, ...properties },
      },
    );
  return scale.weight(undefined);
}

describe("what the new plan does to events that pass today", () => {
  test("a required property rejects the releases that leave it out, and names them", () => {
    const weight = weigh(
      { base: plan("total: { type: number }"), head: plan("total: { type: number, presence: required }") },
      [
        ["1.0", {}],
        ["1.0", {}],
        ["1.0", { total: 3 }],
        ["2.0", { total: 3 }],
      ],
    );
    expect(weight).toMatchObject({ events: 4, rejected: 2, stripped: 0, repaired: 0, freed: 0 });
    expect(weight.rows).toEqual([
      {
        source: "web",
        release: "1.0",
        event: "Paid",
        count: 3,
        rejected: 2,
        stripped: 0,
        repaired: 0,
        freed: 0,
      },
    ]);
  });

  test("an event that is stripped already counts again when it loses more", () => {
    const weight = weigh(
      {
        base: plan("total: { type: number }, coupon: { type: string }"),
        head: plan("total: { type: number }"),
      },
      [
        ["1.0", { coupon: "A", unknown: 1 }],
        ["1.0", { unknown: 1 }],
      ],
    );
    expect(weight).toMatchObject({ events: 2, stripped: 1, rejected: 0 });
  });

  test("a rename repairs", () => {
    const weight = weigh(
      { base: plan("total: { type: number }"), head: plan("amount: { type: number, was: [total] }") },
      [["1.0", { total: 3 }]],
    );
    expect(weight).toMatchObject({ repaired: 1, stripped: 0, rejected: 0 });
  });

  test("what was refused and would pass is counted apart", () => {
    const weight = weigh(
      { base: plan("total: { type: number, presence: required }"), head: plan("total: { type: number }") },
      [["1.0", {}]],
    );
    expect(weight).toMatchObject({ freed: 1, rejected: 0 });
    expect(trafficFacts(weight)).toContain("1 that were refused would pass");
  });
});

test("kinds of events have a bound; beyond it they are counted together, and none is lost", () => {
  const scale = new TrafficScale();
  const count = TRAFFIC_ROWS_MAX + 5;
  for (let at = 0; at < count; at++)
    scale.add(
      { source: "web", release: "", event: `e${at}` },
      { verdict: "accepted", repairs: 0 },
      { verdict: "dropped", repairs: 0 },
    );
  const weight = scale.weight(undefined);
  expect(weight).toMatchObject({ events: count, rejected: count, truncated: true });
  expect(weight.rows.length).toBe(TRAFFIC_ROWS_MAX + 1);
  expect(weight.rows[0]).toMatchObject({ event: "…", rejected: 5 });
});
