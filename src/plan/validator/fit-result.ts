// What fitting a value to its type answers, and the one way it says that the type is another.
import type { ValueType } from "../lock.ts";
import type { Call } from "./call.ts";

/** The value does not fit and cannot be repaired; a finding says why. */
export const INVALID: unique symbol = Symbol("invalid");

/** Answers the value itself, a repaired one, or {@link INVALID}. Never throws. */
export type Fit = (value: unknown, call: Call) => unknown;

/** The type of a payload's value in the plan's words. */
function typeInWords(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "an object";
  if (typeof value === "number" && !Number.isFinite(value)) return "not a finite number";
  return typeof value === "undefined" ? "nothing" : `a ${typeof value}`;
}

/** Records `type-mismatch`. */
export function mismatch(type: ValueType, value: unknown, call: Call): typeof INVALID {
  call.find("type-mismatch", { message: `The value is ${typeInWords(value)}; the plan says ${type.type}` });
  return INVALID;
}
