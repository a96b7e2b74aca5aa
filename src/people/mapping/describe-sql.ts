// What a query of the plan's author answers, asked of the database itself: the type of `value`, and whether it can be run for a batch.
import type { Queryable } from "../database/database.ts";
import { type ColumnKind, kindOfType } from "./catalogue.ts";
import { textSql } from "./column-values.ts";
import type { SourceProblem, SqlSource } from "./state-source.ts";

export interface DescribedSql {
  readonly kind: "described";
  readonly column: ColumnKind;
  /** As Postgres prints the type of `value`. */
  readonly type: string;
  /** The statement for a batch of users. */
  readonly sql: string;
}

/** Describes a query; it is planned by Postgres, and not run. */
export async function describeSql(
  database: Queryable,
  source: SqlSource,
  options: { readonly idArrayType: string; readonly timeZone: string },
): Promise<DescribedSql | SourceProblem> {
  const revisit = source.revisits ? ", q.revisit_at" : "";
  try {
    const [row] = await database.query(
      `select pg_catalog.format_type(t.oid, null) as type, t.typname as base, t.typtype as typtype, t.typcategory as category, '-1' as modifier
       from (select pg_catalog.pg_typeof(q.value)::oid as oid from (select 1) one left join (select q.user_id, q.value${revisit} from (${source.sql}\n) q limit 0) q on true) v
       join pg_catalog.pg_type t on t.oid = v.oid`,
    );
    const column = kindOfType(row ?? {});
    const value = textSql("q.value", column, options.timeZone);
    const at = source.revisits
      ? `, ${textSql("q.revisit_at::timestamptz", "timestamptz", options.timeZone)} as revisit_at`
      : "";
    const sql = `select q.user_id::text as user_id, ${value} as p0${at} from (${source.sql}\n) q where q.user_id = any($1::${options.idArrayType})`;
    await database.query(`explain ${sql}`, [[]]);
    return { kind: "described", column, type: row?.["type"] ?? "unknown", sql };
  } catch (error) {
    const message = error instanceof Error ? error.message : "it failed";
    return {
      kind: "problem",
      message: `The database does not take the query: ${message}`,
      fix: "It has to answer `user_id` and `value`, one row a user; try it in psql.",
    };
  }
}
