// Datetimes: every form the plan accepts becomes ISO 8601 in UTC with milliseconds. Pure: no clock, no local time zone.
// A text without a zone is UTC, as Mixpanel reads it and as mixpanel-browser writes it. Finer than a millisecond is refused: something would be lost.
import type { EpochMs } from "../../core/index.ts";
import type { RepairRule } from "./finding-ids.ts";
import { startsWithRealDay } from "./formats.ts";

/** From this on a number is taken for milliseconds; below for seconds. As seconds it is the year 2286. */
export const EPOCH_MS_FROM = 10_000_000_000;
/** 1971-01-01, the earliest time that Mixpanel takes. Source (read 2026-11): Mixpanel "Import Events". */
const EARLIEST_MS: EpochMs = 31_536_000_000;
/** As {@link EPOCH_MS_FROM}, in milliseconds: the latest that both readings can write. */
const LATEST_MS: EpochMs = 9_999_999_999_999;
/** Seconds as doubles are off by less than this after multiplying; a real fraction of a millisecond is not. */
const EPSILON_MS = 0.001;
const CANONICAL_CHARACTERS = 24;

const ISO =
  /^(\d{4}-\d{2}-\d{2})(?:[T ]([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d)(?:[.,](\d{1,9}))?)?(?: ?(Z|[+-](?:[01]\d|2[0-3]):?[0-5]\d))?)?$/;
const EPOCH_TEXT = /^(?:\d{10}|\d{13})$/;

/** From seconds or milliseconds since 1970, when it is a whole number of milliseconds between 1971 and 2286. */
export function datetimeFromNumber(value: number): string | undefined {
  const exact = value < EPOCH_MS_FROM ? value * 1000 : value;
  const ms = Math.round(exact);
  if (Math.abs(exact - ms) > EPSILON_MS || !(ms >= EARLIEST_MS && ms <= LATEST_MS)) return undefined;
  return new Date(ms).toISOString();
}

function offsetMs(zone: string | undefined): EpochMs {
  if (zone === undefined || zone === "Z") return 0;
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(-2));
  return (zone.startsWith("-") ? -minutes : minutes) * 60_000;
}

/** From any form of ISO 8601 that names a day, or from an epoch written as ten or thirteen digits. */
export function datetimeFromText(
  text: string,
): { readonly text: string; readonly rule: RepairRule } | undefined {
  if (EPOCH_TEXT.test(text)) {
    const fromEpoch = datetimeFromNumber(Number(text));
    return fromEpoch === undefined ? undefined : { text: fromEpoch, rule: "datetime-from-epoch" };
  }
  const [, day = "", hour = "00", minute = "00", second = "00", fraction = "", zone] = ISO.exec(text) ?? [];
  if (day === "" || !startsWithRealDay(day) || /[1-9]/.test(fraction.slice(3))) return undefined;
  const local = Date.parse(`${day}T${hour}:${minute}:${second}.${fraction.slice(0, 3).padEnd(3, "0")}Z`);
  const canonical = new Date(local - offsetMs(zone)).toISOString();
  // Years before 0 and after 9999 are written longer.
  return canonical.length === CANONICAL_CHARACTERS
    ? { text: canonical, rule: "datetime-from-iso" }
    : undefined;
}

/** When an event says that it happened, in milliseconds; NaN when it does not say. */
export function eventTimeMs(time: unknown): EpochMs {
  if (typeof time === "number") return time < EPOCH_MS_FROM ? time * 1000 : time;
  return typeof time === "string" ? Date.parse(time) : Number.NaN;
}
