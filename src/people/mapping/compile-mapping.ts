// Plan + catalogue → mapping. Everything that cannot be right is a finding here, before a single value is read or sent.
import { canonicalJson, type Finding } from "../../core/index.ts";
import type { Lock, LockProfileProperty } from "../../plan/index.ts";
import { sha256Hex } from "../hash.ts";
import type { Queryable } from "../database/database.ts";
import { quoteName, quoteTable, shortName } from "../database/identifiers.ts";
import { type Catalogue, type CatalogueColumn, type CatalogueTable, columnOf } from "./catalogue.ts";
import { canHold, holdersOf } from "./column-values.ts";
import type { MappedProperty, Mapping, PropertySet, Watch } from "./mapping.ts";
import { describeLinks, findPath, isUnique, leadsToOne, type Link, type Subject } from "./paths.ts";
import { arrayTypeOf, type Output, resolveSql, setSql } from "./set-query.ts";
import { describeSql } from "./describe-sql.ts";
import { sqlPaths } from "./sql-source.ts";
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

interface Draft {
  readonly id: string;
  readonly property: LockProfileProperty;
  readonly source: TableSource;
  readonly links: readonly Link[];
  readonly kind: CatalogueColumn["kind"];
}

class MappingCompiler {
  readonly #lock: Lock;
  readonly #catalogue: Catalogue;
  readonly #database: Queryable;
  readonly findings: Finding[] = [];

  constructor(lock: Lock, catalogue: Catalogue, database: Queryable) {
    this.#lock = lock;
    this.#catalogue = catalogue;
    this.#database = database;
  }

  find(
    id: string,
    at: string,
    message: string,
    more: { readonly fix?: string; readonly level?: Finding["level"] } = {},
  ): void {
    const place = this.#lock.provenance[at];
    const match = place === undefined ? null : /^(.*):(\d+):(\d+)$/.exec(place);
    this.findings.push({
      id,
      level: more.level ?? "error",
      at,
      ...(match ? { where: { file: match[1] ?? "", line: Number(match[2]), column: Number(match[3]) } } : {}),
      message,
      ...(more.fix === undefined ? {} : { fix: more.fix }),
    });
  }

  problem(at: string, { message, fix }: SourceProblem): void {
    this.find("state-mapping", at, message, { fix });
  }

  subject(): Subject | undefined {
    const text = this.#lock.state?.users ?? STATE_USERS_DEFAULT;
    const dot = text.lastIndexOf(".");
    const table = this.#catalogue.find(text.slice(0, dot));
    const idColumn = text.slice(dot + 1);
    const column = table?.columns.get(idColumn);
    if (!table || !column) {
      this.find("state-mapping", "state.users", `The database has no column ${text}`, {
        fix: "Name the table and the column that holds the id of your events, as in `state: { users: accounts.uuid }`.",
      });
      return undefined;
    }
    if (!isUnique(table, idColumn) || !column.isNotNull)
      this.find("state-mapping", "state.users", `${text} is not unique and not null, so it is not an id`, {
        fix: `Add a unique constraint and \`not null\`, or name another column.`,
      });
    const form = this.#lock.identity.user_id;
    const format = "format" in form ? form.format : "any";
    const fits =
      format === "any" || (format === "integer" ? column.kind === "integer" : column.kind !== "integer");
    if (!fits)
      this.find(
        "state-type-mismatch",
        "state.users",
        `${text} is ${column.type}, and the plan's user ids are ${format}`,
        {
          fix: "Name the column with the ids that events carry.",
        },
      );
    return { table, idColumn };
  }

  /** The column a source reads, with its kind after aggregation. */
  #kind(source: TableSource, table: CatalogueTable, at: string): CatalogueColumn["kind"] | undefined {
    for (const name of [
      source.column,
      source.by,
      source.revisitAt,
      ...source.where.map(({ column }) => column),
    ])
      if (name !== undefined && !table.columns.has(name)) {
        this.find("state-mapping", at, `${shortName(table)} has no column ${name}`, {
          fix: "Correct the name.",
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
      this.find("state-mapping", at, `\`${source.aggregate}\` of ${source.column} (${kind}) has no meaning`, {
        fix: "Choose another column or another rule.",
      });
      return undefined;
    }
    return kind;
  }

  #checkType(
    at: string,
    property: LockProfileProperty,
    column: { readonly kind: CatalogueColumn["kind"]; readonly type: string },
  ): void {
    const { type } = property;
    if (!canHold(type.type, column.kind))
      this.find("state-type-mismatch", at, `The plan says ${type.type}, the database has ${column.type}`, {
        fix: `Make it ${holdersOf(column.kind).join(" or ")} in the plan, or read another column.`,
      });
  }

