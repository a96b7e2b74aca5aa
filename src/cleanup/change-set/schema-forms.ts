// The few forms that the JSON Schema of a change set is made of.
import type { JsonObject } from "../../core/index.ts";

/** A text that is not empty. */
export const text = (description: string, more: JsonObject = {}): JsonObject => ({
  type: "string",
  minLength: 1,
  description,
  ...more,
});
/** A day in UTC. */
export const day = (description: string): JsonObject =>
  text(`${description}, as 2026-11-25`, { pattern: String.raw`^\d{4}-\d{2}-\d{2}$` });
/** Yes or no. */
export const flag = (description: string): JsonObject => ({ type: "boolean", description });
/** One of these values. */
export const oneOf = (description: string, values: readonly string[]): JsonObject => ({
  enum: values,
  description,
});
/** A list that is not empty. */
export const listOf = (description: string, items: JsonObject): JsonObject => ({
  type: "array",
  minItems: 1,
  description,
  items,
});
/** An object without other keys. */
export const object = (
  description: string,
  properties: JsonObject,
  required: readonly string[] = [],
): JsonObject => ({
  type: "object",
  description,
  additionalProperties: false,
  properties,
  required,
});

/** An object whose member `tag` says which others it has: a mistake is told of the branch that was meant, and of no other. */
export function tagged(
  tag: string,
  description: string,
  branches: Readonly<Record<string, JsonObject>>,
): JsonObject {
  return {
    type: "object",
    description,
    properties: { [tag]: { enum: Object.keys(branches) } },
    required: [tag],
    allOf: Object.entries(branches).map(([value, branch]) => {
      const { properties } = branch as { readonly properties: JsonObject };
      const other: JsonObject = { properties: { [tag]: { not: { const: value } } } };
      const whole: JsonObject = { ...branch, properties: { [tag]: true, ...properties } };
      return { if: other, else: whole };
    }),
  };
}
