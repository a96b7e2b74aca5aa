// An estimate as people read it: above a step in the file, and in a dry run.
import type { StepEstimate } from "../apply/executor.ts";
import type { Reversibility } from "./change-set.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

const number = (value: number): string => value.toLocaleString("en-US");

function atLeast(durationMs: number): string {
  if (durationMs < 1000) return "seconds";
  if (durationMs < 2 * MINUTE_MS) return `at least ${Math.ceil(durationMs / 1000)} s`;
  if (durationMs < 2 * HOUR_MS) return `at least ${Math.round(durationMs / MINUTE_MS)} min`;
  return `at least ${(durationMs / HOUR_MS).toFixed(1)} h`;
}

/** Whether undo brings it back. */
export function reversibilityText(reversibility: Reversibility): string {
  switch (reversibility.kind) {
    case "whole":
      return "undo brings it back";
    case "partly":
      return `undo brings it back, but ${reversibility.but}`;
    case "not":
      return `cannot be undone: ${reversibility.because}`;
  }
}

/** How many, how many requests, how long under the provider's limits; nothing where the count is not known. */
export function costText({ count, requests, durationMs }: Omit<StepEstimate, "reversibility">): string {
  if (count === undefined) return "how many is not known before it is read";
  return `${number(count)} to change · ${number(requests)} ${requests === 1 ? "request" : "requests"} · ${atLeast(durationMs)}`;
}
