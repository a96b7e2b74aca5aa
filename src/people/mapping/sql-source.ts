// The escape hatch: a query of the plan's author. Which tables it reads, and the way from each to the users, are derived from the query itself
// with Postgres's own parser; where that finds no way, the author declares it.
import { parse } from "libpg-query";
import { isObject } from "../../core/index.ts";
import { shortName } from "../database/identifiers.ts";
import type { Catalogue, CatalogueTable } from "./catalogue.ts";
import { findPath, type Link, type Subject } from "./paths.ts";
import type { SourceProblem, SqlSource } from "./state-source.ts";

interface TableMention {
  readonly alias: string;
  readonly table: CatalogueTable;
}

/** A column of a mention; `users` stands for the answer's own `user_id`. */
interface Side {
  readonly alias: string;
  readonly column: string;
}

interface Reading {
  readonly mentions: TableMention[];
  readonly equalities: (readonly [Side, Side])[];
  readonly unknown: string[];
  readonly commonNames: Set<string>;
}

const ANSWER = " answer";

function problem(message: string, fix: string): SourceProblem {
  return { kind: "problem", message, fix };
}

function textOf(node: unknown): string | undefined {
  const inner = isObject(node) ? node["String"] : undefined;
  return isObject(inner) && typeof inner["sval"] === "string" ? inner["sval"] : undefined;
}

/** `o.user_id` or `user_id` → its parts. */
function columnReference(node: unknown): readonly string[] | undefined {
  const reference = isObject(node) ? node["ColumnRef"] : undefined;
  if (!isObject(reference) || !Array.isArray(reference["fields"])) return undefined;
  const parts = reference["fields"].map(textOf);
  return parts.every((part) => part !== undefined) ? parts : undefined;
}

function isEquality(node: Readonly<Record<string, unknown>>): boolean {
  const name = node["name"];
  return node["kind"] === "AEXPR_OP" && Array.isArray(name) && name.length === 1 && textOf(name[0]) === "=";
}

function readRange(range: Readonly<Record<string, unknown>>, catalogue: Catalogue, reading: Reading): void {
  const name = String(range["relname"]);
  const schema = range["schemaname"];
  const full = typeof schema === "string" ? `${schema}.${name}` : name;
  if (schema === undefined && reading.commonNames.has(name)) return;
  const table = catalogue.find(full);
  const alias = isObject(range["alias"]) ? String(range["alias"]["aliasname"]) : name;
  if (table) reading.mentions.push({ alias, table });
  else reading.unknown.push(full);
}

/** Goes through the whole tree: every table read, every equality of two columns, wherever it stands. */
function walk(
  node: unknown,
  catalogue: Catalogue,
  reading: Reading,
  columns: (readonly [unknown, unknown])[],
): void {
  if (Array.isArray(node)) {
    for (const item of node) walk(item, catalogue, reading, columns);
    return;
  }
  if (!isObject(node)) return;
  for (const [key, value] of Object.entries(node)) {
    if (key === "RangeVar" && isObject(value)) readRange(value, catalogue, reading);
    if (key === "A_Expr" && isObject(value) && isEquality(value))
      columns.push([value["lexpr"], value["rexpr"]]);
    if (key === "JoinExpr" && isObject(value) && Array.isArray(value["usingClause"]))
      for (const used of value["usingClause"]) columns.push([{ using: textOf(used) }, value]);
    walk(value, catalogue, reading, columns);
  }
}

function collectCommonNames(node: unknown, names: Set<string>): void {
  if (Array.isArray(node)) for (const item of node) collectCommonNames(item, names);
  else if (isObject(node))
    for (const [key, value] of Object.entries(node)) {
      if (key === "CommonTableExpr" && isObject(value)) names.add(String(value["ctename"]));
      collectCommonNames(value, names);
    }
}

function sideOf(parts: readonly string[], mentions: readonly TableMention[]): Side | undefined {
  const column = parts.at(-1) ?? "";
  if (parts.length > 1) return { alias: parts.at(-2) ?? "", column };
  const having = mentions.filter(({ table }) => table.columns.has(column));
  return having.length === 1 && having[0] ? { alias: having[0].alias, column } : undefined;
}

function answersUser(statement: unknown): unknown {
  const select = isObject(statement) ? statement["SelectStmt"] : undefined;
  const targets = isObject(select) && Array.isArray(select["targetList"]) ? select["targetList"] : [];
  for (const target of targets as readonly unknown[]) {
    const result = isObject(target) ? target["ResTarget"] : undefined;
    if (!isObject(result)) continue;
    const name = result["name"] ?? columnReference(result["val"])?.at(-1);
    if (name === "user_id") return result["val"];
  }
  return undefined;
}

