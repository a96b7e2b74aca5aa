import { expect, test } from "vitest";
import { parseWhere } from "./where.ts";

const profile = { plan: "pro", age: 30, tags: ["a", "b"], active: true, 'quo"ted': 1 };

test.each([
  ['properties["plan"] == "pro"', true],
  ['properties["plan"] != "pro"', false],
  ['properties["age"] >= 30 and properties["age"] < 31', true],
  ['properties["age"] > 30 or "a" in properties["tags"]', true],
  ['not (properties["plan"] == "pro" and properties["active"] == true)', false],
  ['defined(properties["gone"])', false],
  ['not defined(properties["gone"]) and "ro" in properties["plan"]', true],
  ['properties["quo\\"ted"] == 1', true],
  ['user["plan"] == "pro"', true],
  ['properties["age"] > "3"', false],
  ['properties["__proto__"] == 1', false],
])("%s is %s", (where, expected) => {
  expect(parseWhere(where)?.(profile)).toBe(expected);
});

test.each([
  "",
  "properties[plan]",
  'properties["a"] ==',
  '(properties["a"]',
  'regex_match("a","b")',
  '"\\q"',
  "1 1",
])("%s is refused", (where) => {
  expect(parseWhere(where)).toBeUndefined();
});
