// The outbox and what writes to it: triggers of watched tables, and `plumbline.touch`. Text of SQL only.
// Invariant: a trigger only appends, so two writers never wait for each other in it, and no change of a table's columns makes it fail.
import { quoteLiteral, quoteName, quoteTable, type TableName } from "../database/identifiers.ts";
import { sha256Hex } from "../hash.ts";

/**
 * Makes schema, outbox and `touch`, in the application's own database.
 *
 * @param role The role that will read the outbox: another one may run this.
 */
export function outboxSql(role: string): string {
  const reader = quoteName(role);
  return `create schema if not exists plumbline;
-- Changes noted by triggers and by touch(), for what is not read from the log. Only ever inserted into and deleted from.
create table plumbline.outbox (
  -- The key also lets a publication of all tables, whoever made it, take the deletions.
  id bigint primary key generated always as identity,
  -- 0: from touch().
  table_oid oid not null,
  -- Column whose value leads to users; null: every user (truncate).
  link text,
  value text,
  at timestamptz not null default clock_timestamp()
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0);
create function plumbline.touch(variadic user_ids text[]) returns void language sql security definer set search_path = '' as
$$ insert into plumbline.outbox (table_oid, link, value) select 0, 'user', id from unnest(user_ids) id where id is not null $$;
comment on function plumbline.touch is 'Says that these users may have changed; part of the caller''s transaction.';
grant usage on schema plumbline to public;
grant usage, create on schema plumbline to ${reader};
grant select, update, delete on plumbline.outbox to ${reader}`;
}

/** What a trigger is for. */
export const TRIGGER_EVENTS = ["insert", "update", "delete", "truncate"] as const;
export type TriggerEvent = (typeof TRIGGER_EVENTS)[number];

/** A table whose triggers note the values of some columns. */
export interface TriggerTable extends TableName {
  readonly columns: readonly string[];
  readonly isPartitioned: boolean;
}

const TRANSITIONS: Readonly<Record<TriggerEvent, readonly string[]>> = {
  insert: ["plumbline_new"],
  update: ["plumbline_old", "plumbline_new"],
  delete: ["plumbline_old"],
  truncate: [],
};
const REFERENCING: Readonly<Record<TriggerEvent, string>> = {
  insert: " referencing new table as plumbline_new",
  update: " referencing old table as plumbline_old new table as plumbline_new",
  delete: " referencing old table as plumbline_old",
  truncate: "",
};

export function triggerName(event: TriggerEvent): string {
  return `plumbline_${event}`;
}

/** `note_orders_1a2b3c4d_insert`: another list of columns has another name, so that nothing old is taken for new. */
export function functionName(table: TriggerTable, event: TriggerEvent): string {
  const { schema, table: name, columns, isPartitioned } = table;
  const hash = sha256Hex(JSON.stringify([schema, name, columns, isPartitioned])).slice(0, 8);
  const readable = name
    .replaceAll(/[^A-Za-z0-9_]/g, "_")
    .slice(0, 32)
    .toLowerCase();
  return `note_${readable}_${hash}_${event}`;
}

/**
 * The values of one column in the rows of a statement. The column is looked for in the rows first and in an empty stand-in after them: so the function
 * still works, and notes nothing, when the application renames or drops the column. Measured on Postgres 18: the plan is that of a plain scan.
 */
function selectColumn(column: string, transition: string): string {
  const name = quoteName(column);
  return `select ${quoteLiteral(column)} as link, plumbline_value.value from (values (null::text)) plumbline_none(${name}), lateral (select ${name}::text as value from ${transition} plumbline_row) plumbline_value`;
}

/** Body of a trigger function, exactly as Postgres keeps it. */
export function functionBody({ columns, isPartitioned }: TriggerTable, event: TriggerEvent): string {
  // A statement on a partition fires the partition's trigger; it is a change of the whole table all the same.
  const oid = isPartitioned ? "coalesce(pg_catalog.pg_partition_root(tg_relid), tg_relid)" : "tg_relid";
  const insert =
    event === "truncate"
      ? `insert into plumbline.outbox (table_oid) values (${oid});`
      : `insert into plumbline.outbox (table_oid, link, value) select distinct ${oid}, noted.link, noted.value from (\n    ${TRANSITIONS[
          event
        ]
          .flatMap((transition) => columns.map((column) => selectColumn(column, transition)))
          .join("\n    union all ")}) noted where noted.value is not null;`;
  return `\n#variable_conflict use_column\nbegin\n  ${insert}\n  return null;\nend\n`;
}

/** Makes the functions of one table. */
export function functionsSql(table: TriggerTable): string {
  return TRIGGER_EVENTS.map(
    (event) =>
      `create or replace function plumbline.${quoteName(functionName(table, event))}() returns trigger language plpgsql security definer set search_path = '' as $plumbline$${functionBody(table, event)}$plumbline$`,
  ).join(";\n");
}

/** Makes the triggers of one table or partition; `replace`: those that are there already. */
export function triggersSql(relation: TableName, table: TriggerTable, replace: readonly string[]): string {
  return [
    ...replace.map((name) => `drop trigger ${quoteName(name)} on ${quoteTable(relation)}`),
    ...TRIGGER_EVENTS.map(
      (event) =>
        `create trigger ${triggerName(event)} after ${event} on ${quoteTable(relation)}${REFERENCING[event]} for each statement execute function plumbline.${quoteName(functionName(table, event))}()`,
    ),
  ].join(";\n");
}
