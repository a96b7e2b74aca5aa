// The JSON Schema of a plan file: what editors complete by, and what `check` finds unknown keys and bad values with.
// `plan.schema.json` and its draft-07 twin are written from here; a test holds the files to it.
import type { JsonObject } from "../core/index.ts";
import { listOf, mapOf, object, oneOfValues, text } from "./schema-forms.ts";
import { OLD_ID_FORMATS } from "./lock.ts";
import { OLD_ID_SOURCE, STATE, STATE_SOURCE } from "./state-schema.ts";

const gate = (description: string): JsonObject => oneOfValues(description, ["fail", "warn", "off"]);

const DATE = text("Date as YYYY-MM-DD", { pattern: "^[0-9]{4}-[0-9]{2}-[0-9]{2}$" });
const WAS = listOf("Old wire names, still accepted and rewritten", text("A wire name"));
const PRESENCE = oneOfValues("Whether it must be sent", ["required", "optional"]);
const PRESENCE_OR_OMITTED = oneOfValues("Whether it must be sent, or is not sent at all", [
  "required",
  "optional",
  "omitted",
]);
const FORMATS = ["email", "url", "uuid", "ulid", "date", "hostname", "ipv4", "ipv6"];
const OPERATIONS = ["$set", "$set_once", "$add", "$union", "$append", "$remove", "$unset", "$delete"];

/** Members of every value type. */
const TYPE_MEMBERS: JsonObject = {
  type: oneOfValues("Type of the value", [
    "string",
    "integer",
    "number",
    "boolean",
    "datetime",
    "list",
    "object",
  ]),
  nullable: { type: "boolean", description: "`null` is a value too" },
  enum: listOf("Values; closed unless `open`", { type: ["string", "number"] }),
  open: { type: "boolean", description: "Of an enum: other values pass. Of an object: other members pass" },
  pattern: text("RE2 pattern, matched anywhere unless anchored"),
  format: oneOfValues("Form of a text", FORMATS),
  min_length: { type: "integer", minimum: 0, description: "Characters" },
  max_length: { type: "integer", minimum: 0, description: "Characters" },
  min: { type: "number", description: "Smallest number" },
  max: { type: "number", description: "Largest number" },
  items: { $ref: "#/$defs/member" },
  min_items: { type: "integer", minimum: 0, description: "Fewest items" },
  max_items: { type: "integer", minimum: 0, description: "Most items" },
  properties: {
    type: "object",
    description: "Members of an object, by name",
    additionalProperties: { $ref: "#/$defs/member" },
  },
};

const DOCUMENTATION: JsonObject = {
  description: text("What it means, for people"),
  data: text("Data class: none, pseudonymous, contact, free_text, or your own"),
  expires: DATE,
};

const PROPERTY = object("A property", {
  ...TYPE_MEMBERS,
  ...DOCUMENTATION,
  name: text("Wire name, where it is not the key"),
  was: WAS,
  presence: PRESENCE,
  sources: {
    type: "object",
    description: "Differences by source",
    additionalProperties: PRESENCE_OR_OMITTED,
  },
});

const EVENT = object(
  "An event",
  {
    name: text("Wire name: what the provider stores"),
    description: text("When it happens, for people"),
    owner: text("Team that answers questions about it"),
    tags: listOf("Words to group events by", text("A word")),
    sources: {
      description: "Sources that send it: a list, or a map with differences",
      anyOf: [
        listOf("Source ids", text("A source id")),
        mapOf(
          "By source id",
          object("Differences of this source", {
            since: text("First release that sends it"),
            properties: { type: "object", additionalProperties: PRESENCE_OR_OMITTED },
          }),
        ),
      ],
    },
    was: WAS,
    use: listOf("Groups of properties", text("A group's id")),
    properties: {
      type: "object",
      description: "By property id: a reference (`required`, `optional`, `omitted`) or a property of its own",
      additionalProperties: { anyOf: [PRESENCE_OR_OMITTED, { $ref: "#/$defs/property" }] },
    },
    unknown_property: oneOfValues("What happens to properties not in the plan", [
      "accept",
      "strip",
      "quarantine",
    ]),
    invalid_property: oneOfValues("What happens to values that do not fit and cannot be repaired", [
      "accept",
      "strip",
      "quarantine",
    ]),
    missing_property: oneOfValues("What happens when a required property is missing", [
      "accept",
      "quarantine",
    ]),
    deprecated: object("It should not be sent any more", {
      to: text("Id of the event that replaces it"),
      since: text("Release of the plan or the app", { minLength: 1 }),
      remove_after: DATE,
      gateway: oneOfValues("What the gateway does with it; default `accept`", ["rewrite", "accept", "drop"]),
    }),
    expires: DATE,
  },
  ["name"],
);

