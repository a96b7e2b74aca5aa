// The forms that the JSON Schema of a plan is made of.
import type { JsonObject } from "../core/index.ts";

/** A text that is not empty. */
export const text = (description: string, more: JsonObject = {}): JsonObject => ({
  type: "string",
  minLength: 1,
  description,
  ...more,
});
/** An object with these members and no others. */
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
/** A list. */
export const listOf = (description: string, items: JsonObject): JsonObject => ({
  type: "array",
  description,
  items,
});
/** A map by id. */
export const mapOf = (description: string, value: JsonObject): JsonObject => ({
  type: "object",
  description,
  propertyNames: { $ref: "#/$defs/id" },
  additionalProperties: value,
});
/** One of these values. */
export const oneOfValues = (description: string, values: readonly string[]): JsonObject => ({
  enum: values,
  description,
});
