// The shape of `people` in plumbline.yaml: whose database, which destinations, how changes are noticed.
import type { JsonObject } from "../../core/index.ts";
import { count, listOf, object, text } from "./schema-forms.ts";

const DATABASE = { pattern: "^postgres(?:ql)?://" };
const METHODS = ["wal", "trigger", "touch", "poll"];

const TABLE = object(
  "How the changes of one table are noticed",
  {
    method: { enum: METHODS, description: "`wal`, `trigger`, `touch` or `poll`" },
    column: text("Of `poll`: the column whose value grows with every change, for example `updated_at`"),
  },
  ["method"],
);

const CAPTURE = object("How changes are noticed; `plumbline people doctor` says what it chose, and why", {
  method: {
    enum: METHODS,
    description: "Method where a table says nothing. Default: `wal` where it is safe, else `trigger`",
  },
  slot: text("Name of replication slot and publication. Default: `plumbline`", {
    pattern: "^[a-z][a-z0-9_]{0,50}$",
  }),
  slot_budget_bytes: count(
    "Log that the slot may hold back before it is given up and everybody compared instead",
    1_000_000,
  ),
  tables: {
    type: "object",
    description: "By table: `orders`, or `billing.invoices`",
    propertyNames: { minLength: 1, maxLength: 130 },
    additionalProperties: TABLE,
  },
});

/** JSON Schema of `people`. */
export const PEOPLE_SCHEMA: JsonObject = object(
  "Profiles as a copy of the application's database",
  {
    database: text("URL of the application's Postgres; its password as `${NAME}`", DATABASE),
    state: text("URL of the database with the schema `plumbline`. Default: the same", DATABASE),
    destinations: {
      ...listOf("Names of the destinations that get profiles", text("A name under `destinations`")),
      minItems: 1,
      uniqueItems: true,
    },
    key: text("Key of the hashes that remember what was sent. Default: made once, kept with the state"),
    deleted_users: {
      enum: ["keep", "clear", "delete"],
      description:
        "What becomes of the profile of a user who is gone: stays, loses what the database said, or goes. Default: `clear`",
    },
    capture: CAPTURE,
    databases: {
      type: "object",
      description:
        "Other databases that profile properties come from, by the name in the plan's `state.databases`",
      propertyNames: { pattern: "^[A-Za-z][A-Za-z0-9_-]{0,39}$" },
      additionalProperties: object(
        "One of them",
        {
          database: text("URL of its Postgres; its password as `${NAME}`", DATABASE),
          state: text(
            "URL of the database with its schema `plumbline`, never that of another. Default: the same",
            DATABASE,
          ),
          capture: CAPTURE,
        },
        ["database"],
      ),
    },
    updates_per_second: count("Updates a second and destination at most"),
    users_per_batch: count("Users read and sent together when something changed"),
    users_per_bulk_batch: count("The same for backfills and comparisons"),
    parallel_requests: count("Requests with profiles under way at once, for each destination", 2),
  },
  ["database", "destinations"],
);