const PROFILE_PROPERTY = object(
  "A profile property",
  {
    ...TYPE_MEMBERS,
    ...DOCUMENTATION,
    name: text("Wire name, where it is not the key"),
    was: WAS,
    owner: oneOfValues("Who may write it", ["state", "client", "server"]),
    sources: listOf(
      "Sources that may write it; default: every one whose trust fits the owner",
      text("A source id"),
    ),
    operations: listOf(
      "Operators allowed; default: all that fit the type",
      oneOfValues("Operator", OPERATIONS),
    ),
    from: { $ref: "#/$defs/state_source" },
  },
  ["type", "owner"],
);

const GENERATE = object(
  "The client that `plumbline generate` writes for this source",
  {
    language: text(
      "typescript, swift, kotlin, java, ruby, python, go, php; or a file with a generator of your own",
    ),
    out: text("Folder for the files, from this file's folder"),
    package: text("Package, module or namespace"),
    invalid: oneOfValues("What production does with an invalid call, which is counted and reported anyway", [
      "send",
      "drop",
    ]),
    adapters: listOf("Adapters for official SDKs", text("For example `mixpanel-browser`")),
    checks: oneOfValues("When values are checked", ["always", "development"]),
  },
  ["language", "out"],
);

const SECTIONS: JsonObject = {
  plumbline: { const: 1, description: "Version of this format" },
  name: text("Name of the plan"),
  version: text("Version of the plan, MAJOR.MINOR.PATCH; `plumbline diff` says which is due", {
    pattern: "^[0-9]{1,9}\\.[0-9]{1,9}\\.[0-9]{1,9}$",
  }),
  include: listOf("More files of the plan, as globs from this file", text("A glob")),
  defaults: object("What holds where an event says nothing", {
    unknown_event: oneOfValues("Events not in the plan", ["accept", "quarantine", "drop"]),
    unknown_property: oneOfValues("Properties not in the plan", ["accept", "strip", "quarantine"]),
    invalid_property: oneOfValues("Values that do not fit and cannot be repaired", [
      "accept",
      "strip",
      "quarantine",
    ]),
    missing_property: oneOfValues("Required properties that are missing", ["accept", "quarantine"]),
    plan_property: text("Event property in which generated clients name the plan they were made from"),
    naming: object("How names are spelled", {
      event: oneOfValues("Event names", [
        "Sentence case",
        "Title Case",
        "snake_case",
        "camelCase",
        "kebab-case",
      ]),
      property: oneOfValues("Property names", [
        "Sentence case",
        "Title Case",
        "snake_case",
        "camelCase",
        "kebab-case",
      ]),
    }),
  }),
  sources: mapOf(
    "Where data comes from",
    object(
      "A source",
      {
        trust: oneOfValues("Whether its users can change what it sends", ["client", "server"]),
        description: text("What it is"),
        generate: { $ref: "#/$defs/generate" },
      },
      ["trust"],
    ),
  ),
  identity: object(
    "What a user id is",
    {
      user_id: {
        description: "Form of user ids",
        anyOf: [
          object("A known form", { format: oneOfValues("Form", ["uuid", "ulid", "integer", "any"]) }, [
            "format",
          ]),
          object("A form of your own", { pattern: text("RE2 pattern, anchored") }, ["pattern"]),
        ],
      },
      reset_on: listOf("Events after which a client forgets the user", text("An event's id")),
      missing: oneOfValues("Events without any id", ["accept", "quarantine"]),
      translate: mapOf(
        "Ids that old releases still send, and that the gateway replaces by the user's id",
        object(
          "Old ids of one form",
          {
            format: oneOfValues(
              "What they look like; default: the key, where it is one of these",
              OLD_ID_FORMATS,
            ),
            pattern: text("What they look like: RE2 pattern, anchored"),
            from: OLD_ID_SOURCE,
            until: DATE,
          },
          ["from", "until"],
        ),
      ),
    },
    ["user_id"],
  ),
  data_classes: mapOf(
    "Who may receive a property",
    object("A data class", {
      client: oneOfValues("May a client source send it", ["allow", "forbid"]),
      gateway: oneOfValues("What the gateway does with the value", ["accept", "drop", "hash", "truncate"]),
      max: { type: "integer", minimum: 1, description: "Characters, for `truncate`" },
      providers: {
        type: "object",
        description: "By kind of provider",
        additionalProperties: oneOfValues("Whether it may have it", ["allow", "drop"]),
      },
      description: text("What belongs to it"),
    }),
  ),
  properties: mapOf("Shared properties", { $ref: "#/$defs/shared_property" }),
  groups_of_properties: mapOf("Properties that events take together with `use`", {
    type: "object",
    additionalProperties: { anyOf: [PRESENCE_OR_OMITTED, { $ref: "#/$defs/property" }] },
  }),
  events: mapOf("Events by id", EVENT),
  people: mapOf("User profile properties by id", PROFILE_PROPERTY),
  state: STATE,
  groups: {
    type: "object",
    description: "Group profiles: group key, then properties by id",
    additionalProperties: mapOf("Profile properties", PROFILE_PROPERTY),
  },
  support: {
    type: "object",
    description: "Oldest releases that are still alive, by source",
    additionalProperties: {
      type: "string",
      pattern: "^(?:[1-9]\\d{0,3}d|>=\\s*\\d+(?:\\.\\d+){0,3})$",
      description: "Oldest release (`>=7.1`), or how long a release lives (`14d`)",
    },
  },
  diff: object("What `plumbline diff` does with changes that break something", {
    gates: object("By who feels it", {
      code: gate("Callers of generated clients"),
      data: gate("History, queries, dashboards"),
      rollout: gate("Releases already shipped"),
      provider: gate("What the provider can follow"),
    }),
  }),
  lint: object("Levels of findings, and exceptions", {
    rules: {
      type: "object",
      description: "Level by finding id",
      additionalProperties: oneOfValues("Level", ["off", "info", "warn", "error"]),
    },
    ignore: listOf(
      "Exceptions",
      object(
        "One exception",
        {
          rule: text("Finding id"),
          at: text("Path in the plan; may end in `*`"),
          reason: text("Why it is right here"),
          until: DATE,
        },
        ["rule", "at", "reason", "until"],
      ),
    ),
  }),
};

