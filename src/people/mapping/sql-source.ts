// The escape hatch: a query of the plan's author. Which tables it reads, and the way from each to the users, are derived from the query itself
// with Postgres's own parser; where that proves no way, the author declares it.
import { parse } from "libpg-query";
import type { Queryable } from "../database/database.ts";
import { shortName } from "../database/identifiers.ts";
import type { Catalogue } from "./catalogue.ts";
import { findPath, type Link, type Subject } from "./paths.ts";
import { type Mention, placeOf, SqlReading } from "./sql-reading.ts";
import type { Place } from "./sql-scope.ts";
import { inside } from "./sql-tree.ts";
import type { SourceProblem, SqlSource } from "./state-source.ts";

/** What the way from the users to a table is looked for in. */
export interface SqlSurroundings {
  readonly catalogue: Catalogue;
  readonly subject: Subject;
  readonly database: Queryable;
}

function problem(message: string, fix: string): SourceProblem {
  return { kind: "problem", message, fix };
}

async function parseSelect(sql: string) {
  let tree: { readonly stmts?: readonly { readonly stmt?: unknown }[] };
  try {
    tree = await parse(sql);
  } catch (error) {
    const message = error instanceof Error ? error.message : "syntax error";
    return problem(`The query cannot be parsed: ${message}`, "Try the query in psql.");
  }
  const statements = tree.stmts ?? [];
  const select = inside(statements[0]?.stmt, "SelectStmt");
  return statements.length === 1 && select
    ? ({ kind: "select", select } as const)
    : problem("The query is not one `select`", "Write one `select` that answers `user_id` and `value`.");
}

/** A value on its way outwards: the column of a row that was reached, or the user id itself. */
interface Origin {
  readonly table: Link["from"];
  readonly column: string;
  readonly place: Place;
  readonly links: readonly Link[];
}

function placesEqualTo(reading: SqlReading, start: Place): ReadonlySet<Place> {
  const seen = new Set([start]);
  for (const place of seen) for (const next of reading.equal.get(place) ?? []) seen.add(next);
  return seen;
}

/** The shortest chain of equalities from the user id to each mention that has one. */
function chains(reading: SqlReading, subject: Subject, answer: Place): ReadonlyMap<number, readonly Link[]> {
  const reached = new Map<number, readonly Link[]>();
  let origins: readonly Origin[] = [
    { table: subject.table, column: subject.idColumn, place: answer, links: [] },
  ];
  while (origins.length > 0) {
    const next: Origin[] = [];
    for (const origin of origins)
      for (const place of placesEqualTo(reading, origin.place)) {
        const at = reading.columns.get(place);
        if (!at || reached.has(at.mention.id)) continue;
        const { mention, column } = at;
        const isUser =
          origin.links.length === 0 &&
          origin.column === subject.idColumn &&
          mention.table === subject.table &&
          column === subject.idColumn;
        const link: Link = {
          from: origin.table,
          fromColumn: origin.column,
          to: mention.table,
          toColumn: column,
        };
        const links = isUser ? [] : [...origin.links, link];
        reached.set(mention.id, links);
        for (const other of mention.table.columns.keys())
          next.push({ table: mention.table, column: other, place: placeOf(mention.id, other), links });
      }
    origins = next;
  }
  return reached;
}

/** The columns of tables that an answer is taken from: through subqueries, and not beyond the first column. */
function sourcesOf(reading: SqlReading, answer: Place): readonly Place[] {
  const seen = new Set([answer]);
  for (const place of seen)
    if (!reading.columns.has(place)) for (const next of reading.equal.get(place) ?? []) seen.add(next);
  return [...seen].filter((place) => reading.columns.has(place));
}

/** `user_id` has to be the id of the plan, not another column that happens to have its type. */
function checkAnswer(reading: SqlReading, place: Place, around: SqlSurroundings): SourceProblem | undefined {
  const { catalogue, subject } = around;
  const wanted = `${shortName(subject.table)}.${subject.idColumn}`;
  for (const equal of sourcesOf(reading, place)) {
    const at = reading.columns.get(equal);
    if (!at) continue;
    const { mention, column } = at;
    const key = catalogue.foreignKeys.find(
      ({ from, fromColumn, to }) => from === mention.table && fromColumn === column && to === subject.table,
    );
    const isOther =
      mention.table === subject.table
        ? column !== subject.idColumn
        : key && key.toColumn !== subject.idColumn;
    if (isOther === true)
      return problem(
        `The query's user_id is ${shortName(mention.table)}.${column}, and ids are ${wanted}`,
        `Join ${shortName(subject.table)} and answer ${wanted} as user_id.`,
      );
  }
  return undefined;
}

