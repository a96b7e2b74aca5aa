// The few forms that the schema of the configuration is made of.
import type { JsonObject } from "../../core/index.ts";

/** A text that is not empty. */
export const text = (description: string, more: JsonObject = {}): JsonObject => ({
  type: "string",
  minLength: 1,
  description,
  ...more,
});
/** A whole number. */
export const count = (description: string, minimum = 1): JsonObject => ({
  type: "integer",
  minimum,
  description,
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
/** An object whose keys are names of somebody's choice. */
export const mapOf = (description: string, value: JsonObject): JsonObject => ({
  type: "object",
  description,
  propertyNames: { pattern: "^[A-Za-z][A-Za-z0-9_-]{0,39}$" },
  additionalProperties: value,
});
export const listOf = (description: string, items: JsonObject): JsonObject => ({
  type: "array",
  description,
  items,
});
