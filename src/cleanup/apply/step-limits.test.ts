// When a failed request holds the others: at once where it says so, and after some in a row where it only broke.
import { setImmediate as nextTurn } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import { makeStepLimits } from "./step-limits.ts";

const WAIT_MAX_MS = 10_000;
let now = 0;
let stop = new AbortController();
afterEach(() => {
  stop.abort();
  stop = new AbortController();
  now = 0;
});

function limits() {
  return makeStepLimits({
    budgets: {},
    updatesPerSecond: undefined,
    backoffMs: 100,
    backoffMaxMs: 1000,
    waitMaxMs: WAIT_MAX_MS,
    clock: { now: () => now },
    random: () => 0,
    signal: stop.signal,
    onWait: () => undefined,
  });
}

async function isHeld(made: ReturnType<typeof limits>): Promise<boolean> {
  return Promise.race([
    made.turn("update", 1).then((may) => !may),
    nextTurn(true).then(() => nextTurn(true)),
  ]);
}

const told = { message: "it broke", sentAt: 0 };

test("a request that broke waits alone; the fourth in a row holds all, and a good answer ends that", async () => {
  const made = limits();
  for (let count = 0; count < 3; count += 1) expect(made.broke("update", told)).toBe(100);
  expect(await isHeld(made)).toBe(false);
  expect(made.broke("update", told)).toBe(0);
  expect(await isHeld(made)).toBe(true);
  made.succeeded("update");
  expect(await isHeld(made)).toBe(false);
  expect(made.broke("update", told)).toBe(100);
});

test("`not now` holds all at once", async () => {
  const made = limits();
  made.busy("update", told);
  expect(await isHeld(made)).toBe(true);
});

test("a request that breaks for longer than the command may wait ends it, also alone", () => {
  const made = limits();
  made.broke("update", told);
  now = WAIT_MAX_MS + 1;
  expect(() => made.broke("update", told)).toThrow(/Cannot send the next update request/);
});
