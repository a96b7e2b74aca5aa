// A value type in a few words, for tables.
import { assertNever } from "../../core/index.ts";
import type { ValueType } from "../lock.ts";

function range(min: number | undefined, max: number | undefined, unit = ""): string {
  if (min === undefined && max === undefined) return "";
  if (min === undefined) return ` ≤ ${max}${unit}`;
  if (max === undefined) return ` ≥ ${min}${unit}`;
  return ` ${min}–${max}${unit}`;
}

function core(type: ValueType): string {
  switch (type.type) {
    case "string": {
      if (type.enum !== undefined) return `${type.enum.join(" | ")}${type.open === true ? " | …" : ""}`;
      const parts = [type.format ?? "string", type.pattern === undefined ? "" : ` /${type.pattern}/`];
      return parts.join("") + range(type.min_length, type.max_length, " characters");
    }
    case "integer":
    case "number":
      if (type.enum !== undefined) return `${type.enum.join(" | ")}${type.open === true ? " | …" : ""}`;
      return type.type + range(type.min, type.max);
    case "boolean":
    case "datetime":
      return type.type;
    case "list":
      return `list of ${type.items === undefined ? "anything" : core(type.items)}${range(type.min_items, type.max_items, " items")}`;
    case "object":
      return type.properties === undefined
        ? "object"
        : `object { ${Object.keys(type.properties).join(", ")} }`;
    default:
      return assertNever(type);
  }
}

/** Describes a type. */
export function describeType(type: ValueType): string {
  return type.nullable === true ? `${core(type)} or null` : core(type);
}
