// Lexicon schemas. Source (read 2026-11): Mixpanel "Lexicon Schemas API" and its limits.
import { isObject } from "../../core/index.ts";
import { type Answer, bodyJson, type Call, json, refuse } from "../http/call.ts";
import { answerTooMany } from "../http/ingestion-answers.ts";
import type { Definition, Project } from "../project.ts";

const TYPES: readonly unknown[] = ["array", "boolean", "integer", "null", "number", "object", "string"];
const ENTITY_TYPES: readonly string[] = ["event", "profile", "custom_event"];
const ENTITY_METADATA = ["$source", "displayName", "tags", "hidden", "dropped", "contacts", "teamContacts"];
const PROPERTY_METADATA = ["displayName", "hidden", "dropped"];
/** Entities and properties that one request may delete or truncate. */
const DELETED_MAX = 3000;
const OWNER = "com.mixpanel";

interface Entry {
  readonly entityType: string;
  readonly name: string;
  readonly schemaJson: Definition;
}

function metadataOf(schema: Definition): Definition | undefined {
  const { metadata } = schema;
  if (metadata === undefined || metadata === null) return {};
  if (!isObject(metadata)) return undefined;
  const own = metadata[OWNER] ?? {};
  return isObject(own) ? own : undefined;
}

function metadataError(schema: Definition, allowed: readonly string[], mayDrop: boolean): string | undefined {
  const metadata = metadataOf(schema);
  if (!metadata) return `metadata["${OWNER}"] must be an object`;
  for (const name of Object.keys(metadata)) {
    if (!allowed.includes(name)) return `metadata has an unknown key: ${name}`;
    if (name === "dropped" && !mayDrop && metadata[name] !== null)
      return "only events and their properties can be dropped";
  }
  return undefined;
}

function schemaError({ entityType, schemaJson }: Entry): string | undefined {
  if (!ENTITY_TYPES.includes(entityType)) return "entityType must be event or profile";
  const isEvent = entityType !== "profile";
  const wrong = metadataError(schemaJson, ENTITY_METADATA, isEvent);
  if (wrong !== undefined) return wrong;
  const properties = schemaJson["properties"] ?? {};
  if (!isObject(properties)) return "properties must be an object";
  for (const property of Object.values(properties)) {
    if (!isObject(property)) return "each property must be an object";
    const types: unknown[] = Array.isArray(property["type"])
      ? property["type"]
      : [property["type"] ?? "string"];
    if (!types.every((type) => TYPES.includes(type))) return `type must be one of ${TYPES.join(", ")}`;
    const inner = metadataError(property, PROPERTY_METADATA, isEvent);
    if (inner !== undefined) return inner;
  }
  return undefined;
}

/** A metadata key that is absent keeps its old value; `null` clears it. */
function mergeMetadata(before: Definition | undefined, after: Definition): Definition {
  const merged = { ...(before && metadataOf(before)), ...metadataOf(after) };
  for (const [name, value] of Object.entries(merged)) if (value === null) delete merged[name];
  const { metadata: _, ...rest } = after;
  return Object.keys(merged).length === 0 ? rest : { ...rest, metadata: { [OWNER]: merged } };
}

function mergeSchema(before: Definition | undefined, after: Definition): Definition {
  const merged = mergeMetadata(before, after);
  const properties = after["properties"];
  if (!isObject(properties))
    return before?.["properties"] === undefined ? merged : { properties: before["properties"], ...merged };
  const old = before && isObject(before["properties"]) ? before["properties"] : {};
  const joined = Object.entries(properties).map(([name, property]) => {
    const known = Object.hasOwn(old, name) ? old[name] : undefined;
    return [
      name,
      isObject(property) ? mergeMetadata(isObject(known) ? known : undefined, property) : property,
    ];
  });
  return { ...merged, properties: Object.fromEntries(joined) as Definition };
}