const {
  name: _name,
  was: _was,
  presence: _presence,
  sources: _sources,
  expires: _expires,
  ...MEMBER_PROPERTIES
} = PROPERTY["properties"] as Record<string, JsonObject>;

/** JSON Schema (2020-12) of one plan file. */
export const PLAN_SCHEMA: JsonObject = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  $id: "https://plumbline.dev/schemas/plan-1.json",
  title: "Plumbline tracking plan, version 1",
  ...object("A file of a tracking plan. Any section may stand in any file.", SECTIONS),
  $defs: {
    id: {
      type: "string",
      pattern: "^[A-Za-z$][A-Za-z0-9_$-]{0,99}$",
      description: "An id: letters, digits, `_`, `-`; begins with a letter",
    },
    generate: GENERATE,
    state_source: STATE_SOURCE,
    property: PROPERTY,
    shared_property: { ...PROPERTY, required: ["type"] },
    member: object("Type of an item or a member", { ...MEMBER_PROPERTIES, presence: PRESENCE }, ["type"]),
  },
};

/** The same schema for editors that only know draft-07. */
export function planSchemaDraft07(): JsonObject {
  const { $defs, ...rest } = PLAN_SCHEMA;
  const moved = JSON.stringify({ ...rest, definitions: $defs }).replaceAll("#/$defs/", "#/definitions/");
  return {
    ...(JSON.parse(moved) as JsonObject),
    $schema: "http://json-schema.org/draft-07/schema#",
    $id: "https://plumbline.dev/schemas/plan-1.draft-07.json",
  };
}
