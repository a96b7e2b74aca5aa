import { describe, expect, test } from "vitest";
import { compareValue, type ValueVerdict } from "./compare-profile.ts";
import type { JsonValue } from "../../core/index.ts";

const LONG = "x".repeat(255);

describe("a value as the provider keeps it", () => {
  const cases: readonly (readonly [string, JsonValue | undefined, JsonValue | undefined, ValueVerdict])[] = [
    ["equal", { b: 1, a: [1] }, { a: [1], b: 1 }, "same"],
    ["null is not there", null, undefined, "same"],
    ["a time without milliseconds and zone", "2026-01-02T03:04:05.678Z", "2026-01-02T03:04:05", "form"],
    ["another second", "2026-01-02T03:04:05.678Z", "2026-01-02T03:04:06", "other"],
    ["a number as text", 12, "12", "form"],
    ["a truth value as text", true, "true", "form"],
    ["space at the end", "a ", "a", "form"],
    ["a text that was cut", `${LONG}y`, LONG, "form"],
    ["a short text that begins like it", "free plan", "free", "other"],
    ["a list that was cut", [1, 2, 3], [1, 2], "form"],
    ["a list with another item", [1, 2, 3], [1, 4], "other"],
    ["an empty list is no cut one", [1], [], "other"],
    ["another case", "Free", "free", "other"],
    ["nothing where something was meant", "a", undefined, "other"],
    ["something where nothing was meant", undefined, 0, "other"],
    ["a text with a number in it", "12 months", 12, "other"],
  ];
  test.each(cases)("%s", (_, meant, kept, verdict) => {
    expect(compareValue(meant, kept)).toBe(verdict);
  });
});
