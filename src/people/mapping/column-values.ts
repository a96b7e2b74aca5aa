// How a value of Postgres becomes a value of a profile: the expression that asks for it as text, and the reading of that text.
// Invariant: nothing is rounded or moved silently. What a profile cannot hold is a problem with a reason, never a near value.
import { assertNever, type JsonValue } from "../../core/index.ts";
import type { ValueType } from "../../plan/index.ts";
import { quoteLiteral } from "../database/identifiers.ts";
import type { ColumnKind } from "./catalogue.ts";

type PlanType = ValueType["type"];

/** Types of the plan that can hold each kind of column. */
const HOLDS: Readonly<Record<ColumnKind, readonly PlanType[]>> = {
  boolean: ["boolean"],
  integer: ["integer", "number", "string"],
  number: ["number", "string"],
  text: ["string"],
  enum: ["string"],
  uuid: ["string"],
  date: ["string", "datetime"],
  timestamp: ["datetime", "string"],
  timestamptz: ["datetime", "string"],
  list: ["list"],
  json: ["object", "list"],
  other: ["string"],
};

/** Whether a property of this type can hold a column of this kind. */
export function canHold(type: PlanType, kind: ColumnKind): boolean {
  return HOLDS[kind].includes(type);
}

/** Types of the plan that can hold the kind, for a message. */
export function holdersOf(kind: ColumnKind): readonly PlanType[] {
  return HOLDS[kind];
}

/** The expression as text that {@link readColumn} understands. `timeZone`: where a `timestamp` without zone was written. */
export function textSql(expression: string, kind: ColumnKind, timeZone: string): string {
  switch (kind) {
    case "list":
      return `pg_catalog.to_jsonb(${expression})::text`;
    case "timestamp":
      return `((${expression}) at time zone ${quoteLiteral(timeZone)})::text`;
    case "boolean":
    case "integer":
    case "number":
    case "text":
    case "enum":
    case "uuid":
    case "date":
    case "timestamptz":
    case "json":
      return `(${expression})::text`;
    case "other":
      // As the type prints itself: a cast of an address would add `/32`.
      return `case when (${expression}) is distinct from null then pg_catalog.format('%s', ${expression}) end`;
    default:
      return assertNever(kind);
  }
}

/** A value of the database that no profile can hold as the plan wants it. */
export type UnreadableReason = "not-finite" | "too-large" | "out-of-range-time" | "not-json";

export type ReadColumn =
  | { readonly kind: "value"; readonly value: JsonValue }
  | { readonly kind: "unreadable"; readonly reason: UnreadableReason };

const TIMESTAMP = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?\+00$/;
const DATE = /^\d{4}-\d\d-\d\d$/;

function unreadable(reason: UnreadableReason): ReadColumn {
  return { kind: "unreadable", reason };
}

/** ISO 8601 in UTC with milliseconds, cut and never rounded; years outside 0000–9999 and infinity are not times of a profile. */
function readTime(text: string): string | undefined {
  if (DATE.test(text)) return `${text}T00:00:00.000Z`;
  const match = TIMESTAMP.exec(text);
  if (!match) return undefined;
  const [, date = "", time = "", fraction = ""] = match;
  return `${date}T${time}.${fraction.slice(0, 3).padEnd(3, "0")}Z`;
}

function readNumber(text: string, kind: ColumnKind): ReadColumn {
  const value = Number(text);
  if (!Number.isFinite(value)) return unreadable("not-finite");
  // Beyond 2^53 a decimal would arrive as another number, even before its point. What Postgres prints with an exponent is a double itself.
  // Fractions below are kept as the nearest double, as every JSON reader does; a property of type `string` keeps each digit.
  if (Math.abs(value) > Number.MAX_SAFE_INTEGER && (kind === "integer" || !/e/i.test(text)))
    return unreadable("too-large");
  return { kind: "value", value };
}

const LONG_NUMBER = /\d{16}|[eE]\+?\d{3}/;
const JSON_TOKEN = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/** Whether a number inside would arrive as another one. */
function losesNumber(text: string): boolean {
  if (!LONG_NUMBER.test(text)) return false;
  for (const [token] of text.matchAll(JSON_TOKEN)) {
    if (token.startsWith('"')) continue;
    const value = Math.abs(Number(token));
    if (value > Number.MAX_SAFE_INTEGER && (!/[eE]/.test(token) || value === Infinity)) return true;
  }
  return false;
}

function readJson(text: string): ReadColumn {
  if (losesNumber(text)) return unreadable("too-large");
  try {
    return { kind: "value", value: JSON.parse(text) as JsonValue };
  } catch {
    // Postgres has printed it as JSON; only a number that no double holds could end here.
    return unreadable("not-json");
  }
}

function readText(text: string, kind: ColumnKind): ReadColumn {
  if (kind === "number" && !Number.isFinite(Number(text))) return unreadable("not-finite");
  if (kind === "date")
    return DATE.test(text) ? { kind: "value", value: text } : unreadable("out-of-range-time");
  if (kind !== "timestamp" && kind !== "timestamptz") return { kind: "value", value: text };
  const time = readTime(text);
  return time === undefined ? unreadable("out-of-range-time") : { kind: "value", value: time };
}

/** Reads the text of {@link textSql}. */
export function readColumn(text: string | null, kind: ColumnKind, type: PlanType): ReadColumn {
  if (text === null) return { kind: "value", value: null };
  switch (type) {
    case "boolean":
      return { kind: "value", value: text === "t" || text === "true" };
    case "integer":
    case "number":
      return readNumber(text, kind);
    case "datetime": {
      const time = readTime(text);
      return time === undefined ? unreadable("out-of-range-time") : { kind: "value", value: time };
    }
    case "string":
      return readText(text, kind);
    case "list":
    case "object":
      return readJson(text);
    default:
      return assertNever(type);
  }
}
