// Compiles a value type into one function that answers the value itself, a repaired one, or INVALID.
// Nothing is copied while nothing changes. Recursion follows the plan's type, never the payload's depth.
import { assertNever } from "../../core/index.ts";
import type { BooleanType, DatetimeType, ListType, ValueType } from "../lock.ts";
import type { Call } from "./call.ts";
import { datetimeFromNumber, datetimeFromText } from "./datetime.ts";
import { fitNumber } from "./fit-number.ts";
import { fitObject } from "./fit-object.ts";
import { fitString } from "./fit-string.ts";
import { isCanonicalDatetime } from "./formats.ts";
import { INVALID, type Fit, mismatch } from "./fit-result.ts";

/** What a type is compiled for, beside itself. */
export interface FitOptions {
  /** Texts are cut to this many code points before anything else looks at them. */
  readonly truncate?: number;
}

function fitBoolean(type: BooleanType): Fit {
  return (value, call) => {
    if (typeof value === "boolean") return value;
    if (value === "true" || value === "false") {
      call.repair("boolean-from-string");
      return value === "true";
    }
    return mismatch(type, value, call);
  };
}

function fitDatetime(type: DatetimeType): Fit {
  return (value, call) => {
    if (typeof value === "string") {
      if (isCanonicalDatetime(value)) return value;
      const found = datetimeFromText(value);
      if (found === undefined) {
        call.find("format");
        return INVALID;
      }
      call.repair(found.rule);
      return found.text;
    }
    if (typeof value === "number") {
      const text = datetimeFromNumber(value);
      if (text !== undefined) {
        call.repair("datetime-from-epoch");
        return text;
      }
    }
    return mismatch(type, value, call);
  };
}

function fitItems(items: Fit, list: readonly unknown[], call: Call): unknown {
  let out: unknown[] | undefined;
  call.enter("[]");
  for (let index = 0; index < list.length; index++) {
    const value = list[index];
    const fitted = items(value, call);
    if (fitted === INVALID) {
      call.leave();
      return INVALID;
    }
    if (out !== undefined) out.push(fitted);
    else if (fitted !== value) {
      out = list.slice(0, index);
      out.push(fitted);
    }
  }
  call.leave();
  return out ?? list;
}

function fitList(type: ListType, options: FitOptions): Fit {
  const items = type.items === undefined ? undefined : compileFit(type.items, options);
  const minItems = type.min_items ?? 0;
  const maxItems = type.max_items ?? Number.POSITIVE_INFINITY;
  return (value, call) => {
    if (!Array.isArray(value)) return mismatch(type, value, call);
    if (value.length < minItems || value.length > maxItems) {
      call.find("list-size");
      return INVALID;
    }
    return items === undefined ? value : fitItems(items, value, call);
  };
}

function compileBare(type: ValueType, options: FitOptions): Fit {
  switch (type.type) {
    case "string":
      return fitString(type, options.truncate);
    case "integer":
    case "number":
      return fitNumber(type);
    case "boolean":
      return fitBoolean(type);
    case "datetime":
      return fitDatetime(type);
    case "list":
      return fitList(type, options);
    case "object":
      return fitObject(type, (member) => compileFit(member, options));
    default:
      return assertNever(type);
  }
}

/**
 * Compiles a value type.
 *
 * @throws {AppError} `PLAN_PATTERN_UNSUPPORTED` for a pattern that RE2 cannot compile.
 */
export function compileFit(type: ValueType, options: FitOptions = {}): Fit {
  const fit = compileBare(type, options);
  return type.nullable === true ? (value, call) => (value === null ? null : fit(value, call)) : fit;
}

/** The type without limits on values: what `$remove` may name, since old values must be removable. */
export function withoutConstraints(type: ValueType): ValueType {
  if (type.type === "list") {
    return type.items === undefined
      ? { type: "list" }
      : { type: "list", items: withoutConstraints(type.items) };
  }
  if (type.type === "object") return { type: "object" };
  return type.nullable === true ? { type: type.type, nullable: true } : { type: type.type };
}
