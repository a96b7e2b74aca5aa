// Unofficial data definitions, as Mixpanel's own open-source tools use them; switch `data_definitions`.
// A subset: events and properties (list, change, delete), deletions of events, drop filters. What is dropped is no longer ingested.
import { isObject } from "../../core/index.ts";
import { type Answer, bodyJson, type Call, json, refuse } from "../http/call.ts";
import type { Definition } from "../project.ts";
import { answerDropFilters } from "./drop-filters.ts";
import { answerDeletions } from "./event-deletions.ts";

const EVENT_FIELDS = ["hidden", "dropped", "merged", "verified", "tags", "displayName", "description"];
const PROPERTY_FIELDS = [
  "hidden",
  "dropped",
  "merged",
  "sensitive",
  "displayName",
  "description",
  "exampleValue",
];

function ok(results: unknown): Answer {
  return json(200, { status: "ok", results });
}

function eventDefinition(call: Call, name: string): Definition {
  return {
    name,
    hidden: false,
    dropped: false,
    merged: false,
    verified: false,
    tags: [],
    ...call.project.definitions.get(`event/${name}`),
  };
}

function listEvents(call: Call): Answer {
  const asked = call.query.getAll("name[]");
  const seen = call.project.names.names().map(({ event }) => event);
  const defined = [...call.project.definitions.keys()]
    .filter((key) => key.startsWith("event/"))
    .map((key) => key.slice(6));
  const all = [...new Set([...seen, ...defined])].filter(
    (name) => asked.length === 0 || asked.includes(name),
  );
  return ok(all.map((name) => eventDefinition(call, name)));
}

/** One change, or a list of them under `many`. A name that is not known makes a definition, as it does there. */
function change(
  call: Call,
  prefix: (one: Definition) => string | undefined,
  fields: readonly string[],
): Answer {
  const body = bodyJson(call);
  if (!isObject(body)) return refuse(400, "the body must be an object");
  const many = body["events"] ?? body["properties"];
  const changes = Array.isArray(many) ? (many as unknown[]) : [body];
  const changed: Definition[] = [];
  for (const one of changes) {
    const key =
      isObject(one) && typeof one["name"] === "string" && one["name"] !== "" ? prefix(one) : undefined;
    if (!isObject(one) || key === undefined)
      return refuse(400, "each change needs a name, and for a property a resourceType of Event or User");
    const next: Definition = { ...call.project.definitions.get(key), name: one["name"] };
    for (const field of fields) if (one[field] !== undefined) next[field] = one[field];
    call.project.definitions.set(key, next);
    changed.push(next);
  }
  return ok(changed);
}

function eventKey(one: Definition): string {
  return `event/${String(one["name"])}`;
}

function propertyKey(one: Definition): string | undefined {
  const type = one["resourceType"];
  return type === "Event" || type === "User" ? `property/${type}/${String(one["name"])}` : undefined;
}

function answerEvents(call: Call): Answer {
  switch (call.method) {
    case "GET":
      return listEvents(call);
    case "PATCH":
      return change(call, eventKey, EVENT_FIELDS);
    case "DELETE": {
      const body = bodyJson(call);
      if (!isObject(body)) return refuse(400, "name is needed");
      call.project.definitions.delete(eventKey(body));
      return ok({});
    }
    default:
      return refuse(405, "method not allowed");
  }
}

function answerProperties(call: Call): Answer {
  if (call.method === "PATCH") return change(call, propertyKey, PROPERTY_FIELDS);
  if (call.method !== "GET") return refuse(405, "method not allowed");
  const type = call.query.get("resourceType") ?? "Event";
  if (type !== "Event" && type !== "User") return refuse(400, "resourceType must be Event or User");
  const prefix = `property/${type}/`;
  const defined = [...call.project.definitions]
    .filter(([key]) => key.startsWith(prefix))
    .map(([, one]) => one);
  return ok(defined.map((one) => ({ hidden: false, dropped: false, resourceType: type, ...one })));
}

/** `/api/app/projects/{id}/data-definitions/…`; `rest` is what follows, decoded. */
export function answerDefinitions(call: Call, rest: readonly string[]): Answer {
  if (call.project.switches.text("data_definitions") === "off")
    return refuse(404, "unofficial: start the local Mixpanel with switch data_definitions=on");
  const [kind, below, id] = rest;
  if (kind === "events" && below === undefined) return answerEvents(call);
  if (kind === "events" && below === "deletion-requests") return answerDeletions(call, id);
  if (kind === "events" && below === "drop-filters") return answerDropFilters(call, id);
  if (kind === "properties" && below === undefined) return answerProperties(call);
  return refuse(404, "the local Mixpanel does not have this endpoint");
}
