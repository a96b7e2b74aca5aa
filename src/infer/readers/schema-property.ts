// A property in another tool's JSON Schema (drafts 4 to 7) as a property of ours. What our types cannot say is left out: the reader of a plan
// must be able to trust every constraint that is in it.
import { isObject } from "../../core/index.ts";
import type { StringFormat, ValueType } from "../../plan/index.ts";

type Schema = Readonly<Record<string, unknown>>;

/** Formats that mean the same here. */
const FORMATS: Readonly<Record<string, StringFormat>> = {
  email: "email",
  uri: "url",
  uuid: "uuid",
  date: "date",
  hostname: "hostname",
  ipv4: "ipv4",
  ipv6: "ipv6",
};

function kindsOf(schema: Schema): readonly string[] {
  const { type, types } = schema;
  const given: unknown = types ?? type;
  if (typeof given === "string") return given.split(",").map((kind) => kind.trim());
  return Array.isArray(given) ? given.filter((kind) => typeof kind === "string") : [];
}

function textType(schema: Schema): ValueType {
  if (schema["format"] === "date-time") return { type: "datetime" };
  const values: unknown = schema["enum"];
  const texts = Array.isArray(values) ? values.filter((value) => typeof value === "string") : [];
  if (Array.isArray(values) && texts.length > 0) return { type: "string", enum: [...new Set(texts)] };
  const format = typeof schema["format"] === "string" ? FORMATS[schema["format"]] : undefined;
  return format === undefined ? { type: "string" } : { type: "string", format };
}

function bareType(kind: string, schema: Schema): ValueType {
  switch (kind) {
    case "integer":
      return { type: "integer" };
    case "number":
      return { type: "number" };
    case "boolean":
      return { type: "boolean" };
    case "array": {
      const items: unknown =
        schema["items"] ?? (schema["item_type"] === undefined ? undefined : { type: schema["item_type"] });
      return isObject(items) && kindsOf(items).length === 1 && kindsOf(items)[0] !== "object"
        ? { type: "list", items: schemaType(items) }
        : { type: "list" };
    }
    case "object":
      return { type: "object" };
    default:
      return textType(schema);
  }
}

/** The type of a schema; several kinds become the first of them that is not `null`. */
export function schemaType(schema: Schema): ValueType {
  const kinds = kindsOf(schema);
  const type = bareType(kinds.find((kind) => kind !== "null") ?? "string", schema);
  return kinds.includes("null") ? { ...type, nullable: true } : type;
}

/** The description of a schema, where it has one. */
export function schemaDescription(schema: Schema): { readonly description?: string } {
  const text = typeof schema["description"] === "string" ? schema["description"].trim() : "";
  return text === "" ? {} : { description: text };
}
