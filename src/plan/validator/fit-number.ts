// Numbers: finite ones, and texts that write exactly one number in the plain way. `"007"`, `"1e3"`, `" 5"` and `"1,000"` stay text:
// they may be something else, or something may be lost.
import type { NumberType } from "../lock.ts";
import type { Call } from "./call.ts";
import { INVALID, type Fit, mismatch } from "./fit-result.ts";

const PLAIN_NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/;
const TEXT_MAX_CHARACTERS = 24;
/** Any decimal with this many significant digits survives the way through a double. */
const SAFE_DIGITS = 15;

/** The number that a text writes, when it is one in plain form and nothing is lost. */
export function numberFromText(text: string): number | undefined {
  if (text.length > TEXT_MAX_CHARACTERS || !PLAIN_NUMBER.test(text)) return undefined;
  const number = Number(text);
  if (Object.is(number, -0)) return undefined;
  if (text.length <= SAFE_DIGITS || String(number) === text) return number;
  const digits = text.replace(/[-.]/g, "").replace(/^0+/, "");
  return digits.length <= SAFE_DIGITS ? number : undefined;
}

function inLimits(type: NumberType, number: number, call: Call): boolean {
  if ((type.min !== undefined && number < type.min) || (type.max !== undefined && number > type.max)) {
    call.find("range");
    return false;
  }
  return true;
}

/** Compiles a number or integer type. */
export function fitNumber(type: NumberType): Fit {
  const whole = type.type === "integer";
  const values = type.enum === undefined ? undefined : new Set(type.enum);
  const fits = (number: number, call: Call): boolean => {
    if (!inLimits(type, number, call)) return false;
    if (values === undefined || values.has(number)) return true;
    call.find("not-in-enum", type.open === true ? { level: "info" } : {});
    return type.open === true;
  };
  return (value, call) => {
    if (typeof value === "number") {
      if (!Number.isFinite(value) || (whole && !Number.isInteger(value))) return mismatch(type, value, call);
      return fits(value, call) ? value : INVALID;
    }
    const number = typeof value === "string" ? numberFromText(value) : undefined;
    if (number === undefined || (whole && !Number.isInteger(number))) return mismatch(type, value, call);
    call.repair("number-from-string");
    return fits(number, call) ? number : INVALID;
  };
}
