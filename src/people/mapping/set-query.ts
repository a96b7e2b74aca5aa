// SQL of a property set: one statement for a batch of users. Pure text; every name is quoted, every value of the plan a literal.
import { assertNever } from "../../core/index.ts";
import { quoteLiteral, quoteName, quoteTable } from "../database/identifiers.ts";
import { type CatalogueColumn, type CatalogueTable, columnOf } from "./catalogue.ts";
import { textSql } from "./column-values.ts";
import { isSameValue, isUnique, type Link, type Subject } from "./paths.ts";
import type { Condition, Literal, TableSource } from "./state-source.ts";

/** Type to which a list of values is cast: without length, so that nothing is cut;
 * wide enough for any integer; without a domain, whose check would refuse the whole list. */
export function arrayTypeOf(column: CatalogueColumn): string {
  if (column.base === "smallint" || column.base === "integer") return "bigint[]";
  return column.base === "character varying" ? "text[]" : `${column.base}[]`;
}

function literalSql(value: Literal): string {
  return typeof value === "string" ? quoteLiteral(value) : String(value);
}

/** A time as `timestamptz`: one without zone was written in the plan's zone, whatever the session's is. */
function instantSql(column: string, kind: CatalogueColumn["kind"], timeZone: string): string {
  return kind === "timestamp" || kind === "date"
    ? `((${column})::timestamp at time zone ${quoteLiteral(timeZone)})`
    : `(${column})::timestamptz`;
}

/** What conditions are written against: an alias with its table. */
interface Rows {
  readonly alias: string;
  readonly table: CatalogueTable;
  readonly timeZone: string;
}

function conditionSql(condition: Condition, { alias, table, timeZone }: Rows): string {
  const column = `${alias}.${quoteName(condition.column)}`;
  switch (condition.kind) {
    case "in": {
      if (condition.values.length === 0) return String(condition.not);
      const list = condition.values.map(literalSql).join(", ");
      // `not`: a row without a value is none of the values either.
      return condition.not ? `(${column} in (${list})) is not true` : `${column} in (${list})`;
    }
    case "null":
      return `${column} is ${condition.not ? "not null" : "null"}`;
    case "compare":
      return `${column} ${condition.operator} ${literalSql(condition.value)}`;
    case "now":
      return `${instantSql(column, columnOf(table, condition.column).kind, timeZone)} ${condition.operator} pg_catalog.now()`;
    default:
      return assertNever(condition);
  }
}

function whereSql(where: readonly Condition[], rows: Rows): string {
  return where.map((condition) => conditionSql(condition, rows)).join(" and ");
}

/** `u`, `t1`, `t2` …: the users, and the tables along the path. */
function aliasAt(hops: number): string {
  return hops === 0 ? "u" : `t${hops}`;
}

/** `from users u join t1 … join tn`. */
function joinSql(subject: Subject, links: readonly Link[]): string {
  const joins = links.map(
    ({ fromColumn, to, toColumn }, index) =>
      ` join ${quoteTable(to)} ${aliasAt(index + 1)} on ${aliasAt(index + 1)}.${quoteName(toColumn)} = ${aliasAt(index)}.${quoteName(fromColumn)}`,
  );
  return `from ${quoteTable(subject.table)} u${joins.join("")}`;
}

function idColumn(subject: Subject): CatalogueColumn {
  return columnOf(subject.table, subject.idColumn);
}

/** `u."id"` and the condition that takes the batch's users. */
function batchOf(subject: Subject): { readonly id: string; readonly isOf: string } {
  const id = `u.${quoteName(subject.idColumn)}`;
  return { id, isOf: `${id} = any($1::${arrayTypeOf(idColumn(subject))})` };
}

/** A column of the answer. */
export interface Output {
  readonly source: TableSource;
  readonly alias: string;
  readonly kind: CatalogueColumn["kind"];
}

/** What one set asks: sources that share a path. */
export interface SetPlan {
  readonly subject: Subject;
  readonly links: readonly Link[];
  readonly outputs: readonly Output[];
  readonly timeZone: string;
}

/** A row at the end can be reached over two rows in the middle: it would count twice. */
function mayRepeat(links: readonly Link[]): boolean {
  return links.some(({ from, fromColumn }, index) => index > 0 && !isUnique(from, fromColumn));
}

