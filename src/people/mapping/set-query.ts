// SQL of a property set: one statement for a batch of users. Pure text; every name is quoted, every value of the plan a literal.
import { assertNever } from "../../core/index.ts";
import { quoteLiteral, quoteName, quoteTable } from "../database/identifiers.ts";
import { type CatalogueColumn, columnOf } from "./catalogue.ts";
import { textSql } from "./column-values.ts";
import { isUnique, type Link, type Subject } from "./paths.ts";
import type { Condition, Literal, TableSource } from "./state-source.ts";

/** Type to which the list of ids is cast; a text column compares as text, so that nothing is cut to a length. */
export function arrayTypeOf(column: CatalogueColumn): string {
  return column.kind === "text" ? "text[]" : `${column.type}[]`;
}

function literalSql(value: Literal): string {
  return typeof value === "string" ? quoteLiteral(value) : String(value);
}

function conditionSql(condition: Condition, alias: string): string {
  const column = `${alias}.${quoteName(condition.column)}`;
  switch (condition.kind) {
    case "in": {
      const list = condition.values.map(literalSql).join(", ");
      // `not`: a row without a value is none of the values either.
      return condition.not ? `(${column} in (${list})) is not true` : `${column} in (${list})`;
    }
    case "null":
      return `${column} is ${condition.not ? "not null" : "null"}`;
    case "compare":
      return `${column} ${condition.operator} ${literalSql(condition.value)}`;
    case "now":
      return `${column} ${condition.operator} pg_catalog.now()`;
    default:
      return assertNever(condition);
  }
}

function whereSql(where: readonly Condition[], alias: string): string {
  return where.map((condition) => conditionSql(condition, alias)).join(" and ");
}

/** `u`, `t1`, `t2` …: the users, and the tables along the path. */
function aliasAt(hops: number): string {
  return hops === 0 ? "u" : `t${hops}`;
}

