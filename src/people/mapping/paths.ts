// The way from the users to a table: a chain of links, each "this column equals that one". Written in the plan, or found by foreign keys.
import { shortName } from "../database/identifiers.ts";
import { type Catalogue, type CatalogueColumn, type CatalogueTable, columnOf } from "./catalogue.ts";
import type { SourceProblem } from "./state-source.ts";

/** One hop away from the users: rows of `to` whose `toColumn` equals `fromColumn` of a row of `from`. */
export interface Link {
  readonly from: CatalogueTable;
  readonly fromColumn: string;
  readonly to: CatalogueTable;
  readonly toColumn: string;
}

/** The users' own table and the column whose value is the user id. */
export interface Subject {
  readonly table: CatalogueTable;
  readonly idColumn: string;
}

export interface Path {
  readonly kind: "path";
  readonly links: readonly Link[];
  readonly isInferred: boolean;
}

/** Longest way that is looked for by foreign keys; a longer one is written in the plan. */
const INFERRED_HOPS_MAX = 4;

function problem(message: string, fix: string): SourceProblem {
  return { kind: "problem", message, fix };
}

/** Whether at most one row of the table has a given value in the column. */
export function isUnique(table: CatalogueTable, column: string): boolean {
  return table.uniqueKeys.some(({ columns }) => columns.length === 1 && columns[0] === column);
}

/** Whether both sides of a link, where equal, are also spelled alike: then a value of one stands for the other. */
export function isSameValue({ from, fromColumn, to, toColumn }: Link): boolean {
  const [near, far] = [columnOf(from, fromColumn), columnOf(to, toColumn)];
  return near.isExact && far.isExact && near.kind === far.kind;
}

/** At most one row at the end of the path for a user. */
export function leadsToOne(links: readonly Link[]): boolean {
  return links.every(({ to, toColumn }) => isUnique(to, toColumn));
}

/** `orders.user_id = users.id, …`: the path for people. */
export function describeLinks(links: readonly Link[]): string {
  return links
    .map(
      ({ from, fromColumn, to, toColumn }) =>
        `${shortName(to)}.${toColumn} = ${shortName(from)}.${fromColumn}`,
    )
    .join(", ");
}

/** All links that lead away from a table by a foreign key, in both directions; a key that is declared twice is one. */
function linksFrom(catalogue: Catalogue, table: CatalogueTable): readonly Link[] {
  const links = new Map<string, Link>();
  for (const { from, fromColumn, to, toColumn } of catalogue.foreignKeys) {
    if (from === table)
      links.set(JSON.stringify([fromColumn, to.oid, toColumn]), { from, fromColumn, to, toColumn });
    if (to === table)
      links.set(JSON.stringify([toColumn, from.oid, fromColumn]), {
        from: to,
        fromColumn: toColumn,
        to: from,
        toColumn: fromColumn,
      });
  }
  return [...links.values()];
}

/** Foreign keys of several columns are not followed; where one begins or ends at the table, a message says so. */
function compositeNote(catalogue: Catalogue, target: CatalogueTable): string {
  const isTouched = catalogue.compositeKeys.some(({ from, to }) => from === target || to === target);
  return isTouched ? "; those of several columns are not followed" : "";
}

function shortestPaths(
  catalogue: Catalogue,
  start: CatalogueTable,
  target: CatalogueTable,
): readonly (readonly Link[])[] {
  let level: (readonly Link[])[] = linksFrom(catalogue, start).map((link) => [link]);
  for (let hops = 1; hops <= INFERRED_HOPS_MAX; hops++) {
    const found = level.filter((links) => links.at(-1)?.to === target);
    if (found.length > 0) return found;
    level = level.flatMap((links) => {
      const end = links.at(-1)?.to ?? start;
      const seen = new Set([start, ...links.map(({ to }) => to)]);
      return linksFrom(catalogue, end)
        .filter(({ to }) => !seen.has(to))
        .map((link) => [...links, link]);
    });
  }
  return [];
}

/** How a path is written under `via`. */
function viaText(links: readonly Link[]): string {
  const parts = links.map(
    ({ from, fromColumn, to, toColumn }) =>
      `"${shortName(to)}.${toColumn} = ${shortName(from)}.${fromColumn}"`,
  );
  return `via: [${parts.join(", ")}]`;
}

function inferPath(catalogue: Catalogue, subject: Subject, target: CatalogueTable): Path | SourceProblem {
  const found = shortestPaths(catalogue, subject.table, target);
  const [only] = found;
  const [users, name] = [shortName(subject.table), shortName(target)];
  if (only && found.length === 1) return { kind: "path", links: only, isInferred: true };
  if (!only)
    return problem(
      `No foreign keys lead from ${users} to ${name} in ${INFERRED_HOPS_MAX} hops${compositeNote(catalogue, target)}`,
      `Add \`via\`, as in \`via: "${name}.user_id = ${users}.${subject.idColumn}"\`.`,
    );
  return problem(
    `Foreign keys lead from ${users} to ${name} in ${found.length} ways`,
    `Choose one: ${found.map(viaText).join(" or ")}.`,
  );
}

