import { expect, test } from "vitest";
import { canonicalJson } from "./json.ts";

test("the same value gives the same text whatever the order of its keys", () => {
  expect(canonicalJson({ b: [1, { z: null, a: "é" }], a: true })).toBe(
    '{"a":true,"b":[1,{"a":"é","z":null}]}',
  );
  expect(canonicalJson({ a: true, b: [1, { a: "é", z: null }] })).toBe(
    '{"a":true,"b":[1,{"a":"é","z":null}]}',
  );
});

test("undefined members are left out and undefined items become null", () => {
  expect(canonicalJson({ a: undefined, b: [undefined, 1] })).toBe('{"b":[null,1]}');
});

test("keys are sorted by code unit, so that no locale matters", () => {
  expect(canonicalJson({ ä: 1, b: 2, B: 3, "10": 4, "9": 5 })).toBe('{"10":4,"9":5,"B":3,"b":2,"ä":1}');
});
