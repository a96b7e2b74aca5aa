// The form in which a destination will keep a value. A text that it would cut is cut here, so that what was sent, what was acknowledged and
// what is read back are the same.
import type { JsonValue, PlanLimits } from "../../core/index.ts";

type Limits = Pick<PlanLimits, "stringMaxBytes" | "listItemsMax">;

function cutText(text: string, maxBytes: number): string {
  // One UTF-16 unit is at most three bytes.
  if (text.length * 3 <= maxBytes || Buffer.byteLength(text) <= maxBytes) return text;
  const bytes = Buffer.from(text).subarray(0, maxBytes);
  let end = bytes.length;
  // Not in the middle of a character: continuation bytes begin with 10.
  const isContinuation = (at: number): boolean => ((Buffer.from(text)[at] ?? 0) & 0xc0) === 0x80;
  while (end > 0 && isContinuation(end)) end -= 1;
  return bytes.subarray(0, end).toString("utf8");
}

/** Cuts texts and lists as the destination would. */
export function keptForm(value: JsonValue, limits: Limits): JsonValue {
  if (typeof value === "string") return cutText(value, limits.stringMaxBytes);
  if (Array.isArray(value))
    return (value as readonly JsonValue[])
      .slice(0, limits.listItemsMax)
      .map((item) => keptForm(item, limits));
  return value;
}