  #checkLabels(at: string, property: LockProfileProperty, labels: readonly string[]): void {
    const { type } = property;
    if (type.type !== "string" || type.enum === undefined || type.open === true) return;
    const missing = labels.filter((label) => type.enum?.includes(label) === false);
    if (missing.length > 0)
      this.find(
        "state-type-mismatch",
        at,
        `The column's type has values that the plan does not: ${missing.join(", ")}`,
        {
          fix: "Add them to `enum`, or make it `open: true`.",
        },
      );
  }

  tableDraft(
    id: string,
    property: LockProfileProperty,
    source: TableSource,
    subject: Subject,
  ): Draft | undefined {
    const at = `people.${id}`;
    const table = this.#catalogue.find(source.table);
    if (!table) {
      this.find("state-mapping", at, `The database has no table ${source.table}`, {
        fix: "Correct the name, or write the schema with it.",
      });
      return undefined;
    }
    if (table.kind === "view") {
      this.find("state-mapping", at, `${source.table} is a view, and a view does not tell when it changes`, {
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
    if (source.aggregate === "field" && !leadsToOne(path.links)) {
      this.find(
        "state-mapping",
        at,
        `A user can have several rows of ${source.table}, and nothing says which one counts`,
        {
          fix: `Use \`latest: ${source.table}.${source.column}\` with \`by\`, or \`min\`, \`max\`, \`count\`.`,
        },
      );
      return undefined;
    }
    for (const { to, toColumn } of path.links)
      if (!to.indexedColumns.has(toColumn))
        this.find(
          "state-no-index",
          at,
          `${shortName(to)}.${toColumn} has no index: every read goes through the whole table`,
          {
            level: "warn",
            fix: `create index concurrently on ${quoteTable(to)} (${quoteName(toColumn)})`,
          },
        );
    const column = source.column === undefined ? undefined : columnOf(table, source.column);
    const isOwn = source.aggregate === "count" || source.aggregate === "exists";
    this.#checkType(at, property, { kind, type: isOwn ? kind : (column?.type ?? kind) });
    if (column && !isOwn) this.#checkLabels(at, property, column.labels);
    return { id, property, source, links: path.links, kind };
  }

  async sqlSet(
    id: string,
    property: LockProfileProperty,
    source: SqlSource,
    at: { readonly index: number; readonly subject: Subject },
  ): Promise<PropertySet | undefined> {
    const { subject, index } = at;
    const place = `people.${id}`;
    const paths = await sqlPaths(source, this.#catalogue, subject);
    if ("kind" in paths) {
      this.problem(place, paths);
      return undefined;
    }
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
}

/** What is read together: the same rows in the same way. */
function groupKey({ source, links }: Draft): string {
  const way = links.map(({ to, fromColumn, toColumn }) => [to.oid, fromColumn, toColumn]);
  const isRow = links.length > 0 && (source.aggregate === "field" || source.aggregate === "latest");
  return JSON.stringify([way, isRow ? [source.aggregate, source.by, source.where] : null]);
}

const EMPTY = { count: 0, exists: false, sum: 0, field: null, latest: null, min: null, max: null } as const;

function describeSource({ source, links }: Draft): string {
  const what = source.column === undefined ? source.table : `${source.table}.${source.column}`;
  const by = source.by === undefined ? "" : ` by ${source.by}`;
  const way = links.length === 0 ? "" : ` via ${describeLinks(links)}`;
  const where =
    source.where.length === 0
      ? ""
      : `, with ${source.where.length} condition${source.where.length === 1 ? "" : "s"}`;
  return `${source.aggregate} ${what}${by}${way}${where}`;
}

function tableSet(drafts: readonly Draft[], index: number, subject: Subject, timeZone: string): PropertySet {
  const links = drafts[0]?.links ?? [];
  const outputs = drafts.map(
    ({ source, kind }, position): Output => ({ source, kind, alias: `p${position}` }),
  );
  return {
    index,
    sql: setSql({ subject, links, outputs, timeZone }),
    properties: drafts.map((draft, position): MappedProperty => {
      const isText = draft.property.type.type === "string";
      const empty = EMPTY[draft.source.aggregate];
      return {
        id: draft.id,
        name: draft.property.name,
        type: draft.property.type,
        kind: draft.kind,
        column: `p${position}`,
        empty: empty === 0 && isText ? "0" : empty,
        from: describeSource(draft),
      };
    }),
    hasRevisit: drafts.some(({ source }) => source.revisitAt !== undefined),
    paths: links.length === 0 ? [] : [links],
  };
}

function watchesOf(subject: Subject, sets: readonly PropertySet[]): readonly Watch[] {
  const found = new Map<string, { watch: Watch; sets: bigint }>();
  const all = sets.reduce((bits, { index }) => bits | (1n << BigInt(index)), 1n);
  const add = (watch: Omit<Watch, "sets">, bits: bigint): void => {
    const key = JSON.stringify([watch.table.oid, watch.column, watch.resolveSql ?? null]);
    const known = found.get(key);
    if (known) known.sets |= bits;
    else found.set(key, { watch: { ...watch, sets: 0n }, sets: bits });
  };
  // A row of the users themselves: every set, since a link may start at any of its columns.
  add({ table: subject.table, column: subject.idColumn, resolveSql: undefined }, all);
  for (const { index, paths } of sets)
    for (const links of paths)
      for (const [hop, link] of links.entries())
        add(
          { table: link.to, column: link.toColumn, resolveSql: resolveSql(subject, links.slice(0, hop + 1)) },
          1n << BigInt(index),
        );
  return [...found.values()].map(({ watch, sets: bits }) => ({ ...watch, sets: bits }));
}

function finish(subject: Subject, sets: readonly PropertySet[]): Mapping {
  const column = columnOf(subject.table, subject.idColumn);
  const id = quoteName(subject.idColumn);
  const users = quoteTable(subject.table);
  const watches = watchesOf(subject, sets);
  const idArrayType = arrayTypeOf(column);
  const idType = idArrayType.slice(0, -2);
  return {
    subject,
    idArrayType,
    pageSql: `select ${id}::text as user_id from ${users} where ($1::text is null or ${id} > $1::text::${idType}) order by ${id} limit $2`,
    existsSql: `select ${id}::text as user_id from ${users} where ${id} = any($1::${idArrayType})`,
    sets,
    watches,
    tables: [...new Set(watches.map(({ table }) => table))],
    hash: sha256Hex(
      canonicalJson(
        sets.map(({ sql, properties }) => [
          sql,
          properties.map(({ name, type, kind }) => [name, JSON.stringify(type), kind]),
        ]) as unknown as Parameters<typeof canonicalJson>[0],
      ),
    ).slice(0, 16),
  };
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
  const drafts: Draft[] = [];
  const queries: {
    readonly id: string;
    readonly property: LockProfileProperty;
    readonly source: SqlSource;
  }[] = [];
  for (const [id, property] of Object.entries(lock.people)) {
    if (property.owner !== "state") continue;
    if (property.from === undefined) {
      compiler.find(
        "state-no-source",
        `people.${id}`,
        "Its owner is the database, and nothing says which column",
        {
          level: "warn",
          fix: "Add `from: table.column`.",
        },
      );
      continue;
    }
    const source = readStateSource(property.from);
    if (source.kind === "problem") compiler.problem(`people.${id}`, source);
    else if (source.kind === "sql") queries.push({ id, property, source });
    else {
      const draft = compiler.tableDraft(id, property, source, subject);
      if (draft) drafts.push(draft);
    }
  }
  const groups = groupDrafts(drafts);
  const sets = [...groups.values()].map((group, index) => tableSet(group, index, subject, compiler.timeZone));
  for (const query of queries) {
    const set = await compiler.sqlSet(query.id, query.property, query.source, {
      index: sets.length,
      subject,
    });
    if (set) sets.push(set);
  }
  if (sets.length > SETS_MAX)
    compiler.find(
      "state-mapping",
      "people",
      `The mapping needs ${sets.length} queries, and ${SETS_MAX} is the most`,
      {
        fix: "Read properties of one table by the same path, or join several in one `sql`.",
      },
    );
  const isBroken = compiler.findings.some(({ level }) => level === "error");
  return { mapping: isBroken ? undefined : finish(subject, sets), findings: compiler.findings };
}

function groupDrafts(drafts: readonly Draft[]): ReadonlyMap<string, readonly Draft[]> {
  const groups = new Map<string, Draft[]>();
  for (const draft of drafts) {
    const key = groupKey(draft);
    groups.set(key, [...(groups.get(key) ?? []), draft]);
  }
  return groups;
}
