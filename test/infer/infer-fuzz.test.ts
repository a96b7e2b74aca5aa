// Whatever traffic looks like: the proposed plan passes `check`, and under it the validator holds back exactly what the report announces.
import fc from "fast-check";
import { expect, test } from "vitest";
import { makeTrafficProfile, proposePlan, type TrafficEvent, writePlan } from "../../src/infer/index.ts";
import { sourceOfLibrary } from "../../src/infer/profile/traffic-source.ts";
import { makeValidator } from "../../src/plan/index.ts";
import { MIXPANEL_PLAN_LIMITS } from "../../src/providers/index.ts";
import { compile } from "../support/plans.ts";

const RUNS = 150;
const eventName = fc.oneof(
  fc.constantFrom(
    "Sign Up",
    "sign_up",
    "signUp",
    "Sign-up!",
    "view",
    "View",
    "日本語",
    "!!",
    "??",
    "$custom",
    "bucket",
  ),
  fc.constantFrom(
    "constructor",
    "__proto__",
    "toString",
    "a".repeat(256),
    "x\ny",
    "true",
    "null",
    "1",
    "- #",
    "👍",
    "👎",
  ),
  fc.string({ minLength: 1, maxLength: 8 }),
  fc.integer({ min: 1, max: 40 }).map((page) => `Page ${page}`),
);
const propertyName = fc.oneof(
  fc.constantFrom(
    "plan tier",
    "plan_tier",
    "planTier",
    "plan.tier",
    "a",
    "A",
    "a_",
    "bucket",
    "token",
    "time",
    "$city",
  ),
  fc.constantFrom(
    "constructor",
    "toString",
    "数",
    "数!",
    "email",
    "password",
    "x".repeat(300),
    "b".repeat(255),
    "",
    " ",
  ),
  fc.string({ maxLength: 6 }),
  fc.integer({ min: 1, max: 40 }).map((key) => `key${key}`),
);
const text = fc.oneof(
  fc.constantFrom(
    "true",
    "false",
    "12",
    "007",
    "1.5",
    "-0",
    "",
    "free",
    "plus",
    "2026-10-01",
    "2026-10-01T10:00:00Z",
    "2026-13-01",
  ),
  fc.constantFrom(
    "a@example.com",
    "+49 151 1234567",
    "https://x.example/?a=b",
    "1e3",
    "12345678901234567890",
    "1790000000",
  ),
  fc.uuid(),
  fc.string({ unit: "binary", maxLength: 10 }),
  fc.constant("\uD800 half"),
  fc.constant("nul \0"),
);
const scalar = fc.oneof(
  text,
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.boolean(),
  fc.constant(null),
  fc.constantFrom(1_790_000_000, 1_790_000_000_000, 1e300),
);
const value = fc.oneof(
  { weight: 6, arbitrary: scalar },
  fc.array(scalar, { maxLength: 3 }),
  fc.dictionary(fc.string({ maxLength: 3 }), scalar, { maxKeys: 3 }),
);
const id = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.integer({ min: 1, max: 9 }).map((user) => `00000000-0000-4000-8000-00000000000${user}`),
  },
  fc.constantFrom<unknown>(
    "a@b.example",
    "undefined",
    "$device:x",
    "",
    "+49 151 1234567",
    "0151-123-4567",
    "usr_1",
    42,
    -1,
    null,
    "01ARZ3NDEKTSV4RRFFQ69G5FAV",
    "00000000-0000-0000-0000-000000000000",
  ),
  fc.constantFrom<unknown>(true, { a: 1 }, "x".repeat(300), " "),
);
const event: fc.Arbitrary<TrafficEvent> = fc
  .record({
    event: eventName,
    own: fc.dictionary(propertyName, value, { maxKeys: 6 }),
    ids: fc.record(
      { distinct_id: id, $user_id: id, $identified_id: id, $device_id: fc.constantFrom("x", "d1") },
      { requiredKeys: [] },
    ),
    mp_lib: fc.constantFrom("web", "swift", "node", "my lib", "__proto__", ""),
    day: fc.integer({ min: 0, max: 60 }),
  })
  .map(({ event, own, ids, mp_lib, day }) => ({
    event,
    properties: { ...own, ...ids, mp_lib, time: 1_790_000_000 + day * 86_400 },
  }));

/** Few shapes repeated often, so that enums, required properties and closed types come up. */
const traffic = fc
  .tuple(fc.array(event, { minLength: 1, maxLength: 40 }), fc.integer({ min: 1, max: 60 }))
  .map(([events, times]) => Array.from({ length: times }, () => events).flat());

test("the plan passes check and quarantines what the report says, and nothing else", () => {
  fc.assert(
    fc.property(traffic, (events) => {
      const profile = makeTrafficProfile({ forbiddenIds: MIXPANEL_PLAN_LIMITS.forbiddenIds });
      for (const one of events) profile.add(one);
      const proposal = proposePlan(profile, { name: "fuzz", unseenDays: 14 });
      const { text, findings } = writePlan(proposal.draft, [MIXPANEL_PLAN_LIMITS]);
      expect(findings.filter(({ level }) => level === "error")).toEqual([]);
      const validator = makeValidator(compile(text));
      const held = events.flatMap((one) => {
        const source = sourceOfLibrary(String(one.properties["mp_lib"])).id;
        const judged = validator.judgeEvent({ source, event: one.event, properties: one.properties });
        return judged.verdict === "quarantined" || judged.verdict === "dropped" ? [judged.findings] : [];
      });
      expect({ held: held.length, why: held[0] }).toEqual({ held: proposal.summary.refused, why: held[0] });
    }),
    { numRuns: RUNS },
  );
});