/** `from users u join t1 … join tn`. */
export function joinSql(subject: Subject, links: readonly Link[], join = "join"): string {
  const joins = links.map(
    ({ fromColumn, to, toColumn }, index) =>
      ` ${join} ${quoteTable(to)} ${aliasAt(index + 1)} on ${aliasAt(index + 1)}.${quoteName(toColumn)} = ${aliasAt(index)}.${quoteName(fromColumn)}`,
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

/** Rows of the last table with their user, each once: `r`. The user's column has a name that no table of the application has. */
function rowsSql({ subject, links }: SetPlan): string {
  const { id, isOf } = batchOf(subject);
  const last = aliasAt(links.length);
  const target = links.at(-1)?.to ?? subject.table;
  const [first] = links;
  if (
    first &&
    links.length === 1 &&
    first.fromColumn === subject.idColumn &&
    columnOf(first.to, first.toColumn).type === idColumn(subject).type
  ) {
    // The link is the id: the users' own table has nothing to add.
    const key = `t1.${quoteName(first.toColumn)}`;
    return `(select ${key}::text as plumbline_user, t1.* from ${quoteTable(first.to)} t1 where ${key} = any($1::${arrayTypeOf(idColumn(subject))}))`;
  }
  const key = target.primaryKey.map((column) => `${last}.${quoteName(column)}`);
  const once = mayRepeat(links) && key.length > 0 ? `distinct on (${[id, ...key].join(", ")}) ` : "";
  return `(select ${once}${id}::text as plumbline_user, ${last}.* ${joinSql(subject, links)} where ${isOf})`;
}

function aggregateSql({ source, kind }: Output, timeZone: string): string {
  const column = source.column === undefined ? "" : `r.${quoteName(source.column)}`;
  const filter = source.where.length === 0 ? "" : ` filter (where ${whereSql(source.where, "r")})`;
  switch (source.aggregate) {
    case "count":
      return `(count(${source.distinct ? `distinct ${column}` : "*"})${filter})::text`;
    case "exists":
      return `(count(*)${filter} > 0)::text`;
    case "sum":
      return `coalesce(sum(${column})${filter}, 0)::text`;
    case "min":
    case "max":
      return textSql(`${source.aggregate}(${column})${filter}`, kind, timeZone);
    case "field":
    case "latest":
      return textSql(column, kind, timeZone);
    default:
      return assertNever(source.aggregate);
  }
}

function revisitSql(outputs: readonly Output[], timeZone: string, isAggregate: boolean): string {
  const columns = [...new Set(outputs.flatMap(({ source: { revisitAt } }) => revisitAt ?? []))];
  if (columns.length === 0) return "";
  const each = columns.map((column) => {
    const value = `(r.${quoteName(column)})::timestamptz`;
    return isAggregate
      ? `min(${value}) filter (where ${value} > pg_catalog.now())`
      : `case when ${value} > pg_catalog.now() then ${value} end`;
  });
  return `, ${textSql(`least(${each.join(", ")})`, "timestamptz", timeZone)} as revisit_at`;
}

/** The statement of one set. Users without a row at the end of the path are absent from the answer. */
export function setSql(plan: SetPlan): string {
  const { outputs, timeZone, links, subject } = plan;
  const columns = outputs.map((output) => `, ${aggregateSql(output, timeZone)} as ${output.alias}`).join("");
  const [first] = outputs;
  const source = first?.source;
  if (links.length === 0) {
    const { id, isOf } = batchOf(subject);
    const inner = `(select ${id}::text as plumbline_user, u.* from ${quoteTable(subject.table)} u where ${isOf})`;
    const conditional = outputs
      .map((output) => {
        const { where } = output.source;
        const value = aggregateSql(output, timeZone);
        return `, ${where.length === 0 ? value : `case when ${whereSql(where, "r")} then ${value} end`} as ${output.alias}`;
      })
      .join("");
    return `select r.plumbline_user as user_id${conditional}${revisitSql(outputs, timeZone, false)} from ${inner} r`;
  }
  const rows = rowsSql(plan);
  if (source?.aggregate === "field" || source?.aggregate === "latest") {
    const where = source.where.length === 0 ? "" : ` where ${whereSql(source.where, "r")}`;
    const target = links.at(-1)?.to;
    const ties = (target?.primaryKey ?? []).map((column) => `, r.${quoteName(column)} desc`).join("");
    const order =
      source.by === undefined
        ? ""
        : ` order by r.plumbline_user, r.${quoteName(source.by)} desc nulls last${ties}`;
    const once = source.by === undefined ? "" : "distinct on (r.plumbline_user) ";
    const chosen = `select ${once}r.plumbline_user as user_id${columns} from ${rows} r${where}${order}`;
    const revisit = revisitSql(outputs, timeZone, true);
    if (revisit === "") return chosen;
    // Over all rows: one that `where` leaves out today may be the one tomorrow.
    const names = outputs.map(({ alias }) => `, q.${alias}`).join("");
    return `select coalesce(q.user_id, v.user_id) as user_id${names}, v.revisit_at from (${chosen}) q full join (select r.plumbline_user as user_id${revisit} from ${rows} r group by r.plumbline_user) v on v.user_id = q.user_id`;
  }
  return `select r.plumbline_user as user_id${columns}${revisitSql(outputs, timeZone, true)} from ${rows} r group by r.plumbline_user`;
}

/** The statement that finds users by values of a link column, `$1`; `undefined` where the value is the user id. */
export function resolveSql(subject: Subject, links: readonly Link[]): string | undefined {
  const last = links.at(-1);
  if (!last || (links.length === 1 && last.fromColumn === subject.idColumn)) return undefined;
  const alias = aliasAt(links.length - 1);
  const column = columnOf(last.from, last.fromColumn);
  return `select distinct ${batchOf(subject).id}::text as user_id ${joinSql(subject, links.slice(0, -1))} where ${alias}.${quoteName(last.fromColumn)} = any($1::${arrayTypeOf(column)})`;
}
