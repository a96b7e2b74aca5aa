// Which values of the dictionary a step sets, and how they compare. Pure. Nothing, an empty text, an empty list and a flag that is off are the same.
import type { DictionaryEntry, JsonValue } from "../../core/index.ts";
import { AppError } from "../../core/index.ts";
import type { DictionaryChange, DictionaryOperation, Step } from "../change-set/change-set.ts";

const KEYS = ["hidden", "dropped", "description", "displayName", "tags"] as const;

/** The operation of a dictionary step. */
export function dictionaryOf({ operation }: Step): DictionaryOperation {
  if (operation.do === "dictionary") return operation;
  throw new AppError("CLEANUP_OPERATION_UNKNOWN", `Cannot change the dictionary by ${operation.do}`);
}

/** What a change sets, as an entry. */
export function wantedEntry({ entity, name, property, set }: DictionaryChange): DictionaryEntry {
  const values: Record<string, JsonValue> = {};
  for (const key of KEYS) {
    const value = set[key];
    if (value !== undefined) values[key] = value === null || typeof value !== "object" ? value : [...value];
  }
  return { entity, name, ...(property === undefined ? {} : { property }), values };
}

/** Why a provider cannot do what a change asks for; `undefined` when it can. */
export function unfitReason({ entity, property, set }: DictionaryChange): string | undefined {
  if (entity === "profile" && set.dropped === true)
    return "properties of profiles cannot be dropped: unset them";
  if (property !== undefined && set.tags !== undefined) return "properties have no tags";
  return undefined;
}

function settled(value: JsonValue | undefined): string {
  if (value === undefined || value === null || value === "" || value === false) return "null";
  return Array.isArray(value) && value.length === 0 ? "null" : JSON.stringify(value);
}

/** The entry has every one of these values. */
export function hasValues(entry: DictionaryEntry, values: DictionaryEntry["values"]): boolean {
  return Object.keys(values).every((key) => settled(entry.values[key]) === settled(values[key]));
}

/** Only the values that are set, as they were before. */
export function formerValues(before: DictionaryEntry, wanted: DictionaryEntry): DictionaryEntry {
  const keys = Object.keys(wanted.values);
  return { ...before, values: Object.fromEntries(keys.map((key) => [key, before.values[key] ?? null])) };
}
