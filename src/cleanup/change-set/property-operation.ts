// Operations on properties, apart from all others.
import { assertNever } from "../../core/index.ts";
import type { Operation, PropertyOperation } from "./change-set.ts";

const DONE: ReadonlySet<string> = new Set<PropertyOperation["do"]>([
  "unset",
  "rename",
  "merge_spellings",
  "retype",
  "map_values",
]);

/** It changes properties of profiles, each profile alone. */
export function isPropertyOperation(operation: Operation): operation is PropertyOperation {
  return DONE.has(operation.do);
}

/** Properties that get a value by it. */
export function writtenNames(operation: PropertyOperation): readonly string[] {
  switch (operation.do) {
    case "unset":
      return [];
    case "rename":
    case "merge_spellings":
      return [operation.to];
    case "retype":
    case "map_values":
      return [operation.property];
    default:
      return assertNever(operation);
  }
}

/** Properties that nobody has any more after it. */
export function removedNames(operation: PropertyOperation): readonly string[] {
  switch (operation.do) {
    case "unset":
      return operation.properties;
    case "rename":
      return operation.from === operation.to ? [] : [operation.from];
    case "merge_spellings":
      return operation.from.filter((name) => name !== operation.to);
    case "retype":
    case "map_values":
      return [];
    default:
      return assertNever(operation);
  }
}
