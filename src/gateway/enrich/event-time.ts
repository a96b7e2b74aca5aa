// When an event happened. A time that cannot be right becomes the time of receipt; the client is never asked again.
// Whole milliseconds go out, whatever came in: the same event must give the same time on every path, or a repetition is not recognised.
import type { EpochMs } from "../../core/index.ts";

/** Numbers below this are seconds: as milliseconds they would be before March 1973. */
const MILLISECONDS_FROM = 1e11;
/** A clock that runs ahead by more than this is wrong. Source (read 2026-11): Mixpanel "Import Events" refuses more than an hour. */
export const AHEAD_MAX_MS = 3_600_000;
const EARLIEST_MS = Date.UTC(1971, 0, 1);
const NUMERIC = /^\d{1,16}(?:\.\d{1,9})?$/;
const ISO_DATE = /^\d{4}-\d{2}-\d{2}T/;

export interface EventTime {
  readonly at: EpochMs;
  /** `sent`: the client's own. `missing` and `wrong` became the time of receipt. */
  readonly kind: "sent" | "missing" | "wrong";
}

function readMs(sent: unknown): number {
  if (typeof sent === "number") return sent < MILLISECONDS_FROM ? sent * 1000 : sent;
  if (typeof sent !== "string") return Number.NaN;
  if (NUMERIC.test(sent)) return readMs(Number(sent));
  return ISO_DATE.test(sent) ? Date.parse(sent) : Number.NaN;
}

/** Reads `time`: seconds or milliseconds since 1970, also as text, or ISO 8601. */
export function eventTime(sent: unknown, receivedAt: EpochMs): EventTime {
  if (sent === undefined || sent === null || sent === "") return { at: receivedAt, kind: "missing" };
  const at = Math.round(readMs(sent));
  if (Number.isNaN(at) || at < EARLIEST_MS || at > receivedAt + AHEAD_MAX_MS) {
    return { at: receivedAt, kind: "wrong" };
  }
  return { at, kind: "sent" };
}
