// The shape of a change set's file, as JSON Schema: one source for checking, for editors (`changeset.schema.json`) and for the guide.
import type { JsonObject } from "../../core/index.ts";
import { EXPECTED_WITHIN_PERCENT } from "./change-set.ts";
import { day, flag, listOf, object, oneOf, tagged, text } from "./schema-forms.ts";

const NAME = text("Name of a property, as the provider has it");
const NAMES = (description: string): JsonObject => listOf(description, NAME);
const MAPPING = text("NDJSON with `old` and `new`, relative to this file");
const ON_CONFLICT = oneOf("Whose value stays where both ids have a profile", [
  "keep_new",
  "keep_old",
  "skip",
]);
const LAW = oneOf("The law that it is asked under", ["GDPR", "CCPA"]);
const FROM = day("First day");
const TO = day("Last day");

const SELECTOR = tagged("kind", "Which profiles. Everybody has to be written out", {
  property: object("Those that have a property", { property: NAME }, ["property"]),
  where: object("Those that the provider's filter finds", { where: text("Filter expression") }, ["where"]),
  ids: object("These", { ids: listOf("Distinct ids", text("A distinct id")) }, ["ids"]),
  file: object(
    "Those of a file",
    { file: text("One id a line, or NDJSON with `id`; relative to this file") },
    ["file"],
  ),
  everyone: object("All there are", {}),
});

const OF_PROFILES: Readonly<Record<string, JsonObject>> = {
  unset: object("Removes properties", { properties: NAMES("Properties to remove") }, ["properties"]),
  rename: object(
    "Copies, reads back, and only then removes the old name",
    { from: NAME, to: NAME, onBoth: oneOf("Where both have a value", ["keep", "overwrite"]) },
    ["from", "to", "onBoth"],
  ),
  merge_spellings: object(
    "Several names become one; the first that has a value wins, after what `to` has already",
    { from: NAMES("Old spellings, the best first"), to: NAME },
    ["from", "to"],
  ),
  retype: object(
    "Turns values into another type, where nothing is lost",
    {
      property: NAME,
      to: oneOf("The type", ["boolean", "integer", "number", "string", "datetime", "list"]),
      onMisfit: oneOf("What happens to a value that cannot be turned", ["keep", "unset"]),
    },
    ["property", "to", "onMisfit"],
  ),
  map_values: object(
    "Replaces values; `to: null` removes",
    {
      property: NAME,
      values: listOf("Old and new values", object("One value", { from: true, to: true }, ["from", "to"])),
    },
    ["property", "values"],
  ),
  delete_profiles: object(
    "Deletes profiles; their events stay",
    { ignoreAlias: flag("Exactly this id, never one that it was joined to") },
    ["ignoreAlias"],
  ),
  deduplicate: object(
    "Profiles with the same value become one",
    {
      by: NAME,
      isCaseSensitive: flag("Whether `A` and `a` are two values"),
      survivor: oneOf("Which one stays", [
        "user_id_format",
        "newest_seen",
        "oldest_created",
        "most_properties",
      ]),
      merge: flag("It is given what it lacks"),
    },
    ["by", "isCaseSensitive", "survivor", "merge"],
  ),
};

const OF_IDS: Readonly<Record<string, JsonObject>> = {
  merge_ids: object(
    "Original id merge: old and new id become one, for ever",
    { mapping: MAPPING, onConflict: ON_CONFLICT },
    ["mapping", "onConflict"],
  ),
  move_profiles: object(
    "Simplified id merge: profiles go to the new id",
    { mapping: MAPPING, onConflict: ON_CONFLICT },
    ["mapping", "onConflict"],
  ),
  reimport_ids: object(
    "Events of a window again under the new ids",
    { mapping: MAPPING, from: FROM, to: TO, events: listOf("Only these", text("Name of an event")) },
    ["mapping", "from", "to"],
  ),
};

const nullable = (schema: JsonObject, type: string): JsonObject => ({ ...schema, type: [type, "null"] });

