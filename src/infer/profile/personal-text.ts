// Whether a text looks like personal data or a credential. Looks at one text; remembers nothing.

/** What a text may give away. Order: index into a property's counts. */
export const PERSONAL = ["email", "phone", "token", "url-query", "email-inside"] as const;
export type Personal = (typeof PERSONAL)[number];

const TEXT_MAX_CHARACTERS = 4096;
const EMAIL = /^[^\s@]{1,64}@[^\s@]{1,190}\.[a-z]{2,24}$/i;
const EMAIL_INSIDE = /[a-z0-9._%+-]{1,64}@[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){0,4}\.[a-z]{2,24}/i;
/** With a leading `+`, or with separators as people write numbers: digits alone are ids, amounts and epochs. */
const PHONE = /^(?:\+\d[\d ().-]{6,18}|\(?0\d{1,4}\)?[ /.-]\d[\d ./-]{4,14})$/;
const DATE_LIKE = /^\d{1,4}[./-]\d{1,2}[./-]\d{1,4}/;
const PHONE_DIGITS_MIN = 7;
const PHONE_DIGITS_MAX = 15;
const JWT = /^ey[\w-]{8,}\.ey[\w-]{8,}\.[\w-]*$/;
/** Prefixes that makers of well-known services give their secrets. */
const SECRET =
  /^(?:Bearer\s+\S{8,}|(?:sk|pk|rk)_(?:live|test)_\w{8,}|gh[pousr]_\w{20,}|xox[abprs]-[\w-]{10,}|AKIA[0-9A-Z]{16})/;
const URL_WITH_QUERY = /^https?:\/\/[^\s?#]{1,1000}\?[^\s#]*=/i;

function isPhone(text: string): boolean {
  if (!PHONE.test(text) || DATE_LIKE.test(text)) return false;
  const digits = text.replaceAll(/\D/g, "").length;
  return digits >= PHONE_DIGITS_MIN && digits <= PHONE_DIGITS_MAX;
}

/** Index into {@link PERSONAL}, or -1. */
export function personalText(text: string): number {
  if (text.length < PHONE_DIGITS_MIN - 1 || text.length > TEXT_MAX_CHARACTERS) return -1;
  const hasAt = text.includes("@");
  if (hasAt && EMAIL.test(text) && !text.includes("://")) return 0;
  const first = text.charCodeAt(0);
  if ((first === 43 || first === 40 || first === 48) && isPhone(text)) return 1;
  if (JWT.test(text) || SECRET.test(text)) return 2;
  if (hasAt && EMAIL_INSIDE.test(text)) return 4;
  if (!URL_WITH_QUERY.test(text)) return -1;
  return text.includes("%40") && EMAIL_INSIDE.test(text.replaceAll("%40", "@")) ? 4 : 3;
}

/** Tells whether a name was made from personal data: it must not be printed. */
export function isPersonalName(name: string): boolean {
  const found = personalText(name);
  return found === 0 || found === 1 || found === 2 || found === 4;
}
