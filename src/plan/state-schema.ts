// The part of a plan's JSON Schema that says where state comes from: `state`, and `from` of a profile property.
import type { JsonObject } from "../core/index.ts";
import { mapOf, object, text } from "./schema-forms.ts";

const COLUMN_NAME = "[A-Za-z_][A-Za-z0-9_$]*";
const COLUMN = (description: string): JsonObject =>
  text(description, { pattern: `^${COLUMN_NAME}(?:\\.${COLUMN_NAME}){1,2}$` });
const TABLE_OR_COLUMN = (description: string): JsonObject =>
  text(description, { pattern: `^${COLUMN_NAME}(?:\\.${COLUMN_NAME}){0,2}$` });
const LITERAL: JsonObject = { type: ["string", "number", "boolean"] };
const VIA: JsonObject = {
  description: "Links from the users to the table: foreign key columns, or `a.x = b.y`",
  type: ["string", "array"],
  items: text("A link"),
};

/** Where the value of a profile property owned by `state` comes from. One shape for all rules, so that a wrong key is named. */
export const STATE_SOURCE: JsonObject = {
  description: "Where the state comes from: a column `table.column`, or a rule over rows of a related table",
  type: ["string", "object"],
  pattern: `^${COLUMN_NAME}(?:\\.${COLUMN_NAME}){1,2}$`,
  additionalProperties: false,
  minProperties: 1,
  properties: {
    field: COLUMN("Column of the one related row"),
    count: TABLE_OR_COLUMN("Table whose rows are counted; with `distinct`, a column"),
    sum: COLUMN("Column to add up; 0 without rows"),
    min: COLUMN("Column whose least value counts"),
    max: COLUMN("Column whose greatest value counts"),
    latest: COLUMN("Column of the newest row, by the column `by`"),
    exists: TABLE_OR_COLUMN("Table: is there a row"),
    database: text("Name of another database, one of `state.databases`"),
    sql: text("A query that answers `user_id` and `value`, one row a user"),
    by: text("Of `latest`: the column that orders the rows"),
    distinct: { type: "boolean", description: "Of `count`: different values" },
    via: VIA,
    where: {
      type: "object",
      description: "Conditions on columns of the table, all of which have to hold",
      additionalProperties: {
        type: ["string", "number", "boolean", "null", "array", "object"],
        items: LITERAL,
        additionalProperties: false,
        properties: {
          not: { type: ["string", "number", "boolean", "null", "array"], items: LITERAL },
          lt: LITERAL,
          lte: LITERAL,
          gt: LITERAL,
          gte: LITERAL,
          before: { const: "now", description: "The time has passed; needs `revisit_at`" },
          after: { const: "now", description: "The time is still to come; needs `revisit_at`" },
        },
      },
    },
    revisit_at: text("Column whose time changes the value with no row changing"),
    depends: {
      type: "object",
      description: "Of `sql`: tables it reads, each with its `via`, where the query does not tell",
      additionalProperties: VIA,
    },
  },
};

/** Where ids are kept that old releases send: a column, of the users or of a table with several rows of each. */
export const OLD_ID_SOURCE: JsonObject = {
  description:
    "Where the application keeps them: a column `table.column`, several rows a user too; or a query",
  type: ["string", "object"],
  pattern: `^${COLUMN_NAME}(?:\\.${COLUMN_NAME}){1,2}$`,
  additionalProperties: false,
  minProperties: 1,
  properties: {
    field: COLUMN("Column with the old ids"),
    via: VIA,
    sql: text("A query that answers `user_id` and `value`, a row for each old id"),
    depends: {
      type: "object",
      description: "Of `sql`: tables it reads, each with its `via`, where the query does not tell",
      additionalProperties: VIA,
    },
  },
};

const STATE_OF_A_DATABASE: JsonObject = {
  users: COLUMN("Column with the user id that events carry; default `users.id`"),
  time_zone: text("Zone in which columns of type `timestamp` (without zone) were written; default UTC"),
};

/** Where the application keeps its users. */
export const STATE: JsonObject = object(
  "Where the application keeps its users, for profile properties with `owner: state`",
  {
    ...STATE_OF_A_DATABASE,
    databases: mapOf(
      "Other databases that profile properties come from, by the name that `from` gives as `database`",
      object("Where that database keeps the users", STATE_OF_A_DATABASE),
    ),
  },
);
