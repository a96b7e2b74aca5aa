// Where the next look at the marks begins: never behind something that is still to be taken up.
import { expect, test } from "vitest";
import { DueFrom } from "./due-from.ts";
import type { Claim } from "./marks.ts";

const OVERLAP_MS = 250;

function claim(dueAtMs: number): Claim {
  return {
    userId: `u${dueAtMs}`,
    part: 0,
    sets: -1n,
    version: "1",
    lane: "live",
    firstAtMs: dueAtMs,
    dueAtMs,
    attempts: 0,
    cause: "orders",
    prints: undefined,
    unsure: false,
    quarantined: "no",
  };
}

/** Looks once from the beginning and sees one mark. */
function after(seen: { dueAtMs: number; isCut?: boolean; leftOut?: readonly Claim[] }): DueFrom {
  const from = new DueFrom();
  const look = from.next();
  expect(look.fromMs).toBe(0);
  from.saw(look, {
    claims: [claim(seen.dueAtMs)],
    leftOut: seen.leftOut ?? [],
    isCut: seen.isCut ?? false,
  });
  return from;
}

test("the next look begins a little before the newest mark that was seen", () => {
  expect(after({ dueAtMs: 10_000 }).next().fromMs).toBe(10_000 - OVERLAP_MS);
});

test("a user whose batch has ended is looked at again, once", () => {
  const from = after({ dueAtMs: 10_000 });
  from.ended([claim(7000), claim(8000)]);
  expect(from.next().fromMs).toBe(7000 - OVERLAP_MS);
  expect(from.next().fromMs).toBe(10_000 - OVERLAP_MS);
});

test("a batch that ends while the look is under way is not forgotten", () => {
  const from = after({ dueAtMs: 10_000 });
  const look = from.next();
  from.ended([claim(6000)]);
  from.saw(look, { claims: [claim(11_000)], leftOut: [], isCut: false });
  expect(from.next().fromMs).toBe(6000 - OVERLAP_MS);
});

test("what was left out is looked at again", () => {
  expect(after({ dueAtMs: 10_000, leftOut: [claim(9000)] }).next().fromMs).toBe(9000 - OVERLAP_MS);
});

test("a look that found as many as it asked for goes on where it was cut, also behind marks that are newer", () => {
  const from = after({ dueAtMs: 10_000 });
  from.ended([claim(5000)]);
  from.saw(from.next(), { claims: [claim(5500)], leftOut: [], isCut: true });
  expect(from.next().fromMs).toBe(5500 - OVERLAP_MS);
});

test("a look that failed is followed by one from the beginning", () => {
  const from = after({ dueAtMs: 10_000 });
  from.next();
  from.failed();
  expect(from.next().fromMs).toBe(0);
});
