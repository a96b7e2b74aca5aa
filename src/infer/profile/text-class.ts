// What a text is written as, one bit each, so that a property's texts add up to a mask. The validator's own readers decide what it could
// repair: a proposal that calls a text a number must be right about every one of them.
import { datetimeFromText, isFormat, numberFromText } from "../../plan/index.ts";

/** Each text has exactly one of these. */
export const TEXT = {
  flag: 1,
  integer: 2,
  decimal: 4,
  datetime: 8,
  date: 16,
  uuid: 32,
  email: 64,
  url: 128,
  empty: 256,
  plain: 512,
} as const;

const DATE_CHARACTERS = 10;
const UUID_CHARACTERS = 36;
/** Longer texts are neither numbers nor addresses. */
const SHORT_MAX_CHARACTERS = 2048;

function startsLikeNumber(code: number): boolean {
  return (code >= 48 && code <= 57) || code === 45;
}

function classifyDigits(text: string): number {
  const number = numberFromText(text);
  if (number !== undefined) return Number.isInteger(number) ? TEXT.integer : TEXT.decimal;
  if (text.length < DATE_CHARACTERS || text[4] !== "-") return TEXT.plain;
  if (text.length === DATE_CHARACTERS) return isFormat("date", text) ? TEXT.date : TEXT.plain;
  return datetimeFromText(text) === undefined ? TEXT.plain : TEXT.datetime;
}

/** The class of a text, as one bit of {@link TEXT}. */
export function classifyText(text: string): number {
  if (text === "") return TEXT.empty;
  if (text.length > SHORT_MAX_CHARACTERS) return TEXT.plain;
  if (text === "true" || text === "false") return TEXT.flag;
  if (text.length === UUID_CHARACTERS && isFormat("uuid", text)) return TEXT.uuid;
  if (startsLikeNumber(text.charCodeAt(0))) {
    const found = classifyDigits(text);
    if (found !== TEXT.plain) return found;
  }
  if (text.includes("@") && isFormat("email", text)) return TEXT.email;
  if (text.includes("://") && isFormat("url", text)) return TEXT.url;
  return TEXT.plain;
}