function sizeOf(schema: Definition): number {
  return 1 + (isObject(schema["properties"]) ? Object.keys(schema["properties"]).length : 0);
}

function put(project: Project, { entityType, name, schemaJson }: Entry): void {
  const key = `${entityType}/${name}`;
  project.schemas.set(key, mergeSchema(project.schemas.get(key), schemaJson));
}

function list(project: Project, type: string | undefined, name: string | undefined): Entry[] {
  const entries: Entry[] = [];
  for (const [key, schemaJson] of project.schemas) {
    const slash = key.indexOf("/");
    const entry = { entityType: key.slice(0, slash), name: key.slice(slash + 1), schemaJson };
    if ((type ?? entry.entityType) === entry.entityType && (name ?? entry.name) === entry.name)
      entries.push(entry);
  }
  return entries;
}

function readEntries(body: unknown): Entry[] | string {
  const given = isObject(body) && Array.isArray(body["entries"]) ? (body["entries"] as unknown[]) : undefined;
  if (!given) return "entries must be a list";
  const entries: Entry[] = [];
  for (const one of given) {
    if (!isObject(one)) return "each entry must be an object";
    const { entityType, name, schemaJson } = one;
    if (typeof entityType !== "string" || typeof name !== "string" || name === "" || !isObject(schemaJson))
      return "each entry needs entityType, name and schemaJson";
    entries.push({ entityType, name, schemaJson });
  }
  return entries;
}

function changeMany(call: Call): Answer {
  const { project } = call;
  const body = bodyJson(call);
  const entries = readEntries(body);
  if (typeof entries === "string") return refuse(400, entries);
  const wrong = entries.map(schemaError).find((error) => error !== undefined);
  if (wrong !== undefined) return refuse(400, wrong);
  const size = entries.reduce((sum, { schemaJson }) => sum + sizeOf(schemaJson), 0);
  if (!project.limits.take("schema_changes", size)) return answerTooMany(call);
  let deleted = 0;
  if (isObject(body) && body["truncate"] === true) {
    deleted = project.schemas.size;
    if (deleted > DELETED_MAX)
      return refuse(400, `at most ${DELETED_MAX} schemas can be truncated by one request`);
    project.schemas.clear();
  }
  for (const entry of entries) put(project, entry);
  return json(200, { results: { added: entries.length, deleted }, status: "ok" });
}

function changeOne(call: Call, entityType: string, name: string): Answer {
  const schemaJson = bodyJson(call);
  if (!isObject(schemaJson)) return refuse(400, "the body must be a schema");
  const entry = { entityType, name, schemaJson };
  const wrong = schemaError(entry);
  if (wrong !== undefined) return refuse(400, wrong);
  if (!call.project.limits.take("schema_changes", sizeOf(schemaJson))) return answerTooMany(call);
  put(call.project, entry);
  return json(200, { status: "ok" });
}

function remove({ project }: Call, type: string | undefined, name: string | undefined): Answer {
  const found = list(project, type, name);
  if (found.length > DELETED_MAX)
    return refuse(400, `at most ${DELETED_MAX} schemas can be deleted by one request`);
  for (const entry of found) project.schemas.delete(`${entry.entityType}/${entry.name}`);
  return json(200, { results: { delete_count: found.length }, status: "ok" });
}

/** `/api/app/projects/{id}/schemas…`; `rest` is what follows, decoded. */
export function answerSchemas(call: Call, rest: readonly string[]): Answer {
  if (!call.project.limits.take("schemas")) return answerTooMany(call);
  const [type, ...named] = rest;
  const name = named.length === 0 ? (call.query.get("entity_name") ?? undefined) : named.join("/");
  switch (call.method) {
    case "GET":
      return json(200, { results: list(call.project, type, name), status: "ok" });
    case "DELETE":
      return remove(call, type, name);
    case "POST":
      return type !== undefined && name !== undefined ? changeOne(call, type, name) : changeMany(call);
    default:
      return refuse(405, "method not allowed");
  }
}
