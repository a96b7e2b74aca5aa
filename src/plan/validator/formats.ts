// Checkers of string formats, each linear in the text. They agree with ajv-formats 3 (the fuzz test compares them), but for
// `url`, which is narrower than its `uri`: a scheme and `//`, so that `mailto:` and bare words are not URLs.
import type { StringFormat } from "../lock.ts";

const LOCAL_PART = /^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/i;
const LABEL = /^[a-z0-9-]+$/i;
const HOST_LABEL_MAX = 63;
const HOSTNAME_MAX = 253;
/** The form of {@link checkFormat}'s `url`, also used in exported JSON Schemas. */
export const URL_PATTERN = String.raw`^[A-Za-z][A-Za-z0-9+.-]*://(?:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+$`;
/** The form of {@link checkFormat}'s `ulid`: Crockford's base 32, at most 128 bits. */
export const ULID_PATTERN = "^[0-7][0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{25}$";
/** The form of {@link checkFormat}'s `uuid`; any version, either case, no `urn:uuid:`. */
export const UUID_PATTERN = "^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}$";
/** The canonical datetime, but for the length of months. */
export const DATETIME_PATTERN = String.raw`^\d{4}-\d{2}-\d{2}T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z$`;

const URL_FORM = new RegExp(URL_PATTERN);
const ULID_FORM = new RegExp(ULID_PATTERN);
const UUID_FORM = new RegExp(UUID_PATTERN);
const DATE_FORM = /^\d{4}-\d{2}-\d{2}$/;
const DATETIME_FORM = new RegExp(DATETIME_PATTERN);
const OCTET = /^(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)$/;
const HEXTET = /^[0-9a-f]{1,4}$/i;
const DAYS_OF_MONTH = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;
const DATE_CHARACTERS = 10;
const IPV6_GROUPS = 8;
const UUID_CHARACTERS = 36;
const ZERO = 48;
const NINE = 57;
const HYPHEN = 45;
const LOWER_A = 97;
const LOWER_F = 102;

function isLabel(label: string, maxCharacters: number): boolean {
  return label.length <= maxCharacters && LABEL.test(label) && !label.startsWith("-") && !label.endsWith("-");
}

function isEmail(text: string): boolean {
  const at = text.lastIndexOf("@");
  if (at <= 0) return false;
  const labels = text.slice(at + 1).split(".");
  return (
    labels.length > 1 &&
    labels.every((label) => isLabel(label, Number.POSITIVE_INFINITY)) &&
    LOCAL_PART.test(text.slice(0, at))
  );
}

function isHostname(text: string): boolean {
  const host = text.endsWith(".") ? text.slice(0, -1) : text;
  return host.length <= HOSTNAME_MAX && host.split(".").every((label) => isLabel(label, HOST_LABEL_MAX));
}

function isIpv4(text: string): boolean {
  const parts = text.split(".", 5);
  return parts.length === 4 && parts.every((part) => OCTET.test(part));
}

/** Groups on one side of `::`; an IPv4 tail counts as two. `undefined` when a group is wrong. */
function ipv6Groups(text: string, mayEndInIpv4: boolean): number | undefined {
  if (text === "") return 0;
  const parts = text.split(":", IPV6_GROUPS + 2);
  let groups = 0;
  for (const [index, part] of parts.entries()) {
    const last = index === parts.length - 1;
    if (last && mayEndInIpv4 && part.includes(".")) {
      if (!isIpv4(part)) return undefined;
      groups += 2;
    } else if (HEXTET.test(part)) groups += 1;
    else return undefined;
  }
  return groups;
}

function isIpv6(text: string): boolean {
  const gap = text.indexOf("::");
  if (gap === -1) return ipv6Groups(text, true) === IPV6_GROUPS;
  const before = ipv6Groups(text.slice(0, gap), false);
  const after = ipv6Groups(text.slice(gap + 2), true);
  return before !== undefined && after !== undefined && before + after < IPV6_GROUPS;
}

/** The number that two digits write; nonsense for other characters, which the caller has ruled out. */
function twoDigits(text: string, at: number): number {
  return (text.charCodeAt(at) - ZERO) * 10 + text.charCodeAt(at + 1) - ZERO;
}

/** The first ten characters, `YYYY-MM-DD` in form, are a day that exists in the Gregorian calendar. */
export function startsWithRealDay(text: string): boolean {
  const month = twoDigits(text, 5);
  const day = twoDigits(text, 8);
  const days = DAYS_OF_MONTH[month - 1];
  if (days === undefined || day < 1 || day > days) return false;
  if (month !== 2 || day < 29) return true;
  const year = Number(text.slice(0, 4));
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

/** Tells whether a text is a datetime as it goes out: ISO 8601 in UTC with milliseconds. */
export function isCanonicalDatetime(text: string): boolean {
  return text.length === 24 && DATETIME_FORM.test(text) && startsWithRealDay(text);
}

/** Tells whether a text is a UUID in lower case. Written out because every event has one or two: a third of the regular expression's time. */
export function isLowerUuid(text: string): boolean {
  if (text.length !== UUID_CHARACTERS) return false;
  for (let index = 0; index < UUID_CHARACTERS; index++) {
    const code = text.charCodeAt(index);
    const isDigit = code >= ZERO && code <= NINE;
    if (index === 8 || index === 13 || index === 18 || index === 23) {
      if (code !== HYPHEN) return false;
    } else if (!isDigit && !(code >= LOWER_A && code <= LOWER_F)) return false;
  }
  return true;
}

const CHECKERS: Readonly<Record<StringFormat, (text: string) => boolean>> = {
  email: isEmail,
  url: (text) => URL_FORM.test(text),
  uuid: (text) => text.length === 36 && UUID_FORM.test(text),
  ulid: (text) => text.length === 26 && ULID_FORM.test(text),
  date: (text) => text.length === DATE_CHARACTERS && DATE_FORM.test(text) && startsWithRealDay(text),
  hostname: isHostname,
  ipv4: isIpv4,
  ipv6: isIpv6,
};

/** The checker of one format. */
export function checkFormat(format: StringFormat): (text: string) => boolean {
  return CHECKERS[format];
}

/** Tells whether a text has a format. */
export function isFormat(format: StringFormat, text: string): boolean {
  return CHECKERS[format](text);
}
