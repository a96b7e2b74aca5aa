// Which days of a window one export brings: a provider counts exports by the hour, so a long window is read in few of them, a short one day by day.
// What a span came to is kept, and a span that breaks off is asked for again as a whole.
import { AppError } from "../../core/index.ts";

/** Exports that one look at a window takes at most. Mixpanel gives 60 an hour: inventory, backup, verification and inventory again are four looks. */
export const SPANS_MAX = 15;
const DAY_MS = 86_400_000;
const DAY = /^\d{4}-\d{2}-\d{2}$/;

/** First and last day, as `2026-11-25`; one of so many is meant, by default each. */
export interface Days {
  readonly from: string;
  readonly to: string;
  readonly every?: number;
}

/**
 * The days, ascending.
 *
 * @throws {AppError} `CLEANUP_REFUSED` for a window that is none.
 */
export function daysOf({ from, to, every = 1 }: Days): readonly string[] {
  const [first, last] = [Date.parse(from), Date.parse(to)];
  if (!DAY.test(from) || !DAY.test(to) || Number.isNaN(first) || !(last >= first))
    throw new AppError(
      "CLEANUP_REFUSED",
      "Cannot use this window: `from` and `to` are days as 2026-11-25, in order",
    );
  const days: string[] = [];
  for (let at = first; at <= last; at += every * DAY_MS) days.push(new Date(at).toISOString().slice(0, 10));
  return days;
}

/** Days in a row that one export brings, both inclusive, as `2026-11-25`. */
export interface ExportSpan {
  readonly from: string;
  readonly to: string;
  readonly days: number;
}

function isNext(day: string, before: string): boolean {
  return Date.parse(day) - Date.parse(before) === DAY_MS;
}

/** Puts ascending days together. Days that do not follow each other are spans of their own: an export has no gaps. */
export function spansOf(days: readonly string[]): readonly ExportSpan[] {
  const size = Math.ceil(days.length / SPANS_MAX);
  const spans: ExportSpan[] = [];
  for (const day of days) {
    const last = spans.at(-1);
    if (last && last.days < size && isNext(day, last.to))
      spans[spans.length - 1] = { from: last.from, to: day, days: last.days + 1 };
    else spans.push({ from: day, to: day, days: 1 });
  }
  return spans;
}
