// The patterns that generated clients use for formats say what the validator's own checkers say.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { clientRule } from "../../src/codegen/model/client-rule.ts";
import { isFormat, type StringFormat } from "../../src/plan/index.ts";
import { PATTERN_DIALECTS, translatePattern } from "../../src/codegen/names/translate-pattern.ts";

const FORMATS = [
  "email",
  "url",
  "uuid",
  "ulid",
  "date",
  "hostname",
  "ipv4",
  "ipv6",
] as const satisfies readonly StringFormat[];

const digits = fc.integer({ min: 0, max: 99 }).map((number) => String(number).padStart(2, "0"));
const NEAR: Readonly<Record<StringFormat, fc.Arbitrary<string>>> = {
  email: fc.oneof(fc.emailAddress(), fc.stringMatching(/^[a-z.@-]{1,12}$/)),
  url: fc.oneof(fc.webUrl(), fc.stringMatching(/^[a-z]{1,3}:\/{0,2}[a-z%0-9 /]{0,8}$/)),
  uuid: fc.oneof(
    fc.uuid(),
    fc.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-g]{4}-[0-9a-f]{12}$/),
  ),
  ulid: fc.oneof(fc.ulid(), fc.stringMatching(/^[0-9A-Z]{26}$/)),
  date: fc
    .tuple(fc.constantFrom("1900", "2000", "2023", "2024", "2100", "0000"), digits, digits)
    .map((parts) => parts.join("-")),
  hostname: fc.oneof(fc.domain(), fc.stringMatching(/^[a-z.-]{1,10}$/)),
  ipv4: fc.oneof(fc.ipV4(), fc.stringMatching(/^[0-9.]{3,12}$/)),
  ipv6: fc.oneof(
    fc.ipV6(),
    fc.stringMatching(/^[0-9a-f:]{2,14}$/),
    fc.stringMatching(/^[0-9a-f:]{2,9}[0-9.]{0,9}$/),
  ),
};

describe("formats as patterns", () => {
  test.each(FORMATS)("%s", (format) => {
    const { format: pattern = "" } = clientRule({ type: "string", format }, true);
    const expression = new RegExp(translatePattern(pattern, PATTERN_DIALECTS.javascript) ?? "", "u");
    fc.assert(
      fc.property(fc.oneof(NEAR[format], fc.string({ maxLength: 40 })), (text) => {
        expect(expression.test(text)).toBe(isFormat(format, text));
      }),
      { numRuns: 3000 },
    );
  });
});

describe("translated patterns", () => {
  test.each([
    ["^sku_[0-9]+$", "python", "\\Asku_[0-9]+\\Z"],
    ["^a|b$", "ruby", "\\Aa|b\\z"],
    ["\\d+\\.\\d", "swift", "[0-9]+\\.[0-9]"],
    ["[^\\w-]", "javascript", "[^0-9A-Za-z_-]"],
    ["(?P<year>\\d{4})", "javascript", "(?<year>[0-9]{4})"],
    ["(?i)abc", "go", "(?i)abc"],
    ["[$^]", "php", "[$^]"],
  ] as const)("%s in %s", (pattern, dialect, expected) => {
    expect(translatePattern(pattern, PATTERN_DIALECTS[dialect])).toBe(expected);
  });

  test.each([
    ["(?i)abc", "javascript"],
    ["[[:alpha:]]", "javascript"],
    ["a(?i)b", "java"],
    ["\\pL", "python"],
    ["\\Qa.b\\E", "ruby"],
  ] as const)("%s has no equal in %s: the gateway checks it", (pattern, dialect) => {
    expect(translatePattern(pattern, PATTERN_DIALECTS[dialect])).toBeUndefined();
  });
});
