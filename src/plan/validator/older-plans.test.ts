import { describe, expect, test } from "vitest";
import { checkPlan } from "../check-plan.ts";
import type { Lock } from "../lock.ts";
import { planStamp } from "./plan-stamp.ts";
import { makeSupportingValidator } from "./older-plans.ts";

const USER = "0b9ad0c8-3c7a-4c43-9b7d-1f2a3b4c5d6e";

function lockOf(sections: string): Lock {
  const text = `plumbline: 1\nname: shop\nsources: { web: { trust: client }, ios: { trust: client } }\nidentity: { user_id: { format: uuid } }\n${sections}`;
  const { lock, findings } = checkPlan(
    "plan.yaml",
    { expand: () => [], read: () => text },
    { limits: [], today: "2026-11-24" },
  );
  if (!lock) throw new Error(findings.map(({ message }) => message).join("\n"));
  return lock;
}

const event = (name: string, properties: string, more = ""): string =>
  `events:\n  itemAdded:\n    name: ${name}\n    description: It happened\n    owner: shop\n    sources: [web, ios]\n${more}    properties:\n${properties}`;
const CART = "      cart_id: { type: string, data: none, description: Id }\n";
const CODE = "      coupon: { type: string, data: none, description: Code }\n";
const AMOUNT = "      amount: { type: integer, presence: required, data: none, description: Cents }\n";

const before = lockOf(event("Item added", CART + CODE));
const RETIRED = Date.UTC(2026, 10, 1);

function judge(now: Lock, properties: object, stamp = planStamp(before), source = "web") {
  const older = {
    stamps: new Set([planStamp(before)]),
    find: () => ({ lock: before, retiredAt: RETIRED }),
  };
  return makeSupportingValidator(now, older).judgeEvent({
    source,
    event: "Item added",
    properties: { distinct_id: USER, plan: stamp, ...properties },
  });
}

describe("an event of an older plan", () => {
  const now = lockOf(event("Item added", CART + AMOUNT));

  test("is judged by that plan: what became required later is not missed, what was removed later stays", () => {
    const judged = judge(now, { cart_id: "c", coupon: "x" });
    expect(judged).toMatchObject({ verdict: "accepted", findings: [], eventId: "itemAdded" });
    expect(judged.output?.properties).toMatchObject({ cart_id: "c", coupon: "x" });
  });

  test("without the stamp, with an unknown one, or with the present one it is judged by the present plan", () => {
    for (const stamp of ["", "ffffffffffff", planStamp(now)])
      expect(judge(now, { cart_id: "c" }, stamp).verdict).toBe("quarantined");
  });

  test("that its own plan does not allow is refused", () => {
    expect(judge(now, { cart_id: "c", debug: 1 })).toMatchObject({
      verdict: "stripped",
      findings: [{ id: "unknown-property" }],
    });
  });

  test("gets the present names", () => {
    const renamed = lockOf(
      event(
        "Item put into cart",
        "      basket_id: { type: string, was: [cart_id], data: none, description: Id }\n",
        "    was: [Item added]\n",
      ),
    );
    const judged = judge(renamed, { cart_id: "c" });
    expect(judged).toMatchObject({ verdict: "repaired", output: { event: "Item put into cart" } });
    expect(judged.output?.properties).toMatchObject({ basket_id: "c" });
    expect(judged.repairs.map(({ rule }) => rule)).toEqual(["event-renamed", "property-renamed"]);
  });

  test("meets the present data classes: what is private now stays private", () => {
    const secret = lockOf(
      `data_classes: { secret: { gateway: drop } }\n${event("Item added", "      cart_id: { type: string, data: secret, description: Id }\n")}`,
    );
    const judged = judge(secret, { cart_id: "c" });
    expect(judged).toMatchObject({ verdict: "stripped", findings: [{ id: "data-class-dropped" }] });
    expect(judged.output?.properties).not.toHaveProperty("cart_id");
  });

  test("that is gone from the present plan goes on under its own name", () => {
    const gone = lockOf("");
    expect(judge(gone, { cart_id: "c" })).toMatchObject({
      verdict: "accepted",
      output: { event: "Item added" },
    });
  });
});

describe("the window", () => {
  const supporting = (support: string): Lock =>
    lockOf(`support: { web: ${support} }\n${event("Item added", CART + AMOUNT)}`);
  const DAY = 86_400;

  test("`14d`: an event of the fourteenth day after the plan was replaced is judged by it, one of the day after is not", () => {
    const now = supporting("14d");
    expect(judge(now, { time: RETIRED / 1000 + 14 * DAY }).verdict).toBe("accepted");
    expect(judge(now, { time: RETIRED / 1000 + 15 * DAY }).verdict).toBe("quarantined");
    expect(judge(now, { time: RETIRED + 13 * DAY * 1000 }).verdict).toBe("accepted");
    expect(judge(now, {}).verdict).toBe("accepted");
  });

  test("`>=7.9`: releases from it on, by number, and no others", () => {
    const now = supporting('">=7.9"');
    expect(judge(now, { $app_version_string: "7.10.1" }).verdict).toBe("accepted");
    expect(judge(now, { $app_version_string: "7.9" }).verdict).toBe("accepted");
    expect(judge(now, { $app_version_string: "7.8.9" }).verdict).toBe("quarantined");
    expect(judge(now, {}).verdict).toBe("quarantined");
  });

  test("a source that the plan says nothing of has no end", () => {
    expect(judge(supporting("1d"), { time: RETIRED / 1000 + 900 * DAY }, undefined, "ios").verdict).toBe(
      "accepted",
    );
  });
});