const ENTRY = object(
  "One name of the dictionary. What is not set stays as it is; null clears",
  {
    entity: oneOf("What the name is of", ["event", "profile"]),
    name: text("The event; of a profile `$user`, or the key of a group"),
    property: text("A property of it; absent: the entity itself"),
    set: {
      ...object("What it becomes", {
        hidden: nullable(flag("Out of analysts' lists"), "boolean"),
        dropped: nullable(flag("Not kept any more; events and their properties only"), "boolean"),
        description: { type: ["string", "null"], description: "What it means" },
        displayName: { type: ["string", "null"], description: "What analysts see instead of the name" },
        tags: { type: ["array", "null"], description: "Of an event", items: text("A tag") },
      }),
      minProperties: 1,
    },
  },
  ["entity", "name", "set"],
);

const OF_EVENTS: Readonly<Record<string, JsonObject>> = {
  delete_events: object(
    "Deletes by name and window; needs `unofficial: true` of the destination",
    { event: text("Name of the event"), from: FROM, to: TO },
    ["event", "from", "to"],
  ),
  drop_filter: object(
    "Keeps events with these values out; needs `unofficial: true`",
    { event: text("Name of the event"), property: NAME, values: listOf("Values", {}) },
    ["event", "property", "values"],
  ),
  reimport_events: object(
    "Events of a window again, as the plan wants them. The old ones count beside them until they are deleted",
    {
      from: FROM,
      to: TO,
      events: listOf("Only these", text("Name of an event")),
      old: oneOf("What happens to the events as they were; `delete` needs `unofficial: true`", [
        "keep",
        "delete",
      ]),
      mapping: MAPPING,
    },
    ["from", "to"],
  ),
};

const OTHERS: Readonly<Record<string, JsonObject>> = {
  dictionary: object("Names in the provider's dictionary", { entries: listOf("The names", ENTRY) }, [
    "entries",
  ]),
  privacy_delete: object("Everything of these people is to go", { compliance: LAW }, ["compliance"]),
  privacy_retrieve: object(
    "Everything of these people is to be handed out",
    { compliance: LAW, disclosure: oneOf("What", ["Data", "Categories", "Sources"]) },
    ["compliance", "disclosure"],
  ),
};

const STEP = object(
  "One thing to change",
  {
    id: text("Unique in the set; names the step's folder", { pattern: String.raw`^[\w.-]{1,100}$` }),
    because: text("Why, in a sentence"),
    enabled: flag("`false`: proposed, and not taken on. Default: true"),
    operation: tagged("do", "What happens", { ...OF_PROFILES, ...OF_IDS, ...OTHERS, ...OF_EVENTS }),
    of: SELECTOR,
    group: text("Key of a group; absent: users"),
    expect: object(
      "How many it concerns; apply stops when it is otherwise",
      {
        count: { type: "integer", minimum: 0, description: "Profiles, events or entries" },
        withinPercent: {
          type: "number",
          minimum: 0,
          maximum: 100,
          description: `Bound of a surprise. Default: ${EXPECTED_WITHIN_PERCENT}`,
        },
      },
      ["count"],
    ),
  },
  ["id", "because", "operation"],
);

/** JSON Schema (2020-12) of a change set's file. */
export const CHANGE_SET_SCHEMA: JsonObject = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  $id: "https://plumbline.dev/schemas/changeset-1.json",
  title: "Plumbline change set, version 1",
  ...object(
    "What is to change at a provider, reviewed before it happens",
    {
      plumbline: { const: 1, description: "Version of the format" },
      name: text("Name of the set; names the folder of its run"),
      destination: text("Destination of the configuration"),
      plan: text("Hash of the plan that it was made with"),
      madeAt: text("When, as ISO 8601"),
      steps: { type: "array", description: "In the order in which they happen", items: STEP },
    },
    ["name", "destination", "plan", "madeAt", "steps"],
  ),
};
