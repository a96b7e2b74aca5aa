// Plan + catalogue → mapping. Everything that cannot be right is a finding here, before a single value is read or sent.
import type { Finding } from "../../core/index.ts";
import type { Lock, LockProfileProperty } from "../../plan/index.ts";
import type { Queryable } from "../database/database.ts";
import { quoteName, quoteTable, shortName } from "../database/identifiers.ts";
import { assembleMapping, type Draft, groupDrafts, tableSet } from "./assemble-mapping.ts";
import { type Catalogue, type CatalogueColumn, type CatalogueTable, columnOf } from "./catalogue.ts";
import { checkStatements, checkTimeZone } from "./check-statements.ts";
import { canHold, holdersOf } from "./column-values.ts";
import { describeSql } from "./describe-sql.ts";
import type { Mapping, PropertySet } from "./mapping.ts";
import { oldIdSets } from "./old-id-sets.ts";
import { findPath, isUnique, leadsToOne, type Link, type Subject } from "./paths.ts";
import { arrayTypeOf } from "./set-query.ts";
import { sqlPaths } from "./sql-source.ts";
import { STATE_FINDINGS, type StateFindingId } from "./state-findings.ts";
import { readStateSource, type SourceProblem, type SqlSource, type TableSource } from "./state-source.ts";

export interface CompiledMapping {
  /** Absent where a finding of level `error` stands in the way. */
  readonly mapping: Mapping | undefined;
  readonly findings: readonly Finding[];
}

/** Most sets of one mapping: they are bits of a 64-bit integer. */
const SETS_MAX = 62;
/** Column with the id, where the plan says nothing. */
export const STATE_USERS_DEFAULT = "users.id";
export const STATE_TIME_ZONE_DEFAULT = "UTC";

const TIMES: readonly CatalogueColumn["kind"][] = ["date", "timestamp", "timestamptz"];

class MappingCompiler {
  readonly #lock: Lock;
  readonly #catalogue: Catalogue;
  readonly #database: Queryable;
  readonly findings: Finding[] = [];
  /** Said once, however many properties use the link. */
  readonly #withoutIndex = new Set<string>();

  constructor(lock: Lock, catalogue: Catalogue, database: Queryable) {
    this.#lock = lock;
    this.#catalogue = catalogue;
    this.#database = database;
  }

  find(id: StateFindingId, at: string, what: { readonly message: string; readonly fix?: string }): void {
    const place = this.#lock.provenance[at];
    const match = place === undefined ? null : /^(.*):(\d+):(\d+)$/.exec(place);
    this.findings.push({
      id,
      level: STATE_FINDINGS[id],
      at,
      ...(match ? { where: { file: match[1] ?? "", line: Number(match[2]), column: Number(match[3]) } } : {}),
      message: what.message,
      ...(what.fix === undefined ? {} : { fix: what.fix }),
    });
  }

  problem(at: string, { message, fix }: SourceProblem): void {
    this.find("state-mapping", at, { message, fix });
  }

  subject(): Subject | undefined {
    const text = this.#lock.state?.users ?? STATE_USERS_DEFAULT;
    const dot = text.lastIndexOf(".");
    const table = this.#catalogue.find(text.slice(0, dot));
    const idColumn = text.slice(dot + 1);
    const column = table?.columns.get(idColumn);
    if (!table || !column) {
      this.find("state-mapping", "state.users", {
        message: `The database has no column ${text}`,
        fix: "Name the table and the column that holds the id of your events, as in `state: { users: accounts.uuid }`.",
      });
      return undefined;
    }
    if (!isUnique(table, idColumn) || !column.isNotNull)
      this.find("state-mapping", "state.users", {
        message: `${text} is not unique and not null, so it is not an id`,
        fix: `Add a unique constraint and \`not null\`, or name another column.`,
      });
    if (column.base === "bpchar")
      this.find("state-mapping", "state.users", {
        message: `${text} is ${column.type}, which fills short ids with spaces: the log and a query spell them differently`,
        fix: "Make it text, or name another column.",
      });
    const form = this.#lock.identity.user_id;
    const format = "format" in form ? form.format : "any";
    const fits =
      format === "any" || (format === "integer" ? column.kind === "integer" : column.kind !== "integer");
    if (!fits)
      this.find("state-type-mismatch", "state.users", {
        message: `${text} is ${column.type}, and the plan's user ids are ${format}`,
        fix: "Name the column with the ids that events carry.",
      });
    return { table, idColumn };
  }

