import { expect, test } from "vitest";
import { hasNestedRepeats } from "./nested-repeats.ts";

test.each(["(a+)+$", "^(?:[a-z]+_?)*$", "((ab)*c)+", "(a{2,})+", "(?:(?:x*)y)+"])(
  "%s repeats a repeat",
  (pattern) => {
    expect(hasNestedRepeats(pattern)).toBe(true);
  },
);

test.each(["(foo|bar)+x", "^sku_[0-9]+$", "(a+)?b+", "[+*(]+", "\\(a+\\)+", "(a{2,3})+", "^[A-Z]{3}$"])(
  "%s does not",
  (pattern) => {
    expect(hasNestedRepeats(pattern)).toBe(false);
  },
);
