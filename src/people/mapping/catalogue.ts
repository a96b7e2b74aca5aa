// What a database says about its own tables: columns with their types, keys, foreign keys, partitions. Read once, then pure.
import { AppError } from "../../core/index.ts";
import type { Queryable, Row } from "../database/database.ts";
import { shortName, type TableName } from "../database/identifiers.ts";

/** What a Postgres type holds, as far as a profile can hold it. */
export type ColumnKind =
  | "boolean"
  | "integer"
  | "number"
  | "text"
  | "enum"
  | "uuid"
  | "date"
  | "timestamp"
  | "timestamptz"
  | "list"
  | "json"
  | "other";

export interface CatalogueColumn {
  readonly name: string;
  readonly kind: ColumnKind;
  /** As Postgres prints the type, for example `numeric(10,2)`. */
  readonly type: string;
  /** Type beneath domains, without length or precision: what a list of values is cast to. */
  readonly base: string;
  readonly isNotNull: boolean;
  /** Equal values have one spelling; not so for `citext`, padded `char(n)`, decimals and collations that ignore case. */
  readonly isExact: boolean;
  /** Labels of an enum type, or of the items of a list. */
  readonly labels: readonly string[];
  /** What the items of a list are. */
  readonly itemKind: ColumnKind | undefined;
}

export interface CatalogueTable extends TableName {
  readonly oid: string;
  readonly kind: "table" | "partitioned" | "view";
  readonly columns: ReadonlyMap<string, CatalogueColumn>;
  readonly primaryKey: readonly string[];
  /** Columns of unique, whole, immediate indexes, the primary key among them. */
  readonly uniqueKeys: readonly { readonly index: string; readonly columns: readonly string[] }[];
  /** `d` default, `n` nothing, `f` full, `i` index. */
  readonly replicaIdentity: string;
  /** Columns of the index that the replica identity uses. */
  readonly identityColumns: readonly string[];
  /** Other tables inherit from it: reading it reads them too, and their changes are theirs. */
  readonly isInherited: boolean;
  /** Leaves of a partitioned table. */
  readonly partitions: readonly TableName[];
  /** First columns of its indexes: a look-up by one of them is cheap. */
  readonly indexedColumns: ReadonlySet<string>;
}

/** A foreign key of one column. */
export interface ForeignKey {
  readonly from: CatalogueTable;
  readonly fromColumn: string;
  readonly to: CatalogueTable;
  readonly toColumn: string;
}

export interface Catalogue {
  readonly tables: readonly CatalogueTable[];
  readonly foreignKeys: readonly ForeignKey[];
  /** Foreign keys of several columns: no path is inferred from them. */
  readonly compositeKeys: readonly Pick<ForeignKey, "from" | "to">[];
  /** Finds a table as people name it; `undefined` when there is none, or several in different schemas. */
  find(name: string): CatalogueTable | undefined;
}

const READ_COLUMNS = `
with recursive base(oid, root) as (
  select t.oid, t.oid from pg_catalog.pg_type t where t.typtype <> 'd'
  union all
  select d.oid, b.root from pg_catalog.pg_type d join base b on d.typbasetype = b.oid where d.typtype = 'd'
)
select c.oid::text as oid, n.nspname as schema, c.relname as name, c.relkind as kind, c.relreplident as identity,
  (c.relkind = 'r' and exists (select from pg_catalog.pg_inherits h where h.inhparent = c.oid))::text as inherited,
  a.attname as column, a.attnotnull as not_null, pg_catalog.format_type(a.atttypid, a.atttypmod) as type,
  r.typname as base, r.typtype as typtype, r.typcategory as category, a.atttypmod as modifier,
  pg_catalog.format_type(r.oid, -1) as base_type,
  coalesce((select o.collisdeterministic from pg_catalog.pg_collation o where o.oid = a.attcollation), true)::text as deterministic,
  coalesce(e.oid, r.oid)::text as label_oid, e.typname as item_base, e.typtype as item_typtype, e.typcategory as item_category
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
join base b on b.oid = a.atttypid
join pg_catalog.pg_type r on r.oid = b.root
left join base i on i.oid = r.typelem and r.typcategory = 'A'
left join pg_catalog.pg_type e on e.oid = i.root
where c.relkind in ('r', 'p', 'v', 'm') and not c.relispartition
  and n.nspname not in ('pg_catalog', 'information_schema', 'plumbline') and n.nspname not like 'pg\\_%'
order by n.nspname, c.relname, a.attnum`;