  /** The column a source reads, with its kind after aggregation. */
  #kind(source: TableSource, table: CatalogueTable, at: string): CatalogueColumn["kind"] | undefined {
    for (const name of [
      source.column,
      source.by,
      ...source.revisits,
      ...source.where.map(({ column }) => column),
    ])
      if (name !== undefined && !table.columns.has(name)) {
        this.find("state-mapping", at, {
          message: `${shortName(table)} has no column ${name}`,
          fix: "Correct the name.",
        });
        return undefined;
      }
    const timeless = source.revisits.find((name) => !TIMES.includes(columnOf(table, name).kind));
    if (timeless !== undefined) {
      this.find("state-mapping", at, {
        message: `${shortName(table)}.${timeless} holds no time`,
        fix: "Compare with the clock, and name under `revisit_at`, columns of type date or timestamp.",
      });
      return undefined;
    }
    if (source.aggregate === "count") return "integer";
    if (source.aggregate === "exists") return "boolean";
    const kind = columnOf(table, source.column ?? "").kind;
    const isNumeric = kind === "integer" || kind === "number";
    const isOrdered = isNumeric || ["text", "enum", "date", "timestamp", "timestamptz"].includes(kind);
    if (
      (source.aggregate === "sum" && !isNumeric) ||
      ((source.aggregate === "min" || source.aggregate === "max") && !isOrdered)
    ) {
      this.find("state-mapping", at, {
        message: `\`${source.aggregate}\` of ${source.column} (${kind}) has no meaning`,
        fix: "Choose another column or another rule.",
      });
      return undefined;
    }
    return kind;
  }

  #checkType(
    at: string,
    property: LockProfileProperty,
    column: Pick<CatalogueColumn, "kind" | "type"> & Partial<Pick<CatalogueColumn, "itemKind">>,
  ): void {
    const { type } = property;
    if (!canHold(type.type, column.kind))
      this.find("state-type-mismatch", at, {
        message: `The plan says ${type.type}, the database has ${column.type}`,
        fix: `Make it ${holdersOf(column.kind).join(" or ")} in the plan, or read another column.`,
      });
    else if (type.type === "list" && type.items !== undefined && column.itemKind !== undefined)
      if (!canHold(type.items.type, column.itemKind))
        this.find("state-type-mismatch", at, {
          message: `The plan says a list of ${type.items.type}, the database has ${column.type}`,
          fix: `Make the items ${holdersOf(column.itemKind).join(" or ")} in the plan, or read another column.`,
        });
  }

  #checkLabels(at: string, property: LockProfileProperty, labels: readonly string[]): void {
    const type = property.type.type === "list" ? property.type.items : property.type;
    if (type?.type !== "string" || type.enum === undefined || type.open === true) return;
    const allowed = type.enum;
    const missing = labels.filter((label) => !allowed.includes(label));
    if (missing.length > 0)
      this.find("state-type-mismatch", at, {
        message: `The column's type has values that the plan does not: ${missing.join(", ")}`,
        fix: "Add them to `enum`, or make it `open: true`.",
      });
  }

  tableDraft({ id, at, property, source, isMany = false }: TableDraft, subject: Subject): Draft | undefined {
    const table = this.#catalogue.find(source.table);
    if (!table) {
      this.find("state-mapping", at, {
        message: `The database has no table ${source.table}`,
        fix: "Correct the name, or write the schema with it.",
      });
      return undefined;
    }
    if (table.kind === "view") {
      this.find("state-mapping", at, {
        message: `${source.table} is a view, and a view does not tell when it changes`,
        fix: "Use `sql` and name the tables behind the view under `depends`.",
      });
      return undefined;
    }
    const path = findPath({ catalogue: this.#catalogue, subject, target: table }, source.via);
    if (path.kind === "problem") {
      this.problem(at, path);
      return undefined;
    }
    const kind = this.#kind(source, table, at);
    if (kind === undefined) return undefined;
    if (source.aggregate === "field" && !isMany && !leadsToOne(path.links)) {
      this.find("state-mapping", at, {
        message: `A user can have several rows of ${source.table}, and nothing says which one counts`,
        fix: `Use \`latest: ${source.table}.${source.column}\` with \`by\`, or \`min\`, \`max\`, \`count\`.`,
      });
      return undefined;
    }
    this.#checkLinks(at, path.links, subject);
    const column = source.column === undefined ? undefined : columnOf(table, source.column);
    const isOwn = source.aggregate === "count" || source.aggregate === "exists";
    this.#checkType(at, property, {
      kind,
      type: isOwn ? kind : (column?.type ?? kind),
      itemKind: column?.itemKind,
    });
    if (column && !isOwn) this.#checkLabels(at, property, column.labels);
    return { id, property, source, links: path.links, kind, at };
  }

  /** Both ways over a link are look-ups: from a user to the rows, and from a changed row back to the users. */
  #checkLinks(at: string, links: readonly Link[], subject: Subject): void {
    for (const { from, fromColumn, to, toColumn } of links) {
      this.#checkIndex(at, to, toColumn);
      if (from !== subject.table || fromColumn !== subject.idColumn) this.#checkIndex(at, from, fromColumn);
      if (to.isInherited)
        this.find("state-mapping", at, {
          message: `Other tables inherit from ${shortName(to)}, and nobody notices their changes`,
          fix: "Use partitions, or a query over `only` this table with its `depends`.",
        });
    }
  }

  #checkIndex(at: string, table: CatalogueTable, column: string): void {
    const name = `${shortName(table)}.${column}`;
    if (table.indexedColumns.has(column) || this.#withoutIndex.has(name)) return;
    this.#withoutIndex.add(name);
    this.find("state-no-index", at, {
      message: `${name} has no index: each look-up by it goes through the whole table`,
      fix: `create index concurrently on ${quoteTable(table)} (${quoteName(column)})`,
    });
  }

  async sqlSet(
    { id, at: place, property, source }: QueryDraft,
    { subject, index }: { readonly index: number; readonly subject: Subject },
  ): Promise<PropertySet | undefined> {
    const paths = await sqlPaths(source, {
      catalogue: this.#catalogue,
      subject,
      database: this.#database,
    });
    if ("kind" in paths) {
      this.problem(place, paths);
      return undefined;
    }
    for (const links of paths) this.#checkLinks(place, links, subject);
    const described = await describeSql(this.#database, source, {
      idArrayType: arrayTypeOf(columnOf(subject.table, subject.idColumn)),
      timeZone: this.timeZone,
    });
    if (described.kind === "problem") {
      this.problem(place, described);
      return undefined;
    }
    this.#checkType(place, property, { kind: described.column, type: described.type });
    return {
      index,
      sql: described.sql,
      properties: [
        {
          id,
          name: property.name,
          type: property.type,
          kind: described.column,
          column: "p0",
          empty: null,
          from: "sql",
        },
      ],
      hasRevisit: source.revisits,
      paths,
    };
  }

  get timeZone(): string {
    return this.#lock.state?.time_zone ?? STATE_TIME_ZONE_DEFAULT;
  }

  get hasErrors(): boolean {
    return this.findings.some(({ level }) => level === "error");
  }
}

