// String formats as patterns in the subset that every language's engine reads alike: no look-around, ASCII classes, anchored at both ends.
// `test/codegen/format-patterns.test.ts` holds each against the validator's own checker.
import type { StringFormat } from "../../plan/index.ts";

const LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?";
const HOST_LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?";
const ATOM = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+";
const OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])";
const IPV4 = `(?:${OCTET}\\.){3}${OCTET}`;
const H16 = "[0-9A-Fa-f]{1,4}";
const LAST_32 = `(?:${H16}:${H16}|${IPV4})`;

/** RFC 4291: the text forms, by where `::` stands. */
const IPV6 = [
  `(?:${H16}:){6}${LAST_32}`,
  ...[0, 1, 2, 3, 4, 5].map((before) => {
    const head = before === 0 ? "" : before === 1 ? `(?:${H16})?` : `(?:(?:${H16}:){0,${before - 1}}${H16})?`;
    const after = 5 - before;
    return `${head}::${after === 0 ? "" : after === 1 ? `${H16}:` : `(?:${H16}:){${after}}`}${LAST_32}`;
  }),
  `(?:(?:${H16}:){0,5}${H16})?::${H16}`,
  `(?:(?:${H16}:){0,6}${H16})?::`,
].join("|");

const LEAP = "(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)";
const DAY = [
  "[0-9]{4}-(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])",
  "[0-9]{4}-(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)",
  "[0-9]{4}-02-(?:0[1-9]|1[0-9]|2[0-8])",
  `${LEAP}-02-29`,
].join("|");

/** Pattern by format. Hostnames above 253 characters pass here; the gateway refuses them. */
export const FORMAT_PATTERNS: Readonly<Record<StringFormat, string>> = {
  email: `^${ATOM}(?:\\.${ATOM})*@${LABEL}(?:\\.${LABEL})+$`,
  url: "^[A-Za-z][A-Za-z0-9+.-]*://(?:[A-Za-z0-9._~:/?#\\[\\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+$",
  uuid: "^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}$",
  ulid: "^[0-7][0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{25}$",
  date: `^(?:${DAY})$`,
  hostname: `^${HOST_LABEL}(?:\\.${HOST_LABEL})*\\.?$`,
  ipv4: `^${IPV4}$`,
  ipv6: `^(?:${IPV6})$`,
};