function targetOf({ subject, links }: SetPlan): CatalogueTable {
  return links.at(-1)?.to ?? subject.table;
}

/** Columns that the answer needs, and no others: a reader may have no right to the rest. */
function neededColumns(plan: SetPlan): readonly string[] {
  const names = plan.outputs.flatMap(({ source: { column, by, where, revisits } }) => [
    ...(column === undefined ? [] : [column]),
    ...(by === undefined ? [] : [by]),
    ...where.map((condition) => condition.column),
    ...revisits,
  ]);
  const isOrdered = plan.outputs.some(({ source }) => source.aggregate === "latest");
  return [...new Set([...names, ...(isOrdered ? targetOf(plan).primaryKey : [])])];
}

/** Rows of the last table with their user, each once: `r`. The user's column has a name that no table of the application has. */
function rowsSql(plan: SetPlan): string {
  const { subject, links } = plan;
  const { id, isOf } = batchOf(subject);
  const last = aliasAt(links.length);
  const columns = neededColumns(plan)
    .map((column) => `, ${last}.${quoteName(column)}`)
    .join("");
  const [first] = links;
  if (first && links.length === 1 && first.fromColumn === subject.idColumn && isSameValue(first)) {
    // The link is the id: the users' own table has nothing to add.
    const key = `t1.${quoteName(first.toColumn)}`;
    return `(select ${key}::text as plumbline_user${columns} from ${quoteTable(first.to)} t1 where ${key} = any($1::${arrayTypeOf(idColumn(subject))}))`;
  }
  // Where a row stands names it as well as a key does, within one statement.
  const { primaryKey } = targetOf(plan);
  const key = (primaryKey.length === 0 ? ["tableoid", "ctid"] : primaryKey).map(
    (column) => `${last}.${quoteName(column)}`,
  );
  const once = mayRepeat(links) ? `distinct on (${[id, ...key].join(", ")}) ` : "";
  return `(select ${once}${id}::text as plumbline_user${columns} ${joinSql(subject, links)} where ${isOf})`;
}

/** Floating point numbers add up differently in another order; the order is part of the sum. */
function sumSql(column: string, { base }: CatalogueColumn): string {
  const isFloating = base === "double precision" || base === "real";
  return `sum(${column}${isFloating ? ` order by ${column}` : ""})`;
}

function aggregateSql({ source, kind }: Output, rows: Rows): string {
  const column = source.column === undefined ? "" : `r.${quoteName(source.column)}`;
  const filter = source.where.length === 0 ? "" : ` filter (where ${whereSql(source.where, rows)})`;
  switch (source.aggregate) {
    case "count":
      return `(count(${source.distinct ? `distinct ${column}` : "*"})${filter})::text`;
    case "exists":
      return `(count(*)${filter} > 0)::text`;
    case "sum":
      return `coalesce(${sumSql(column, columnOf(rows.table, source.column ?? ""))}${filter}, 0)::text`;
    case "min":
    case "max":
      return textSql(`${source.aggregate}(${column})${filter}`, kind, rows.timeZone);
    case "field":
    case "latest":
      return textSql(column, kind, rows.timeZone);
    default:
      return assertNever(source.aggregate);
  }
}

/** The same rules over the one row of the user. */
function ownRowSql({ source, kind }: Output, rows: Rows): string {
  const column = source.column === undefined ? "" : `r.${quoteName(source.column)}`;
  const holds = source.where.length === 0 ? "true" : `(${whereSql(source.where, rows)})`;
  switch (source.aggregate) {
    case "count":
      return `(case when ${holds}${source.distinct ? ` and ${column} is not null` : ""} then 1 else 0 end)::text`;
    case "exists":
      return `(${holds} is true)::text`;
    case "sum":
      return `coalesce(case when ${holds} then ${column} end, 0)::text`;
    case "min":
    case "max":
    case "field":
    case "latest":
      return textSql(
        holds === "true" ? column : `case when ${holds} then ${column} end`,
        kind,
        rows.timeZone,
      );
    default:
      return assertNever(source.aggregate);
  }
}

