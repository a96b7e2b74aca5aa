import { expect, test } from "vitest";
import { changesOf, lexiconBatches } from "./client.ts";
import type { LexiconEntity } from "./entity.ts";

function entity(name: string, properties: number): LexiconEntity {
  const members = Array.from({ length: properties }, (_, index) => [
    `p${index}`,
    { type: "string", description: null },
  ]);
  return {
    entityType: "event",
    name,
    schemaJson: { $schema: "", description: null, properties: Object.fromEntries(members), required: [] },
  };
}

test("a batch is filled to the limit and not one change beyond", () => {
  const sizes = (...properties: number[]) =>
    lexiconBatches(
      properties.map((count, index) => entity(`e${index}`, count)),
      10,
    ).map((batch) => batch.reduce((sum, one) => sum + changesOf(one), 0));
  expect(sizes(4, 4)).toEqual([10]);
  expect(sizes(4, 5)).toEqual([5, 6]);
  expect(sizes(9, 0, 9)).toEqual([10, 1, 10]);
  expect(lexiconBatches([])).toEqual([]);
});
