// RudderStack's specs: documents of a kind, whose parts refer to each other by `#property:id`, or by paths in the older format.
import { isObject } from "../../core/index.ts";
import type { DraftBuilder, PlannedProperty } from "./draft-builder.ts";
import { schemaDescription, schemaType } from "./schema-property.ts";

type Values = Readonly<Record<string, unknown>>;

const objects = (value: unknown): readonly Values[] => (Array.isArray(value) ? value.filter(isObject) : []);
const text = (value: unknown): string => (typeof value === "string" ? value : "");

/** Id in `#event:signup` or `#/events/group/signup`. */
function idOf(reference: unknown): string {
  const target = isObject(reference) ? reference["$ref"] : reference;
  return text(target).replace(/^#.*[:/]/, "");
}

function collect(documents: readonly Values[], kind: string): ReadonlyMap<string, Values> {
  const list = documents
    .filter((document) => document["kind"] === kind)
    .flatMap(({ spec }) => objects(isObject(spec) ? spec[kind] : undefined));
  return new Map(list.map((entry) => [text(entry["id"]), entry]));
}

/** Reads all documents of a project into the builder. */
export function readRudder(documents: readonly Values[], builder: DraftBuilder): void {
  const properties = collect(documents, "properties");
  const events = collect(documents, "events");
  const used = new Set<string>();
  const planned = (use: Values): readonly PlannedProperty[] => {
    const property = properties.get(idOf(use["property"] ?? use["$ref"]));
    if (property === undefined) return [];
    const config = property["config"] ?? property["propConfig"];
    return [
      {
        name: text(property["name"]),
        type: schemaType({ ...property, ...(isObject(config) ? config : {}) }),
        presence: use["required"] === true ? "required" : "optional",
        ...schemaDescription(property),
      },
    ];
  };
  const rules = documents
    .filter(({ kind }) => kind === "tracking-plan" || kind === "tp")
    .flatMap(({ spec }) => objects(isObject(spec) ? spec["rules"] : undefined));
  for (const rule of rules) {
    const id = idOf(rule["event"]);
    const event = events.get(id);
    if (event === undefined || (event["event_type"] ?? "track") !== "track") continue;
    used.add(id);
    builder.event({
      name: text(event["name"]),
      ...schemaDescription(event),
      properties: objects(rule["properties"]).flatMap(planned),
    });
  }
  for (const [id, event] of events)
    if (!used.has(id) && (event["event_type"] ?? "track") === "track")
      builder.event({ name: text(event["name"]), ...schemaDescription(event), properties: [] });
}
