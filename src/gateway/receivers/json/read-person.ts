// One item of `POST /v1/people`: a mark `{ user_id, changed }`, or state `{ user_id, set: { name: value | null } }`.
// State is absolute: `null` takes a property away, and what is not named stays as it is.
import { isObject } from "../../../core/index.ts";
import type { ReceivedItem } from "../../receiver.ts";

/** A table with its schema, on one line. Source (read 2026-11): PostgreSQL "Identifiers": 63 bytes each. */
const TABLE = /^\P{Cc}{1,127}$/u;
/** Tables that one mark may name. */
const TABLES_MAX = 100;

type Operations = Extract<ReceivedItem, { kind: "profile" }>["operations"];

function operationsOf(set: Readonly<Record<string, unknown>>): Operations {
  const entries = Object.entries(set);
  const values = entries.filter(([, value]) => value !== null);
  const names = entries.filter(([, value]) => value === null).map(([name]) => name);
  return [
    ...(values.length === 0 ? [] : [{ operation: "$set" as const, value: Object.fromEntries(values) }]),
    ...(names.length === 0 ? [] : [{ operation: "$unset" as const, value: names }]),
  ];
}

function isTable(value: unknown): value is string {
  return typeof value === "string" && TABLE.test(value);
}

/** Names of tables; empty for `true`; `undefined` for anything else. */
function readTables(changed: unknown): readonly string[] | undefined {
  if (changed === true) return [];
  if (!Array.isArray(changed) || changed.length === 0 || changed.length > TABLES_MAX) return undefined;
  const tables = changed.filter(isTable);
  return tables.length === changed.length ? tables : undefined;
}

/** Reads a mark or a set of properties, or says which member is wrong. */
export function readPerson(value: unknown, token: string): ReceivedItem {
  const malformed = (field: string, reason: string): ReceivedItem => ({
    kind: "malformed",
    token,
    reason,
    field,
    value,
  });
  if (!isObject(value)) return malformed("", "item is not an object");
  const { user_id: userId, changed, set } = value;
  if (typeof userId !== "string" || userId === "")
    return malformed("user_id", "user_id is missing or not a string");
  if (changed !== undefined && set !== undefined)
    return malformed("set", "item has both changed and set; send two items");
  if (set !== undefined) {
    if (!isObject(set)) return malformed("set", "set is not an object");
    const operations = operationsOf(set);
    if (operations.length === 0) return malformed("set", "set names no property");
    return {
      kind: "profile",
      token,
      groupKey: undefined,
      id: userId,
      operations,
      modifiers: {},
      asState: true,
    };
  }
  const tables = readTables(changed);
  if (tables === undefined)
    return malformed("changed", `changed is neither true nor a list of 1 to ${TABLES_MAX} names of tables`);
  return { kind: "mark", token, userId, tables };
}
