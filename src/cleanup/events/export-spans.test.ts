import { describe, expect, test } from "vitest";
import { daysOf, spansOf, SPANS_MAX } from "./export-spans.ts";

const lengths = (from: string, to: string, every = 1): readonly number[] =>
  spansOf(daysOf({ from, to, every })).map(({ days }) => days);

describe("exports of a window", () => {
  test("a short one is read day by day", () => {
    expect(spansOf(daysOf({ from: "2026-02-27", to: "2026-03-01" }))).toEqual([
      { from: "2026-02-27", to: "2026-02-27", days: 1 },
      { from: "2026-02-28", to: "2026-02-28", days: 1 },
      { from: "2026-03-01", to: "2026-03-01", days: 1 },
    ]);
    expect(lengths("2026-01-01", "2026-01-15")).toHaveLength(15);
  });

  test("a long one in few, that together are every day once", () => {
    const spans = spansOf(daysOf({ from: "2025-01-01", to: "2025-12-31" }));
    expect(spans.length).toBeLessThanOrEqual(SPANS_MAX);
    expect(spans.flatMap(({ from, to }) => daysOf({ from, to }))).toEqual(
      daysOf({ from: "2025-01-01", to: "2025-12-31" }),
    );
    expect(new Set(spans.slice(0, -1).map(({ days }) => days))).toEqual(new Set([25]));
  });

  test("days apart are never put together: an export has no gaps", () => {
    expect(new Set(lengths("2025-01-01", "2026-12-31", 7))).toEqual(new Set([1]));
  });

  test("a window that is none is refused", () => {
    for (const [from, to] of [
      ["2026-01-02", "2026-01-01"],
      ["2026-1-1", "2026-01-02"],
      ["2026-13-01", "2026-13-02"],
    ] as const)
      expect(() => daysOf({ from, to })).toThrow(expect.objectContaining({ code: "CLEANUP_REFUSED" }));
  });
});
