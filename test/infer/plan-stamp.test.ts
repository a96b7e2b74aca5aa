// What generated clients name their plan by is no property of a plan.
import { expect, test } from "vitest";
import { makeTrafficProfile, proposePlan, writePlan } from "../../src/infer/index.ts";
import { MIXPANEL_PLAN_LIMITS } from "../../src/providers/index.ts";

function proposed(plan: string): string {
  const profile = makeTrafficProfile({ forbiddenIds: [] });
  for (let index = 0; index < 5; index++)
    profile.add({
      event: "Cart opened",
      properties: {
        distinct_id: "0b9ad0c8-3c7a-4c43-9b7d-1f2a3b4c5d6e",
        time: 1_790_000_000 + index,
        plan,
        size: index,
      },
    });
  return writePlan(proposePlan(profile, { name: "x", unseenDays: 30 }).draft, [MIXPANEL_PLAN_LIMITS]).text;
}

test("the stamp of a plan is left out, and a property that happens to be called so is not", () => {
  expect(proposed("fed752696384")).not.toContain("plan: {");
  expect(proposed("premium")).toContain("plan: {");
});
