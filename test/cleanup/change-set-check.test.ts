// What is said of a change set whose shape is right: of one step, and of two together. The pages in docs/findings have an example of each.
import { describe, expect, test } from "vitest";
import { type ChangeSet, checkChangeSet, type Step } from "../../src/cleanup/index.ts";
import { MIXPANEL_PLAN_LIMITS } from "../../src/providers/index.ts";
import { compile } from "../support/plans.ts";

const LOCK = compile(`plumbline: 1
name: shop
sources: { web: { trust: client } }
identity: { user_id: { format: uuid } }
events: { done: { name: Thing done, sources: { web: {} } } }
people:
  plan_tier: { type: string, owner: state, from: users.tier }
  theme: { type: string, owner: client }
groups:
  company:
    plan_tier: { type: string, owner: server }
`);

type Draft = Omit<Step, "id" | "because">;

function findings(drafts: readonly Draft[], change: Partial<ChangeSet> = {}, unofficial = false) {
  const steps = drafts.map((draft, at) => ({ id: `s${at}`, because: "a test", ...draft }));
  const set = { name: "a", destination: "b", plan: LOCK.hash, madeAt: "now", steps, ...change };
  return checkChangeSet(set, { lock: LOCK, unofficial, limits: MIXPANEL_PLAN_LIMITS }).map(
    ({ id, level, at }) => [id, level, at],
  );
}

const unset = (...properties: string[]): Draft => ({ operation: { do: "unset", properties } });
const rename = (from: string, to: string): Draft => ({
  operation: { do: "rename", from, to, onBoth: "keep" },
});
const retype = (property: string): Draft => ({
  operation: { do: "retype", property, to: "string", onMisfit: "keep" },
});
const merge = (from: readonly string[], to: string): Draft => ({
  operation: { do: "merge_spellings", from, to },
});

describe("one step", () => {
  test("of users may not touch what the sync writes; of a group it is another property", () => {
    expect(findings([unset("plan_tier")])).toEqual([
      ["change-set-state-owned", "error", "steps.0.operation"],
    ]);
    expect(findings([{ ...unset("plan_tier"), group: "company" }])).toEqual([]);
    expect(findings([unset("planTier")])).toEqual([]);
  });

  test("that is not enabled is not judged, and does not clash with another", () => {
    expect(findings([{ ...unset("plan_tier"), enabled: false }])).toEqual([]);
    expect(findings([rename("Theme", "theme"), { ...unset("theme"), enabled: false }])).toEqual([]);
  });

  test("that deletes, joins or asks names its people; a privacy request is never about everybody", () => {
    const ask: Draft = { operation: { do: "privacy_delete", compliance: "GDPR" } };
    const remove: Draft = { operation: { do: "delete_profiles", ignoreAlias: true } };
    const everyone = { kind: "everyone" } as const;
    expect(findings([ask, remove]).map(([id]) => id)).toEqual([
      "change-set-no-selector",
      "change-set-no-selector",
    ]);
    expect(findings([{ ...ask, of: everyone }])).toEqual([["change-set-no-selector", "error", "steps.0.of"]]);
    expect(findings([{ ...remove, of: everyone }])).toEqual([["change-set-everyone", "warn", "steps.0.of"]]);
  });

  test("by the unofficial API is fine where the destination allows it, and so is a re-import that keeps", () => {
    const again = (old: "keep" | "delete"): Draft => ({
      operation: { do: "reimport_events", from: "2026-01-01", to: "2026-01-31", old },
    });
    expect(findings([again("keep"), again("delete")]).map(([id, , at]) => [id, at])).toEqual([
      ["change-set-unofficial", "steps.1.operation.do"],
    ]);
    expect(findings([again("delete")], {}, true)).toEqual([]);
  });

  test("may remove a name of the provider's own and may not write it; an address may be written", () => {
    expect(findings([unset("$city")])).toEqual([]);
    expect(findings([rename("town", "$city")]).map(([id]) => id)).toEqual(["change-set-reserved-name"]);
    expect(findings([rename("mail", "$email")]).map(([id]) => id)).toEqual(["change-set-unknown-target"]);
  });
});

describe("two steps", () => {
  const ids = (...drafts: readonly Draft[]): readonly unknown[] =>
    findings(drafts)
      .filter(([id]) => id !== "change-set-unknown-target")
      .map(([id, , at]) => [id, at]);

  test("there and back, and there and away", () => {
    expect(ids(rename("Theme", "theme"), rename("theme", "Theme"))).toEqual([
      ["change-set-undoes", "steps.1.operation"],
    ]);
    expect(ids(merge(["Theme"], "theme"), unset("theme"))).toEqual([
      ["change-set-undoes", "steps.1.operation"],
    ]);
    expect(ids(retype("theme"), retype("theme"))).toEqual([["change-set-undoes", "steps.1.operation"]]);
  });

  test("one name after the other, and then the type, is the right order", () => {
    expect(ids(merge(["Theme"], "theme"), retype("theme"), unset("old"))).toEqual([]);
    expect(ids(retype("theme"), merge(["Theme"], "theme"))).toEqual([
      ["change-set-order", "steps.1.operation"],
    ]);
    expect(ids(unset("Theme"), merge(["Theme"], "theme"))).toEqual([
      ["change-set-order", "steps.1.operation"],
    ]);
  });

  test("about other people, or about a group, do not meet", () => {
    const of = (id: string) => ({ of: { kind: "ids" as const, ids: [id] } });
    expect(ids({ ...retype("theme"), ...of("a") }, { ...retype("theme"), ...of("b") })).toEqual([]);
    expect(ids({ ...retype("theme"), ...of("a") }, { ...retype("theme"), ...of("a") })).toHaveLength(1);
    expect(ids({ ...retype("theme"), ...of("a") }, retype("theme"))).toHaveLength(1);
    expect(ids({ ...retype("theme"), group: "company" }, retype("theme"))).toEqual([]);
  });

  test("that set one field of the dictionary twice are refused, unless to the same", () => {
    const entry = (hidden: boolean, description?: string): Draft => ({
      operation: {
        do: "dictionary",
        entries: [
          {
            entity: "event",
            name: "Old",
            set: { hidden, ...(description === undefined ? {} : { description }) },
          },
        ],
      },
    });
    expect(ids(entry(true), entry(false))).toEqual([["change-set-undoes", "steps.1.operation.entries.0"]]);
    expect(ids(entry(true), entry(true, "What it was"))).toEqual([]);
  });
});

test("a set that was made with another plan is refused", () => {
  expect(findings([], { plan: "another" })).toEqual([["change-set-plan-changed", "error", "plan"]]);
});
