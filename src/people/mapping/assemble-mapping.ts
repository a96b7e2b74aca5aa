// Drafts of properties → sets that are read by one statement each → mapping with its watches. Pure.
import { canonicalJson } from "../../core/index.ts";
import type { LockProfileProperty } from "../../plan/index.ts";
import { quoteName, quoteTable } from "../database/identifiers.ts";
import { sha256Hex } from "../hash.ts";
import { type CatalogueColumn, columnOf } from "./catalogue.ts";
import type { MappedProperty, Mapping, OldIdSet, PropertySet, Watch } from "./mapping.ts";
import { describeLinks, type Link, type Subject } from "./paths.ts";
import { arrayTypeOf, type Output, resolveSql, setSql } from "./set-query.ts";
import type { TableSource } from "./state-source.ts";

/** A property whose source was checked against the catalogue. */
export interface Draft {
  readonly id: string;
  readonly property: LockProfileProperty;
  readonly source: TableSource;
  readonly links: readonly Link[];
  readonly kind: CatalogueColumn["kind"];
  /** Where it stands in the plan. */
  readonly at: string;
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

/** The set of a group of drafts. */
export function tableSet(
  drafts: readonly Draft[],
  {
    index,
    subject,
    timeZone,
  }: { readonly index: number; readonly subject: Subject; readonly timeZone: string },
): PropertySet {
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
    hasRevisit: drafts.some(({ source }) => source.revisits.length > 0),
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

function hashOf(subject: Subject, sets: readonly PropertySet[], watches: readonly Watch[]): string {
  const shown = {
    users: [subject.table.schema, subject.table.table, subject.idColumn],
    sets: sets.map(({ sql, properties }) => [
      sql,
      properties.map(({ name, type, kind, empty }) => [name, JSON.stringify(type), kind, empty]),
    ]),
    watches: watches.map(({ table, column, sets: bits, resolveSql: text }) => [
      table.schema,
      table.table,
      column,
      String(bits),
      text ?? "",
    ]),
  };
  return sha256Hex(canonicalJson(shown)).slice(0, 16);
}

/** Sets → mapping: what is watched, how users are listed, and the hash of it all. */
export function assembleMapping(
  subject: Subject,
  sets: readonly PropertySet[],
  oldIds: readonly OldIdSet[],
): Mapping {
  const column = columnOf(subject.table, subject.idColumn);
  const id = quoteName(subject.idColumn);
  const users = quoteTable(subject.table);
  const all = [...sets, ...oldIds];
  const watches = watchesOf(subject, all);
  const idArrayType = arrayTypeOf(column);
  const idType = idArrayType.slice(0, -2);
  return {
    subject,
    idArrayType,
    pageSql: `select ${id}::text as user_id from ${users} where ($1::text is null or ${id} > $1::text::${idType}) order by ${id} limit $2`,
    existsSql: `select ${id}::text as user_id from ${users} where ${id} = any($1::${idArrayType})`,
    sets,
    oldIds,
    watches,
    tables: [...new Set(watches.map(({ table }) => table))],
    hash: hashOf(subject, all, watches),
  };
}

/** Drafts that one statement can read. */
export function groupDrafts(drafts: readonly Draft[]): ReadonlyMap<string, readonly Draft[]> {
  const groups = new Map<string, Draft[]>();
  for (const draft of drafts) {
    const key = groupKey(draft);
    groups.set(key, [...(groups.get(key) ?? []), draft]);
  }
  return groups;
}
