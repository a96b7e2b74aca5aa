// Exports planned events as JSON Schema (draft 2020-12). What needs no repair is accepted by the validator exactly when it is valid here;
// the fuzz test holds both to that with Ajv. Differences between sources, data classes and identity rules are not in it.
import { AppError, assertNever } from "../core/index.ts";
import type { JsonObject, JsonValue } from "../core/index.ts";
import type { Lock, LockEvent, ObjectType, StringFormat, StringType, ValueType } from "./lock.ts";
import { SDK_EVENT_PROPERTIES, SDK_EVENT_PROPERTY_PREFIXES } from "./validator/built-in.ts";
import { plannedProperties } from "./validator/event-rules.ts";
import { DATETIME_PATTERN, ULID_PATTERN, URL_PATTERN, UUID_PATTERN } from "./validator/formats.ts";

/** The dialect of exported schemas. */
export const JSON_SCHEMA_DIALECT = "https://json-schema.org/draft/2020-12/schema";

type MutableSchema = Record<string, JsonValue>;

/** Formats without an exact JSON Schema twin are written as the pattern that the validator uses. */
const FORMAT_SCHEMAS: Readonly<Record<StringFormat, JsonObject>> = {
  email: { format: "email" },
  url: { pattern: URL_PATTERN },
  uuid: { format: "uuid", pattern: UUID_PATTERN },
  ulid: { pattern: ULID_PATTERN },
  date: { format: "date" },
  hostname: { format: "hostname" },
  ipv4: { format: "ipv4" },
  ipv6: { format: "ipv6" },
};

/** Adds limits that may already have a pattern: both must hold. */
function both(schema: MutableSchema, more: JsonObject): MutableSchema {
  const clashes = Object.keys(more).some((key) => key in schema);
  return clashes ? { ...schema, allOf: [more] } : { ...schema, ...more };
}

function stringSchema(type: StringType): MutableSchema {
  let schema: MutableSchema = { type: "string" };
  if (type.enum !== undefined && type.open !== true) schema["enum"] = type.enum;
  if (type.enum !== undefined && type.open === true) schema["examples"] = type.enum;
  if (type.min_length !== undefined) schema["minLength"] = type.min_length;
  if (type.max_length !== undefined) schema["maxLength"] = type.max_length;
  if (type.pattern !== undefined) schema["pattern"] = type.pattern;
  if (type.format !== undefined) schema = both(schema, FORMAT_SCHEMAS[type.format]);
  return schema;
}

function objectSchema(type: ObjectType, members: "closed" | "open"): MutableSchema {
  if (type.properties === undefined) return { type: "object" };
  const entries = Object.entries(type.properties);
  return {
    type: "object",
    properties: Object.fromEntries(entries.map(([name, { type }]) => [name, schemaOf(type, members)])),
    required: entries.filter(([, { presence }]) => presence === "required").map(([name]) => name),
    additionalProperties: type.open === true || members === "open",
  };
}

function bareSchema(type: ValueType, members: "closed" | "open"): MutableSchema {
  switch (type.type) {
    case "string":
      return stringSchema(type);
    case "integer":
    case "number": {
      const schema: MutableSchema = { type: type.type };
      if (type.enum !== undefined) schema[type.open === true ? "examples" : "enum"] = type.enum;
      if (type.min !== undefined) schema["minimum"] = type.min;
      if (type.max !== undefined) schema["maximum"] = type.max;
      return schema;
    }
    case "boolean":
      return { type: "boolean" };
    case "datetime":
      return { type: "string", format: "date-time", pattern: DATETIME_PATTERN };
    case "list": {
      const schema: MutableSchema = { type: "array" };
      if (type.items !== undefined) schema["items"] = schemaOf(type.items, members);
      if (type.min_items !== undefined) schema["minItems"] = type.min_items;
      if (type.max_items !== undefined) schema["maxItems"] = type.max_items;
      return schema;
    }
    case "object":
      return objectSchema(type, members);
    default:
      return assertNever(type);
  }
}

function schemaOf(type: ValueType, members: "closed" | "open"): MutableSchema {
  const schema = bareSchema(type, members);
  return type.nullable === true ? { anyOf: [{ type: "null" }, schema] } : schema;
}

/** The JSON Schema of one value type; members that an object type does not name are refused unless it is open. */
export function valueTypeJsonSchema(type: ValueType): JsonObject {
  return schemaOf(type, "closed");
}

function propertiesSchema(event: LockEvent): JsonObject {
  const members = event.unknown_property === "accept" ? "open" : "closed";
  const entries = plannedProperties(event);
  const planned = entries.map(([name, { type, description }]): [string, JsonObject] => [
    name,
    { ...schemaOf(type, members), ...(description === undefined ? {} : { description }) },
  ]);
  const sdk = SDK_EVENT_PROPERTIES.map((name): [string, JsonValue] => [name, true]);
  const prefixes = SDK_EVENT_PROPERTY_PREFIXES.map((prefix) => prefix.replace("$", "\\$")).join("|");
  return {
    type: "object",
    properties: Object.fromEntries([...sdk, ...planned]),
    patternProperties: { [`^(?:${prefixes})`]: true },
    required: entries.filter(([, { presence }]) => presence === "required").map(([name]) => name),
    additionalProperties: event.unknown_property === "accept",
  };
}

function eventSchema(event: LockEvent): JsonObject {
  return {
    title: event.name,
    ...(event.description === undefined ? {} : { description: event.description }),
    ...(event.deprecated === undefined ? {} : { deprecated: true }),
    type: "object",
    properties: { event: { const: event.name }, properties: propertiesSchema(event) },
    required: ["event", "properties"],
  };
}

/**
 * The JSON Schema of one planned event, as `{ event, properties }`.
 *
 * @throws {AppError} `PLAN_EVENT_UNKNOWN` when the plan has no event with this id.
 */
export function eventJsonSchema(lock: Lock, eventId: string): JsonObject {
  const event = Object.hasOwn(lock.events, eventId) ? lock.events[eventId] : undefined;
  if (event === undefined) {
    throw new AppError("PLAN_EVENT_UNKNOWN", `Cannot export event "${eventId}": the plan has no such id`);
  }
  return { $schema: JSON_SCHEMA_DIALECT, ...eventSchema(event) };
}

/** The JSON Schema of every planned event: one of them must fit. Each also stands alone under `$defs`, by its id. */
export function planJsonSchema(lock: Lock): JsonObject {
  const ids = Object.keys(lock.events);
  return {
    $schema: JSON_SCHEMA_DIALECT,
    title: lock.name,
    $defs: Object.fromEntries(Object.entries(lock.events).map(([id, event]) => [id, eventSchema(event)])),
    oneOf: ids.map((id) => ({
      $ref: `#/$defs/${encodeURIComponent(id.replaceAll("~", "~0").replaceAll("/", "~1"))}`,
    })),
  };
}