/** Later moments are no plan of anyone, and their text would not sort as the time does. */
const LAST_MOMENT = "timestamptz '9999-01-01 00:00:00+00'";

function revisitSql(plan: SetPlan, rows: Rows, isAggregate: boolean): string {
  const columns = [...new Set(plan.outputs.flatMap(({ source: { revisits } }) => revisits))];
  if (columns.length === 0) return "";
  const each = columns.map((column) => {
    const value = instantSql(`r.${quoteName(column)}`, columnOf(rows.table, column).kind, rows.timeZone);
    const isAhead = `${value} > pg_catalog.now() and ${value} < ${LAST_MOMENT}`;
    return isAggregate ? `min(${value}) filter (where ${isAhead})` : `case when ${isAhead} then ${value} end`;
  });
  return `, ${textSql(`least(${each.join(", ")})`, "timestamptz", rows.timeZone)} as revisit_at`;
}

/** One row of several: the newest, or the only one. */
function chosenRowSql(plan: SetPlan, source: TableSource, rows: Rows): string {
  const columns = plan.outputs.map((output) => `, ${aggregateSql(output, rows)} as ${output.alias}`).join("");
  const where = source.where.length === 0 ? "" : ` where ${whereSql(source.where, rows)}`;
  const from = rowsSql(plan);
  let [once, order] = ["", ""];
  if (source.by !== undefined) {
    // Among equals the greatest key is the newest; without a key the greatest values, so that every reading answers the same.
    const { primaryKey } = rows.table;
    const ties =
      primaryKey.length > 0
        ? primaryKey.map((column) => `r.${quoteName(column)} desc`)
        : plan.outputs.map(({ source: { column = "" } }) => `(r.${quoteName(column)})::text desc nulls last`);
    order = ` order by ${["r.plumbline_user", `r.${quoteName(source.by)} desc nulls last`, ...ties].join(", ")}`;
    once = "distinct on (r.plumbline_user) ";
  }
  const chosen = `select ${once}r.plumbline_user as user_id${columns} from ${from} r${where}${order}`;
  const revisit = revisitSql(plan, rows, true);
  if (revisit === "") return chosen;
  // Over all rows: one that `where` leaves out today may be the one tomorrow.
  const names = plan.outputs.map(({ alias }) => `, q.${alias}`).join("");
  return `select coalesce(q.user_id, v.user_id) as user_id${names}, v.revisit_at from (${chosen}) q full join (select r.plumbline_user as user_id${revisit} from ${from} r group by r.plumbline_user) v on v.user_id = q.user_id`;
}

/** The statement of one set. Users without a row at the end of the path are absent from the answer. */
export function setSql(plan: SetPlan): string {
  const { outputs, timeZone, links } = plan;
  const rows: Rows = { alias: "r", table: targetOf(plan), timeZone };
  if (links.length === 0) {
    const columns = outputs.map((output) => `, ${ownRowSql(output, rows)} as ${output.alias}`).join("");
    return `select r.plumbline_user as user_id${columns}${revisitSql(plan, rows, false)} from ${rowsSql(plan)} r`;
  }
  const source = outputs[0]?.source;
  if (source?.aggregate === "field" || source?.aggregate === "latest")
    return chosenRowSql(plan, source, rows);
  const columns = outputs.map((output) => `, ${aggregateSql(output, rows)} as ${output.alias}`).join("");
  return `select r.plumbline_user as user_id${columns}${revisitSql(plan, rows, true)} from ${rowsSql(plan)} r group by r.plumbline_user`;
}

/** The statement that finds users by values of a link column, `$1`; `undefined` where the value is the user id. */
export function resolveSql(subject: Subject, links: readonly Link[]): string | undefined {
  const last = links.at(-1);
  if (!last || (links.length === 1 && last.fromColumn === subject.idColumn && isSameValue(last)))
    return undefined;
  const alias = aliasAt(links.length - 1);
  // The values come from the far side, and only its type holds them all.
  const type = arrayTypeOf(columnOf(last.to, last.toColumn));
  return `select distinct ${batchOf(subject).id}::text as user_id ${joinSql(subject, links.slice(0, -1))} where ${alias}.${quoteName(last.fromColumn)} = any($1::${type})`;
}
