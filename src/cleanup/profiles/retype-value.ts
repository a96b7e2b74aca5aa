// A value of another type, when it says the same and nothing is lost: the rules by which the gateway normalises, and `True` and `FALSE`, as some
// platforms print them. Pure.
import type { JsonValue } from "../../core/index.ts";
import { datetimeFromNumber, datetimeFromText, numberFromText } from "../../plan/index.ts";
import type { RetypeTarget } from "../change-set/change-set.ts";

type Retype = (value: JsonValue) => JsonValue | undefined;

function toNumber(value: JsonValue): number | undefined {
  if (typeof value === "number") return value;
  return typeof value === "string" ? numberFromText(value) : undefined;
}

function toBoolean(value: JsonValue): boolean | undefined {
  if (typeof value === "boolean") return value;
  const text = typeof value === "string" ? value.toLowerCase() : "";
  return text === "true" ? true : text === "false" ? false : undefined;
}

function toText(value: JsonValue): string | undefined {
  if (typeof value === "string") return value;
  return typeof value === "number" || typeof value === "boolean" ? String(value) : undefined;
}

function toList(value: JsonValue): JsonValue | undefined {
  if (Array.isArray(value)) return value as JsonValue;
  if (typeof value !== "string" || !value.trim().startsWith("[")) return value === null ? undefined : [value];
  try {
    const list = JSON.parse(value) as JsonValue;
    return Array.isArray(list) ? list : [value];
  } catch {
    // A text that only begins like a list is one item.
    return [value];
  }
}

const RETYPES: Readonly<Record<RetypeTarget, Retype>> = {
  boolean: toBoolean,
  number: toNumber,
  integer: (value) => {
    const number = toNumber(value);
    return number !== undefined && Number.isInteger(number) ? number : undefined;
  },
  string: toText,
  datetime: (value) => {
    if (typeof value === "number") return datetimeFromNumber(value);
    return typeof value === "string" ? datetimeFromText(value)?.text : undefined;
  },
  list: toList,
};

/** The value as the type has it; `undefined`: it does not fit. */
export function retypeValue(value: JsonValue, to: RetypeTarget): JsonValue | undefined {
  return RETYPES[to](value);
}