interface ColumnAt {
  readonly table: CatalogueTable;
  readonly column: string;
}

function findColumn(catalogue: Catalogue, text: string, bare: CatalogueTable): ColumnAt | undefined {
  const at = text.lastIndexOf(".");
  const table = at < 0 ? bare : catalogue.find(text.slice(0, at));
  const column = text.slice(at + 1);
  return table?.columns.has(column) === true ? { table, column } : undefined;
}

interface Walk {
  readonly catalogue: Catalogue;
  readonly subject: Subject;
  readonly target: CatalogueTable;
}

/** `a.x = b.y`, in either order. */
function equalityLink(walk: Walk, text: string, here: CatalogueTable): Link | SourceProblem {
  const sides = text.split("=").map((side) => findColumn(walk.catalogue, side.trim(), walk.target));
  const [left, right] = sides;
  if (!left || !right || sides.length !== 2)
    return problem(
      `\`via\` names a column that is not there: ${text}`,
      "Write `table.column = table.column`.",
    );
  const [near, far] = right.table === here ? [right, left] : [left, right];
  if (near.table !== here)
    return problem(
      `\`via\` does not go on from ${shortName(here)}: ${text}`,
      `Begin with a link of ${shortName(here)}.`,
    );
  return { from: here, fromColumn: near.column, to: far.table, toColumn: far.column };
}

/** The column of a table that another column refers to where no foreign key says so: of the same type, and unique. */
function referredColumn(
  table: CatalogueTable,
  by: CatalogueColumn,
  preferred: string | undefined,
): string | undefined {
  const single = table.uniqueKeys.flatMap(({ columns: [name, ...more] }) =>
    name === undefined || more.length > 0 ? [] : [name],
  );
  const [primary] = table.primaryKey;
  const keys = [...(preferred === undefined ? [] : [preferred]), ...(primary === undefined ? [] : [primary])];
  return keys.filter((name) => single.includes(name)).find((name) => columnOf(table, name).kind === by.kind);
}

/** A bare foreign key column: on the table that is reached, or on the one where the walk stands. */
function columnLink(
  walk: Walk,
  given: { readonly text: string; readonly next: string | undefined },
  here: CatalogueTable,
): Link | SourceProblem {
  const { catalogue, subject, target } = walk;
  const { text, next } = given;
  const found = findColumn(catalogue, text, target);
  if (!found) return problem(`\`via\` names a column that is not there: ${text}`, "Write `table.column`.");
  const key = catalogue.foreignKeys.find(
    ({ from, fromColumn }) => from === found.table && fromColumn === found.column,
  );
  if (found.table === here && found.table !== target) {
    const to = key?.to ?? (next === undefined ? target : findColumn(catalogue, next, target)?.table);
    const toColumn = key?.toColumn ?? (to && referredColumn(to, columnOf(here, found.column), undefined));
    return to && toColumn !== undefined
      ? { from: here, fromColumn: found.column, to, toColumn }
      : problem(`Nothing says which table ${text} refers to`, `Write \`${text} = other.column\`.`);
  }
  const fromColumn =
    key?.to === here
      ? key.toColumn
      : referredColumn(
          here,
          columnOf(found.table, found.column),
          here === subject.table ? subject.idColumn : undefined,
        );
  return fromColumn === undefined
    ? problem(`Nothing says what ${text} refers to`, `Write \`${text} = ${shortName(here)}.<column>\`.`)
    : { from: here, fromColumn, to: found.table, toColumn: found.column };
}

function walkPath(walk: Walk, via: readonly string[]): Path | SourceProblem {
  const links: Link[] = [];
  let here = walk.subject.table;
  for (const [index, text] of via.entries()) {
    const link = text.includes("=")
      ? equalityLink(walk, text, here)
      : columnLink(walk, { text, next: via[index + 1] }, here);
    if ("kind" in link) return link;
    links.push(link);
    here = link.to;
  }
  if (here !== walk.target)
    return problem(
      `\`via\` ends at ${shortName(here)}, not at ${shortName(walk.target)}`,
      `Add the link from ${shortName(here)} to ${shortName(walk.target)}.`,
    );
  return { kind: "path", links, isInferred: false };
}

/**
 * The path from the users to a table.
 *
 * @param via As written in the plan, from the users outwards (the other way round is understood too); empty: by foreign keys, where
 *   exactly one shortest way exists.
 */
export function findPath(walk: Walk, via: readonly string[]): Path | SourceProblem {
  const { subject, target, catalogue } = walk;
  if (via.length === 0)
    return target === subject.table
      ? { kind: "path", links: [], isInferred: false }
      : inferPath(catalogue, subject, target);
  const forwards = walkPath(walk, via);
  if (forwards.kind === "path" || via.length === 1) return forwards;
  const backwards = walkPath(walk, via.toReversed());
  return backwards.kind === "path" ? backwards : forwards;
}
