import { describe, expect, test } from "vitest";
import { shareOf } from "./share.ts";

const SAMPLE = { isEverybody: false };

describe("the interval of a share", () => {
  // Figures of the method, rounded: 10 of 100 is 5.5 % to 17.4 %.
  test.each([
    [10, 100, 0.0552, 0.1744],
    [0, 100, 0, 0.037],
    [100, 100, 0.963, 1],
    [1, 10, 0.0179, 0.4042],
  ])("%i of %i", (hits, of, low, high) => {
    const { interval } = shareOf(hits, of, SAMPLE);
    expect(interval[0]).toBeCloseTo(low, 3);
    expect(interval[1]).toBeCloseTo(high, 3);
  });

  test("nobody looked at says nothing, and everybody looked at leaves no doubt", () => {
    expect(shareOf(0, 0, SAMPLE)).toEqual({ rate: 0, interval: [0, 1] });
    expect(shareOf(1, 4, { isEverybody: true })).toEqual({ rate: 0.25, interval: [0.25, 0.25] });
    expect(shareOf(0, 0, { isEverybody: true }).interval).toEqual([0, 0]);
  });
});