const READ_LABELS = `select enumtypid::text as type_oid, enumlabel as label from pg_catalog.pg_enum order by enumtypid, enumsortorder`;

const READ_INDEXES = `
select i.indrelid::text as oid, x.relname as index, i.indisprimary as is_primary, i.indisreplident as is_identity,
  (i.indisunique and i.indpred is null and i.indexprs is null and i.indimmediate and i.indisvalid) as is_unique,
  array_to_json(array(select a.attname from unnest(i.indkey::int2[]) with ordinality k(attnum, ord)
    join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
    where k.ord <= i.indnkeyatts order by k.ord))::text as columns
from pg_catalog.pg_index i join pg_catalog.pg_class x on x.oid = i.indexrelid`;

const READ_FOREIGN_KEYS = `
select f.conrelid::text as from_oid, f.confrelid::text as to_oid, a.attname as from_column, b.attname as to_column
from pg_catalog.pg_constraint f
join pg_catalog.pg_attribute a on a.attrelid = f.conrelid and a.attnum = f.conkey[1]
join pg_catalog.pg_attribute b on b.attrelid = f.confrelid and b.attnum = f.confkey[1]
where f.contype = 'f' and cardinality(f.conkey) = 1
order by f.oid`;

const READ_COMPOSITE_KEYS = `
select distinct f.conrelid::text as from_oid, f.confrelid::text as to_oid
from pg_catalog.pg_constraint f where f.contype = 'f' and cardinality(f.conkey) > 1`;

const READ_PARTITIONS = `
select p.oid::text as oid, n.nspname as schema, l.relname as name
from pg_catalog.pg_class p, lateral pg_catalog.pg_partition_tree(p.oid) t
join pg_catalog.pg_class l on l.oid = t.relid join pg_catalog.pg_namespace n on n.oid = l.relnamespace
where p.relkind = 'p' and not p.relispartition and t.isleaf`;

const INTEGERS = new Set(["int2", "int4", "int8", "oid"]);
/** Types whose equal values are spelled alike. */
const EXACT = new Set(["int2", "int4", "int8", "uuid", "text", "varchar", "name", "date", "bool"]);
const KINDS: Readonly<Record<string, ColumnKind>> = {
  bool: "boolean",
  uuid: "uuid",
  date: "date",
  timestamp: "timestamp",
  timestamptz: "timestamptz",
  json: "json",
  jsonb: "json",
};

function text(row: Row, name: string): string {
  return row[name] ?? "";
}

/** `numeric(12)` and `numeric(12,0)` hold whole numbers only. */
function isWholeNumeric(row: Row): boolean {
  const modifier = Number(row["modifier"]);
  return row["base"] === "numeric" && modifier >= 4 && ((modifier - 4) & 0x7ff) === 0;
}

/** The kind of a type: a row with `base`, `typtype`, `category`, `modifier`. */
export function kindOfType(row: Row): ColumnKind {
  const base = text(row, "base");
  const category = row["category"];
  if (row["typtype"] === "e") return "enum";
  if (category === "A") return "list";
  if (INTEGERS.has(base) || isWholeNumeric(row)) return "integer";
  if (category === "N" && base !== "money") return "number";
  if (category === "S") return "text";
  return KINDS[base] ?? (base === "citext" ? "text" : "other");
}

interface Draft {
  readonly first: Row;
  readonly columns: Map<string, CatalogueColumn>;
}

function readCatalogueColumn(row: Row, labels: ReadonlyMap<string, readonly string[]>): CatalogueColumn {
  const kind = kindOfType(row);
  const item = { base: row["item_base"] ?? null, typtype: row["item_typtype"] ?? null };
  return {
    name: text(row, "column"),
    kind,
    type: text(row, "type"),
    base: text(row, "base_type"),
    isNotNull: row["not_null"] === "t",
    isExact: row["deterministic"] === "true" && (kind === "enum" || EXACT.has(text(row, "base"))),
    labels: labels.get(text(row, "label_oid")) ?? [],
    itemKind:
      kind === "list" && item.base !== null
        ? kindOfType({ ...item, category: row["item_category"] ?? null, modifier: "-1" })
        : undefined,
  };
}

