import { expect, test } from "vitest";
import { LastSeen } from "./last-seen.ts";

test("a hundred thousand keys keep their last place, and no two are taken for one", () => {
  const seen = new LastSeen();
  const count = 100_000;
  for (let index = 0; index < count; index += 1) seen.see(`key ${index}`, index + 1);
  for (let index = 0; index < count; index += 2) seen.see(`key ${index}`, count + index);
  expect(seen.size).toBe(count);
  for (let index = 0; index < count; index += 1)
    expect(seen.place(`key ${index}`)).toBe(index % 2 === 0 ? count + index : index + 1);
  expect(seen.place("never")).toBe(0);
});

test("keys that differ in one character or in their order are different", () => {
  const seen = new LastSeen();
  for (const [index, key] of ["", "a", "b", "ab", "ba", "a\0b", "ab\0"].entries()) seen.see(key, index + 1);
  expect(seen.size).toBe(7);
});
