// Other tools' plans: Segment, RudderStack, Avo, Mixpanel's Lexicon, Amplitude. Told apart by their shape; each becomes a draft.
// Sources (read 2026-11): segmentio/typewriter d838295 (`plan.json`); rudderlabs/rudder-iac BREAKING_CHANGES.md (`rudder/v1`); Mixpanel
// "Lexicon Schemas API"; Amplitude "Taxonomy API".
import { isObject } from "../../core/index.ts";
import type { PlanDraft } from "../propose/plan-draft.ts";
import { DraftBuilder, schemaProperties } from "./draft-builder.ts";
import { readRudder } from "./rudder-plan.ts";
import { schemaDescription } from "./schema-property.ts";

type Values = Readonly<Record<string, unknown>>;

const objects = (value: unknown): readonly Values[] => (Array.isArray(value) ? value.filter(isObject) : []);
const text = (value: unknown): string => (typeof value === "string" ? value : "");

function member(value: unknown, ...path: readonly string[]): unknown {
  let at = value;
  for (const step of path) at = isObject(at) ? at[step] : undefined;
  return at;
}

/** `properties` of a Segment schema stand one level down; a bare schema has them at once. */
function eventProperties(schema: unknown): unknown {
  const inner = member(schema, "properties", "properties");
  return isObject(inner) && (isObject(inner["properties"]) || inner["type"] === "object") ? inner : schema;
}

/** Segment: `rules[]` with `key`, `type` and `jsonSchema`; the highest version of each event. */
function readSegment(rules: readonly Values[], builder: DraftBuilder): void {
  const ordered = [...rules].sort((a, b) => Number(b["version"] ?? 0) - Number(a["version"] ?? 0));
  for (const rule of ordered) {
    const schema = rule["jsonSchema"] ?? rule["json_schema"];
    const type = text(rule["type"]).toUpperCase();
    if (type === "TRACK")
      builder.event({
        name: text(rule["key"]),
        ...schemaDescription(isObject(schema) ? schema : {}),
        properties: schemaProperties(eventProperties(schema)),
      });
    else if (type === "IDENTIFY")
      for (const property of schemaProperties(member(schema, "properties", "traits")))
        builder.person(property);
  }
}

/** Avo's JSON Schema export, and Segment's older one: `events[]` with `name`, `description`, `rules`. */
function readEvents(events: readonly Values[], builder: DraftBuilder): void {
  for (const event of events) {
    const schema = event["rules"] ?? event["schema"] ?? event["jsonSchema"];
    const tags = Array.isArray(event["tags"]) ? event["tags"].filter((tag) => typeof tag === "string") : [];
    builder.event({
      name: text(event["name"]),
      ...schemaDescription(event),
      ...(tags.length === 0 ? {} : { tags }),
      properties: schemaProperties(eventProperties(schema)),
    });
  }
}

/** Mixpanel's Lexicon: entries of `entityType`, `name`, `schemaJson`. */
function readLexicon(entries: readonly Values[], builder: DraftBuilder): void {
  for (const entry of entries) {
    const schema = entry["schemaJson"];
    if (!isObject(schema)) continue;
    if (entry["entityType"] === "event") {
      const tags = member(schema, "metadata", "com.mixpanel", "tags");
      builder.event({
        name: text(entry["name"]),
        ...schemaDescription(schema),
        ...(Array.isArray(tags) && tags.length > 0
          ? { tags: tags.filter((tag) => typeof tag === "string") }
          : {}),
        properties: schemaProperties(schema),
      });
    } else if (entry["entityType"] === "profile")
      for (const property of schemaProperties(schema)) builder.person(property);
  }
}

/** Amplitude's Taxonomy: `event_type` entries, and `event_property` entries that name their event. */
function readAmplitude(entries: readonly Values[], builder: DraftBuilder): void {
  const properties = entries.filter((entry) => text(entry["event_property"]) !== "");
  for (const entry of entries) {
    const name = text(entry["event_type"]);
    if (name === "" || properties.includes(entry)) continue;
    const nested = isObject(entry["properties"]) ? [] : objects(entry["properties"]);
    builder.event({
      name,
      ...schemaDescription(entry),
      properties: [...nested, ...properties.filter((one) => one["event_type"] === name)].map((one) => {
        const values = Array.isArray(one["enum_values"])
          ? one["enum_values"]
          : text(one["enum_values"])
              .split(",")
              .map((value) => value.trim())
              .filter((value) => value !== "");
        const kind = one["type"] === "any" ? undefined : one["type"];
        const schema = {
          ...(kind === undefined ? {} : { type: kind }),
          ...(values.length === 0 ? {} : { enum: values }),
        };
        const [property] = schemaProperties({
          properties: { value: one["is_array_type"] === true ? { type: "array", items: schema } : schema },
        });
        return {
          name: text(one["event_property"]),
          type: property?.type ?? { type: "string" },
          presence: one["is_required"] === true ? ("required" as const) : ("optional" as const),
          ...schemaDescription(one),
        };
      }),
    });
  }
}

interface Shape {
  readonly tool: string;
  readonly fits: (documents: readonly unknown[]) => readonly Values[] | undefined;
  readonly read: (found: readonly Values[], builder: DraftBuilder) => void;
}

/** Lists that a document may hold its entries in, or the document itself. */
function listIn(
  documents: readonly unknown[],
  paths: readonly (readonly string[])[],
  has: string,
): readonly Values[] | undefined {
  for (const document of documents)
    for (const path of paths) {
      const list = objects(member(document, ...path));
      if (list.some((entry) => entry[has] !== undefined)) return list;
    }
  return undefined;
}

const SHAPES: readonly Shape[] = [
  {
    tool: "RudderStack",
    fits: (documents) => {
      const found = documents.filter(
        (one): one is Values => isObject(one) && text(one["version"]).startsWith("rudder/"),
      );
      return found.length === 0 ? undefined : found;
    },
    read: readRudder,
  },
  {
    tool: "Mixpanel Lexicon",
    fits: (documents) => listIn(documents, [["results"], ["entries"], []], "schemaJson"),
    read: readLexicon,
  },
  {
    tool: "Segment",
    fits: (documents) =>
      listIn(documents, [["rules"], ["data", "trackingPlan", "rules"], ["data", "rules"]], "jsonSchema"),
    read: readSegment,
  },
  {
    tool: "Amplitude",
    fits: (documents) => listIn(documents, [["data"], ["events"], []], "event_type"),
    read: readAmplitude,
  },
  {
    tool: "Avo",
    fits: (documents) => listIn(documents, [["events"], ["rules", "events"], []], "rules"),
    read: readEvents,
  },
];

/** Reads another tool's plan; undefined when the documents are none that is known. */
export function readPlanExport(documents: readonly unknown[], name: string): PlanDraft | undefined {
  for (const { tool, fits, read } of SHAPES) {
    const found = fits(documents);
    if (found === undefined) continue;
    const builder = new DraftBuilder();
    read(found, builder);
    return builder.draft(name, tool);
  }
  return undefined;
}
