import fc from "fast-check";
import { expect, test } from "vitest";
import type { JsonValue } from "../../core/index.ts";
import type { PropertyOperation, RetypeTarget } from "../change-set/change-set.ts";
import { changeBetween, isSame, type Properties } from "./profile-record.ts";
import { changeProperties, touchedNames } from "./property-changes.ts";
import { retypeValue } from "./retype-value.ts";

const after = (operation: PropertyOperation, had: Properties): Properties =>
  changeProperties(operation, { id: "x", had }).after;

const RETYPES: readonly (readonly [RetypeTarget, JsonValue, JsonValue | undefined])[] = [
  ["boolean", "true", true],
  ["boolean", "FALSE", false],
  ["boolean", "yes", undefined],
  ["boolean", 1, undefined],
  ["integer", "12", 12],
  ["integer", "12.5", undefined],
  ["integer", 12.5, undefined],
  ["integer", "007", undefined],
  ["integer", " 5", undefined],
  ["number", "1.5", 1.5],
  ["number", "1e3", undefined],
  ["number", "12345678901234567890", undefined],
  ["string", 12, "12"],
  ["string", true, "true"],
  ["string", ["a"], undefined],
  ["datetime", "2026-11-25", "2026-11-25T00:00:00.000Z"],
  ["datetime", 1_764_028_800, "2025-11-25T00:00:00.000Z"],
  ["datetime", "25.11.2026", undefined],
  ["list", '["a",1]', ["a", 1]],
  ["list", "[a", ["[a"]],
  ["list", "a", ["a"]],
  ["list", null, undefined],
];

test.each(RETYPES)("to %s: %j becomes %j", (to, value, wanted) => {
  expect(retypeValue(value, to)).toEqual(wanted);
});

test("a target that is one of the spellings has its place in the list; else it comes first", () => {
  const had = { a: 1, b: 2, c: 3 };
  expect(after({ do: "merge_spellings", from: ["a", "b"], to: "c" }, had)).toEqual({ c: 3 });
  expect(after({ do: "merge_spellings", from: ["a", "c", "b"], to: "c" }, had)).toEqual({ c: 1 });
  expect(after({ do: "merge_spellings", from: ["b", "a"], to: "d" }, had)).toEqual({ d: 2, c: 3 });
});

test("a name that becomes itself stays", () => {
  expect(after({ do: "rename", from: "a", to: "a", onBoth: "overwrite" }, { a: 1 })).toEqual({ a: 1 });
  expect(after({ do: "merge_spellings", from: ["a"], to: "a" }, { a: 1 })).toEqual({ a: 1 });
});

test("values are mapped as they are, not by their text", () => {
  const values = [
    { from: 1, to: "one" },
    { from: { b: 2, a: 1 }, to: null },
  ];
  const operation: PropertyOperation = { do: "map_values", property: "p", values };
  expect(after(operation, { p: 1 })).toEqual({ p: "one" });
  expect(after(operation, { p: "1" })).toEqual({ p: "1" });
  expect(after(operation, { p: { a: 1, b: 2 } })).toEqual({});
});

const name = fc.constantFrom("a", "b", "c", "__proto__", "constructor", "$email");
const value = fc.oneof(
  fc.constantFrom<JsonValue>("true", "12", "x", null, 5, true, ["a"]),
  fc.jsonValue() as fc.Arbitrary<JsonValue>,
);
const operation: fc.Arbitrary<PropertyOperation> = fc.oneof(
  fc.record({ do: fc.constant("unset" as const), properties: fc.array(name) }),
  fc.record({
    do: fc.constant("rename" as const),
    from: name,
    to: name,
    onBoth: fc.constantFrom("keep" as const, "overwrite" as const),
  }),
  fc.record({
    do: fc.constant("merge_spellings" as const),
    from: fc.array(name, { minLength: 1 }),
    to: name,
  }),
  fc.record({
    do: fc.constant("retype" as const),
    property: name,
    to: fc.constantFrom<RetypeTarget>("boolean", "integer", "number", "string", "datetime", "list"),
    onMisfit: fc.constantFrom("keep" as const, "unset" as const),
  }),
  fc.record({
    do: fc.constant("map_values" as const),
    property: name,
    values: fc.array(fc.record({ from: value, to: value })),
  }),
);

/** What a provider does with the updates. */
function applied(had: Properties, change: ReturnType<typeof changeBetween>): Properties {
  const result = new Map(Object.entries(had));
  for (const [key, one] of Object.entries(change.set)) result.set(key, one);
  for (const key of change.unset) result.delete(key);
  return Object.fromEntries(result);
}

test("the updates lead exactly there and back, touch only what they say, and twice is as once", () => {
  fc.assert(
    fc.property(operation, fc.array(fc.tuple(name, value)), (operation, entries) => {
      const had: Properties = Object.fromEntries(entries);
      const wanted = after(operation, had);
      const change = changeBetween(had, wanted);
      expect(isSame(applied(had, change), wanted)).toBe(true);
      expect(isSame(applied(applied(had, change), change), wanted)).toBe(true);
      expect(isSame(applied(wanted, changeBetween(wanted, had)), had)).toBe(true);
      const touched = new Set(touchedNames(operation));
      for (const key of [...Object.keys(change.set), ...change.unset]) expect(touched.has(key)).toBe(true);
    }),
  );
});
