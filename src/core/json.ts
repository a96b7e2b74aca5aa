// JSON as types, and the one canonical way this project writes it. Pure.
// Canonical text is what hashes are made of: it must never depend on insertion order, locale or machine.

/** Any JSON value. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;

/** A JSON object with unknown keys. */
export interface JsonObject {
  readonly [key: string]: JsonValue;
}

/** Tells whether a value is a plain object: not null, not an array. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Writes a JSON value with sorted keys and no white space: the same value gives the same bytes everywhere.
 * Keys are sorted by UTF-16 code units, as RFC 8785 (JSON Canonicalization Scheme) asks. `undefined` members are left out.
 */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item ?? null)).join(",")}]`;
  if (!isObject(value)) return JSON.stringify(value ?? null);
  let members = "";
  for (const key of Object.keys(value).sort()) {
    const member = value[key];
    if (member === undefined) continue;
    members += `${members === "" ? "" : ","}${JSON.stringify(key)}:${canonicalJson(member)}`;
  }
  return `{${members}}`;
}