async function readQuery(sql: string, catalogue: Catalogue): Promise<Reading | SourceProblem> {
  let tree: { readonly stmts?: readonly { readonly stmt?: unknown }[] };
  try {
    tree = (await parse(sql)) as typeof tree;
  } catch (error) {
    const message = error instanceof Error ? error.message : "syntax error";
    return problem(`The query cannot be parsed: ${message}`, "Try the query in psql.");
  }
  const statements = tree.stmts ?? [];
  const statement = statements[0]?.stmt;
  if (statements.length !== 1 || !isObject(statement) || !isObject(statement["SelectStmt"]))
    return problem("The query is not one `select`", "Write one `select` that answers `user_id` and `value`.");
  const reading: Reading = { mentions: [], equalities: [], unknown: [], commonNames: new Set() };
  collectCommonNames(statement, reading.commonNames);
  const columns: (readonly [unknown, unknown])[] = [];
  walk(statement, catalogue, reading, columns);
  for (const [left, right] of columns) {
    if (isObject(left) && typeof left["using"] === "string") {
      const column = left["using"];
      const having = reading.mentions.filter(({ table }) => table.columns.has(column));
      for (const one of having)
        for (const other of having)
          if (one !== other)
            reading.equalities.push([
              { alias: one.alias, column },
              { alias: other.alias, column },
            ]);
      continue;
    }
    const sides = [left, right].map((side) => {
      const parts = columnReference(side);
      return parts === undefined ? undefined : sideOf(parts, reading.mentions);
    });
    if (sides[0] && sides[1]) reading.equalities.push([sides[0], sides[1]]);
  }
  const answered = columnReference(answersUser(statement));
  const side = answered === undefined ? undefined : sideOf(answered, reading.mentions);
  if (side) reading.equalities.push([{ alias: ANSWER, column: "user_id" }, side]);
  return reading;
}

/** The shortest chain of equalities from the users to a mention. */
function chainTo(reading: Reading, subject: Subject, goal: TableMention): readonly Link[] | undefined {
  const tableAt = new Map(reading.mentions.map(({ alias, table }) => [alias, table]));
  const starts = reading.mentions.filter(({ table }) => table === subject.table).map(({ alias }) => alias);
  let level: { readonly alias: string; readonly links: readonly Link[] }[] = [ANSWER, ...starts].map(
    (alias) => ({ alias, links: [] }),
  );
  const seen = new Set(level.map(({ alias }) => alias));
  while (level.length > 0) {
    const found = level.find(({ alias }) => alias === goal.alias);
    if (found) return found.links;
    const next: typeof level = [];
    for (const { alias, links } of level)
      for (const [left, right] of reading.equalities) {
        const [near, far] = left.alias === alias ? [left, right] : right.alias === alias ? [right, left] : [];
        const to = far === undefined ? undefined : tableAt.get(far.alias);
        if (!near || !far || !to || seen.has(far.alias)) continue;
        seen.add(far.alias);
        const from = tableAt.get(alias) ?? subject.table;
        const fromColumn = alias === ANSWER ? subject.idColumn : near.column;
        // The answer's user_id taken from the users themselves is no hop.
        const isUser = to === subject.table && far.column === subject.idColumn;
        next.push({
          alias: far.alias,
          links:
            isUser && links.length === 0 ? [] : [...links, { from, fromColumn, to, toColumn: far.column }],
        });
      }
    level = next;
  }
  return undefined;
}

/**
 * The way from the users to every table that a query reads.
 *
 * @returns One path a table, without the users' own; or why it cannot be known.
 */
export async function sqlPaths(
  source: SqlSource,
  catalogue: Catalogue,
  subject: Subject,
): Promise<readonly (readonly Link[])[] | SourceProblem> {
  const reading = await readQuery(source.sql, catalogue);
  if ("kind" in reading) return reading;
  const paths: (readonly Link[])[] = [];
  for (const [name, via] of Object.entries(source.depends)) {
    const target = catalogue.find(name);
    if (!target)
      return problem(`\`depends\` names ${name}, which is not a table`, "Name a table of the database.");
    const path = findPath({ catalogue, subject, target }, via);
    if (path.kind === "problem") return path;
    paths.push(path.links);
  }
  const declared = new Set(paths.map((links) => links.at(-1)?.to ?? subject.table));
  for (const unknown of reading.unknown)
    return problem(`The query reads ${unknown}, which is not a table`, "Write the schema with the name.");
  for (const mention of reading.mentions) {
    const { table } = mention;
    if (table === subject.table || declared.has(table)) continue;
    const name = shortName(table);
    if (table.kind === "view") {
      if (declared.size > 0) continue;
      return problem(
        `The query reads the view ${name}, whose changes are those of the tables behind it`,
        "Name those tables under `depends`, each with its `via`.",
      );
    }
    const links = chainTo(reading, subject, mention);
    if (!links)
      return problem(
        `Nothing in the query leads from the users to ${name}`,
        `Add \`depends: { ${name}: <via> }\`.`,
      );
    paths.push(links);
  }
  return paths;
}