/**
 * Compiles the state-owned profile properties of a plan against a database.
 *
 * Findings: `state-mapping` (a table, column or path that is not there or not clear), `state-type-mismatch`, `state-no-source` (owner is
 * `state` and nothing says where from), `state-no-index`.
 */
export async function compileMapping(
  lock: Lock,
  catalogue: Catalogue,
  database: Queryable,
): Promise<CompiledMapping> {
  const compiler = new MappingCompiler(lock, catalogue, database);
  const subject = compiler.subject();
  if (!subject) return { mapping: undefined, findings: compiler.findings };
  await checkTimeZone(compiler, database);
  const { drafts, queries } = readSources(compiler, lock, subject);
  const groups = [...groupDrafts(drafts).values()];
  const drafted = new Map(groups.entries());
  const sets = groups.map((group, index) => tableSet(group, { index, subject, timeZone: compiler.timeZone }));
  for (const query of queries) {
    const set = await compiler.sqlSet(query, { index: sets.length, subject });
    if (set) sets.push(set);
  }
  const old = await oldIdSets(compiler, lock, { subject, firstIndex: sets.length });
  const count = sets.length + old.sets.length;
  if (count > SETS_MAX)
    compiler.find("state-mapping", "people", {
      message: `The mapping needs ${count} queries, and ${SETS_MAX} is the most`,
      fix: "Read properties of one table by the same path, or join several in one `sql`.",
    });
  if (compiler.hasErrors) return { mapping: undefined, findings: compiler.findings };
  const mapping = assembleMapping(subject, sets, old.sets);
  await checkStatements({ compiler, database, subject }, mapping, new Map([...drafted, ...old.drafts]));
  return { mapping: compiler.hasErrors ? undefined : mapping, findings: compiler.findings };
}

/** A property that a rule over a table gives. */
export interface TableDraft {
  readonly id: string;
  readonly at: string;
  readonly property: LockProfileProperty;
  readonly source: TableSource;
  /** Several rows of a user are several values. */
  readonly isMany?: boolean;
}

/** A property that a query gives. */
export interface QueryDraft {
  readonly id: string;
  readonly at: string;
  readonly property: LockProfileProperty;
  readonly source: SqlSource;
}

function readSources(
  compiler: MappingCompiler,
  lock: Lock,
  subject: Subject,
): { readonly drafts: readonly Draft[]; readonly queries: readonly QueryDraft[] } {
  const drafts: Draft[] = [];
  const queries: QueryDraft[] = [];
  for (const [id, property] of Object.entries(lock.people)) {
    if (property.owner !== "state") continue;
    const at = `people.${id}`;
    if (property.from === undefined) {
      compiler.find("state-no-source", at, {
        message: "Its owner is the database, and nothing says which column",
        fix: "Add `from: table.column`.",
      });
      continue;
    }
    const source = readStateSource(property.from);
    if (source.kind === "problem") compiler.problem(at, source);
    else if (source.kind === "sql") queries.push({ id, at, property, source });
    else {
      const draft = compiler.tableDraft({ id, at, property, source }, subject);
      if (draft) drafts.push(draft);
    }
  }
  return { drafts, queries };
}