function draftTables(
  columns: readonly Row[],
  labels: ReadonlyMap<string, readonly string[]>,
): Map<string, Draft> {
  const drafts = new Map<string, Draft>();
  for (const row of columns) {
    const oid = text(row, "oid");
    const draft = drafts.get(oid) ?? { first: row, columns: new Map() };
    drafts.set(oid, draft);
    draft.columns.set(text(row, "column"), readCatalogueColumn(row, labels));
  }
  return drafts;
}

function groupBy<T>(
  rows: readonly Row[],
  key: string,
  value: (row: Row) => T,
): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const row of rows) {
    const group = groups.get(text(row, key));
    if (group) group.push(value(row));
    else groups.set(text(row, key), [value(row)]);
  }
  return groups;
}

const TABLE_KINDS: Readonly<Record<string, CatalogueTable["kind"]>> = {
  r: "table",
  p: "partitioned",
  v: "view",
  m: "view",
};

function finder(tables: readonly CatalogueTable[]): Catalogue["find"] {
  const byName = new Map<string, CatalogueTable[]>();
  for (const table of tables)
    for (const name of new Set([table.table, `${table.schema}.${table.table}`]))
      byName.set(name, [...(byName.get(name) ?? []), table]);
  return (name) => {
    const found = byName.get(name) ?? [];
    return found.find((table) => shortName(table) === name) ?? (found.length === 1 ? found[0] : undefined);
  };
}

/**
 * Reads the catalogue of a database: every table, view and partitioned table outside Postgres's own schemas.
 *
 * @throws {AppError} `PEOPLE_DATABASE_UNREACHABLE` is the caller's to make; errors of Postgres come through as they are.
 */
export async function readCatalogue(database: Queryable): Promise<Catalogue> {
  const [columns, labelRows, indexRows, keyRows, compositeRows, partitionRows] = await Promise.all([
    database.query(READ_COLUMNS),
    database.query(READ_LABELS),
    database.query(READ_INDEXES),
    database.query(READ_FOREIGN_KEYS),
    database.query(READ_COMPOSITE_KEYS),
    database.query(READ_PARTITIONS),
  ]);
  const labels = groupBy(labelRows, "type_oid", (row) => text(row, "label"));
  const indexes = groupBy(indexRows, "oid", (row) => ({
    index: text(row, "index"),
    isPrimary: row["is_primary"] === "t",
    isIdentity: row["is_identity"] === "t",
    isUnique: row["is_unique"] === "t",
    columns: JSON.parse(text(row, "columns")) as readonly string[],
  }));
  const partitions = groupBy(partitionRows, "oid", (row) => ({
    schema: text(row, "schema"),
    table: text(row, "name"),
  }));
  const tables = [...draftTables(columns, labels)].map(([oid, { first, columns: found }]): CatalogueTable => {
    const own = indexes.get(oid) ?? [];
    return {
      oid,
      schema: text(first, "schema"),
      table: text(first, "name"),
      kind: TABLE_KINDS[text(first, "kind")] ?? "table",
      columns: found,
      isInherited: first["inherited"] === "true",
      primaryKey: own.find(({ isPrimary }) => isPrimary)?.columns ?? [],
      uniqueKeys: own.filter(({ isUnique }) => isUnique),
      replicaIdentity: text(first, "identity"),
      identityColumns: own.find(({ isIdentity }) => isIdentity)?.columns ?? [],
      partitions: partitions.get(oid) ?? [],
      indexedColumns: new Set(own.flatMap(({ columns: names }) => names.slice(0, 1))),
    };
  });
  const byOid = new Map(tables.map((table) => [table.oid, table]));
  const foreignKeys = keyRows.flatMap((row): ForeignKey[] => {
    const from = byOid.get(text(row, "from_oid"));
    const to = byOid.get(text(row, "to_oid"));
    if (!from || !to) return [];
    return [{ from, to, fromColumn: text(row, "from_column"), toColumn: text(row, "to_column") }];
  });
  const compositeKeys = compositeRows.flatMap((row) => {
    const from = byOid.get(text(row, "from_oid"));
    const to = byOid.get(text(row, "to_oid"));
    return from && to ? [{ from, to }] : [];
  });
  return { tables, foreignKeys, compositeKeys, find: finder(tables) };
}

/** The column of a table. @throws {AppError} `INTERNAL` when it is not there: callers have checked. */
export function columnOf(table: CatalogueTable, name: string): CatalogueColumn {
  const column = table.columns.get(name);
  if (!column) throw new AppError("INTERNAL", `Cannot read column ${name}: not in ${shortName(table)}`);
  return column;
}
