// Texts: made well formed, cut where the data class says so, then held against the plan's limits. Never trimmed, never made from numbers.
import type { StringType } from "../lock.ts";
import type { Call } from "./call.ts";
import { INVALID, type Fit, mismatch } from "./fit-result.ts";
import { checkFormat } from "./formats.ts";
import { compilePattern } from "./linear-pattern.ts";

const NUL = "\0";
const REPLACEMENT = "\uFFFD";

/** Halves of surrogate pairs are not valid UTF-8; NUL is refused by many databases. */
function isWellFormed(text: string): boolean {
  return text.isWellFormed() && !text.includes(NUL);
}

function wellFormed(text: string): string {
  return text.toWellFormed().replaceAll(NUL, REPLACEMENT);
}

/** Length in Unicode code points, as JSON Schema counts. */
export function countCodePoints(text: string): number {
  let count = 0;
  for (let index = 0; index < text.length; index++) {
    const code = text.codePointAt(index);
    if (code !== undefined && code > 0xffff) index++;
    count++;
  }
  return count;
}

/** Cuts a text to at most `max` code points; the text itself when it is short enough. */
export function truncateText(text: string, max: number): string {
  if (text.length <= max) return text;
  let index = 0;
  for (let count = 0; count < max && index < text.length; count++) {
    const code = text.codePointAt(index);
    index += code !== undefined && code > 0xffff ? 2 : 1;
  }
  return text.slice(0, index);
}

type TextCheck = (text: string, call: Call) => boolean;

function checkEnum(values: readonly string[], open: boolean): TextCheck {
  const set = new Set(values);
  return (text, call) => {
    if (set.has(text)) return true;
    call.find("not-in-enum", open ? { level: "info" } : {});
    return open;
  };
}

function checkLength(min: number, max: number): TextCheck {
  return (text, call) => {
    // UTF-16 units are never fewer than code points, and at most twice as many.
    if (text.length >= min * 2 && text.length <= max) return true;
    const length = countCodePoints(text);
    if (length >= min && length <= max) return true;
    call.find("text-length");
    return false;
  };
}

function compileChecks(type: StringType): readonly TextCheck[] {
  const checks: TextCheck[] = [];
  if (type.enum !== undefined) checks.push(checkEnum(type.enum, type.open === true));
  if (type.min_length !== undefined || type.max_length !== undefined) {
    checks.push(checkLength(type.min_length ?? 0, type.max_length ?? Number.POSITIVE_INFINITY));
  }
  if (type.format !== undefined) {
    const matches = checkFormat(type.format);
    checks.push((text, call) => {
      if (matches(text)) return true;
      call.find("format");
      return false;
    });
  }
  if (type.pattern !== undefined) {
    const matches = compilePattern(type.pattern);
    checks.push((text, call) => {
      if (matches(text)) return true;
      call.find("pattern");
      return false;
    });
  }
  return checks;
}

/** Compiles a string type. `truncate` is a length in code points. */
export function fitString(type: StringType, truncate: number | undefined): Fit {
  const checks = compileChecks(type);
  return (value, call) => {
    if (typeof value !== "string") return mismatch(type, value, call);
    let text = value;
    if (truncate !== undefined && text.length > truncate) {
      text = truncateText(text, truncate);
      if (text !== value) call.repair("text-truncated");
    }
    if (!isWellFormed(text)) {
      text = wellFormed(text);
      call.repair("text-well-formed");
    }
    for (let index = 0; index < checks.length; index++) {
      const check = checks[index];
      if (check !== undefined && !check(text, call)) return INVALID;
    }
    return text;
  };
}