const FUNCTIONS = `
select p.proname as name, n.nspname as schema, bool_or(p.provolatile = 'v')::text as volatile, bool_and(p.provolatile = 'i')::text as immutable
from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
where p.proname = any($1::text[]) group by 1, 2`;

/** Functions that answer differently each time, and functions of the database that may read any table. */
async function checkFunctions(
  reading: SqlReading,
  source: SqlSource,
  database: Queryable,
): Promise<SourceProblem | undefined> {
  if (reading.functions.length === 0) return undefined;
  const rows = await database.query(FUNCTIONS, [reading.functions.map(({ name }) => name)]);
  for (const { schema, name } of reading.functions)
    for (const row of rows) {
      if (row["name"] !== name || (schema !== undefined && row["schema"] !== schema)) continue;
      if (row["schema"] === "pg_catalog") {
        if (row["volatile"] === "true")
          return problem(`The query calls ${name}(), which answers differently each time`, "Leave it out.");
      } else if (row["immutable"] !== "true" && Object.keys(source.depends).length === 0)
        return problem(
          `The query calls ${name}(), and what a function reads is not visible`,
          "Name the tables that it reads under `depends`, each with its `via`.",
        );
    }
  return undefined;
}

function declaredPaths(
  source: SqlSource,
  { catalogue, subject }: SqlSurroundings,
): readonly (readonly Link[])[] | SourceProblem {
  const paths: (readonly Link[])[] = [];
  for (const [name, via] of Object.entries(source.depends)) {
    const target = catalogue.find(name);
    if (!target || target.kind === "view")
      return problem(`\`depends\` names ${name}, which is not a table`, "Name a table of the database.");
    const path = findPath({ catalogue, subject, target }, via);
    if (path.kind === "problem") return path;
    paths.push(path.links);
  }
  return paths;
}

function pathOf(
  { id, table }: Mention,
  found: ReadonlyMap<number, readonly Link[]>,
  declared: ReadonlySet<unknown>,
): readonly Link[] | SourceProblem {
  const name = shortName(table);
  if (table.kind === "view")
    return declared.size > 0
      ? []
      : problem(
          `The query reads the view ${name}, whose changes are those of the tables behind it`,
          "Name those tables under `depends`, each with its `via`.",
        );
  return (
    found.get(id) ??
    problem(
      `Nothing in the query proves which users a row of ${name} concerns`,
      `Add \`depends: { ${name}: <via> }\`, or compare its columns with those of the user in \`where\` or \`on\`.`,
    )
  );
}

/**
 * The way from the users to every table that a query reads.
 *
 * @returns One path a mention, without the users' own row; or why it cannot be known.
 */
export async function sqlPaths(
  source: SqlSource,
  around: SqlSurroundings,
): Promise<readonly (readonly Link[])[] | SourceProblem> {
  const parsed = await parseSelect(source.sql);
  if (parsed.kind === "problem") return parsed;
  const reading = new SqlReading(around.catalogue);
  const answers = reading.select(parsed.select);
  const [unknown] = reading.unknown;
  if (unknown !== undefined)
    return problem(`The query reads ${unknown}, which is not a table`, "Write the schema with the name.");
  if (reading.readsClock && !source.revisits)
    return problem(
      "The query reads the clock, and nothing says when its value changes",
      "Answer a column `revisit_at` with the next time that changes it, and add `revisit_at: revisit_at`.",
    );
  const refused = await checkFunctions(reading, source, around.database);
  if (refused) return refused;
  const paths = declaredPaths(source, around);
  if ("kind" in paths) return paths;
  const declared = new Set(paths.map((links) => links.at(-1)?.to ?? around.subject.table));
  const answer = answers.find(({ name }) => name === "user_id");
  const place = answer?.isKey === true ? answer.place : undefined;
  const wrong = place === undefined ? undefined : checkAnswer(reading, place, around);
  if (wrong) return wrong;
  const found =
    place === undefined ? new Map<number, readonly Link[]>() : chains(reading, around.subject, place);
  const derived: (readonly Link[])[] = [];
  for (const mention of reading.mentions.values()) {
    if (declared.has(mention.table)) continue;
    const path = pathOf(mention, found, declared);
    if ("kind" in path) return path;
    if (path.length > 0) derived.push(path);
  }
  return [...paths.filter(({ length }) => length > 0), ...derived];
}
