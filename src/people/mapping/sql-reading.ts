// What a query reads, level by level: each mention of a table, and which columns are equal whenever a row counts for the answer.
// Invariant: an equality is noted only where it must hold. One under `or`, `not`, or on the kept side of an outer join proves nothing, and a
// filter on the answer does not reach through `limit`, `distinct on` or a window over everybody.
import { isObject } from "../../core/index.ts";
import type { Catalogue, CatalogueTable } from "./catalogue.ts";
import { type Common, findPlace, type Found, type Item, type Level, type Place } from "./sql-scope.ts";
import {
  aliasOf,
  columnParts,
  conjuncts,
  equalSides,
  inside,
  listIn,
  readsClock,
  starAlias,
  textOf,
  type Tree,
} from "./sql-tree.ts";

export interface Mention {
  readonly id: number;
  readonly table: CatalogueTable;
}

/** A column that a level answers; `undefined` place: computed. */
export interface Answer {
  readonly name: string;
  readonly place: Place | undefined;
  /** A filter on it reaches the rows beneath. */
  readonly isKey: boolean;
}

export interface CalledFunction {
  readonly schema: string | undefined;
  readonly name: string;
}

/** Whether an equality of columns of two items has to hold for every row. */
type Holds = (a: Item, b: Item) => boolean;
const ALWAYS: Holds = () => true;

type Alignment = "inner" | "left" | "right" | "full";
const JOINS: Readonly<Record<string, Alignment>> = {
  JOIN_INNER: "inner",
  JOIN_LEFT: "left",
  JOIN_RIGHT: "right",
  JOIN_FULL: "full",
};

/** Place of a column of a mention. */
export function placeOf(mention: number, column: string): Place {
  return `${mention}.${column}`;
}

export class SqlReading {
  readonly #catalogue: Catalogue;
  readonly mentions = new Map<number, Mention>();
  /** Base places → mention and column. */
  readonly columns = new Map<Place, { readonly mention: Mention; readonly column: string }>();
  /** From a place to those that hold the same value, in the directions in which that is sure. */
  readonly equal = new Map<Place, Set<Place>>();
  readonly unknown: string[] = [];
  readonly functions: CalledFunction[] = [];
  readsClock = false;
  /** Answers of a union: what holds for one arm does not hold for the other, so nothing leads out of them. */
  readonly #inwards = new Set<Place>();
  #next = 0;

  constructor(catalogue: Catalogue) {
    this.#catalogue = catalogue;
  }

  #lead(from: Place, to: Place): void {
    const known = this.equal.get(from);
    if (known) known.add(to);
    else this.equal.set(from, new Set([to]));
  }

  /** Reads a `select` with everything in it. */
  select(statement: Tree, parent?: Level, common: Common = new Map()): readonly Answer[] {
    const known = this.#commonTables(statement, common);
    if (statement["op"] !== "SETOP_NONE") return this.#union(statement, parent, known);
    const level: Level = { parent, items: [], merged: new Map(), common: known };
    for (const node of listIn(statement, "fromClause")) this.#from(node, level);
    this.#conditions(statement["whereClause"], level, ALWAYS);
    for (const key of [
      "targetList",
      "havingClause",
      "groupClause",
      "sortClause",
      "windowClause",
      "distinctClause",
      "limitCount",
      "limitOffset",
      "valuesLists",
    ])
      this.#expression(statement[key], level);
    return this.#answers(statement, level);
  }

  #commonTables(statement: Tree, common: Common): Common {
    const clause = isObject(statement["withClause"]) ? statement["withClause"] : undefined;
    if (!clause) return common;
    const known = new Map(common);
    for (const node of listIn(clause, "ctes")) {
      const table = inside(node, "CommonTableExpr");
      if (table)
        known.set(String(table["ctename"]), {
          query: table["ctequery"],
          columns: listIn(table, "aliascolnames").map((column) => textOf(column) ?? ""),
          common: new Map(known),
          isRecursive: clause["recursive"] === true,
        });
    }
    return known;
  }

  /** Both arms answer by position. A filter reaches into each; what one arm says does not hold for the other. */
  #union(statement: Tree, parent: Level | undefined, common: Common): readonly Answer[] {
    const arms = ["larg", "rarg"].map((key) => {
      const arm = statement[key];
      return isObject(arm) ? this.select(arm, parent, common) : [];
    });
    const isCut = statement["limitCount"] !== undefined || statement["limitOffset"] !== undefined;
    return (arms[0] ?? []).map(({ name }, position) => {
      const place = `d${(this.#next += 1)}`;
      this.#inwards.add(place);
      for (const arm of arms) {
        const answer = arm[position];
        if (answer?.place !== undefined && answer.isKey && !isCut) this.#lead(place, answer.place);
      }
      return { name, place, isKey: !isCut };
    });
  }

  // --- from ---

  #from(node: unknown, level: Level): readonly Item[] {
    const range = inside(node, "RangeVar");
    if (range) return this.#add(level, this.#table(range, level));
    const subselect = inside(node, "RangeSubselect");
    const query = subselect && inside(subselect["subquery"], "SelectStmt");
    if (query) {
      const outer = subselect["lateral"] === true ? level : level.parent;
      const alias = aliasOf(subselect);
      return this.#add(level, this.#derived(this.select(query, outer, level.common), alias));
    }
    const join = inside(node, "JoinExpr");
    if (join) return this.#join(join, level);
    this.#expression(node, level);
    const [[, inner] = []] = isObject(node) ? Object.entries(node) : [];
    const alias = isObject(inner) ? aliasOf(inner) : undefined;
    return this.#add(level, { alias: alias?.name ?? "", columns: new Map(), isOpaque: true });
  }

  #add(level: Level, item: Item): readonly Item[] {
    level.items.push(item);
    return [item];
  }

  #table(range: Tree, level: Level): Item {
    const name = String(range["relname"]);
    const schema = range["schemaname"];
    const alias = aliasOf(range);
    const common = schema === undefined ? level.common.get(name) : undefined;
    if (common) {
      const query = inside(common.query, "SelectStmt");
      const own = {
        name: alias?.name ?? name,
        columns: alias && alias.columns.length > 0 ? alias.columns : common.columns,
      };
      if (query && !common.isRecursive)
        return this.#derived(this.select(query, undefined, common.common), own);
      // Inside of itself a recursive query is met again: read once, and nothing is sure of its rows.
      if (query)
        this.select(query, undefined, new Map([...common.common, [name, { ...common, query: undefined }]]));
      return { alias: own.name, columns: new Map(), isOpaque: true };
    }
    const full = typeof schema === "string" ? `${schema}.${name}` : name;
    const table = this.#catalogue.find(full);
    if (!table) {
      this.unknown.push(full);
      return { alias: alias?.name ?? name, columns: new Map(), isOpaque: true };
    }
    const mention = { id: (this.#next += 1), table };
    this.mentions.set(mention.id, mention);
    const columns = new Map<string, Place>();
    for (const [position, column] of [...table.columns.keys()].entries()) {
      const place = placeOf(mention.id, column);
      this.columns.set(place, { mention, column });
      columns.set(alias?.columns[position] ?? column, place);
    }
    return { alias: alias?.name ?? name, columns, isOpaque: false };
  }

  #derived(answers: readonly Answer[], alias: ReturnType<typeof aliasOf>): Item {
    const columns = new Map<string, Place | undefined>();
    for (const [position, { name, place, isKey }] of answers.entries()) {
      const own = `d${(this.#next += 1)}`;
      if (place !== undefined) {
        if (isKey) this.#lead(own, place);
        if (this.#inwards.has(place)) this.#inwards.add(own);
        else this.#lead(place, own);
      }
      columns.set(alias?.columns[position] ?? name, place === undefined ? undefined : own);
    }
    return { alias: alias?.name ?? "", columns, isOpaque: answers.some(({ name }) => name === "*") };
  }

  #join(join: Tree, level: Level): readonly Item[] {
    const left = this.#from(join["larg"], level);
    const right = this.#from(join["rarg"], level);
    const kind = JOINS[String(join["jointype"])];
    if (kind !== undefined)
      for (const node of listIn(join, "usingClause"))
        this.#using(textOf(node) ?? "", { left, right, kind }, level);
    this.#conditions(join["quals"], level, kind === "inner" ? ALWAYS : holdsIn(kind, left, right));
    const alias = aliasOf(join);
    const items = [...left, ...right];
    return alias
      ? [...items, ...this.#add(level, { alias: alias.name, columns: new Map(), isOpaque: true })]
      : items;
  }

  #using(
    column: string,
    {
      left,
      right,
      kind,
    }: { readonly left: readonly Item[]; readonly right: readonly Item[]; readonly kind: Alignment },
    level: Level,
  ): void {
    const near = left.find(({ columns }) => columns.has(column))?.columns.get(column);
    const far = right.find(({ columns }) => columns.has(column))?.columns.get(column);
    if (near === undefined || far === undefined) return;
    this.#lead(near, far);
    this.#lead(far, near);
    // The one column of both: that of the side whose rows are all kept.
    if (kind === "full") return;
    level.merged.set(column, kind === "right" ? far : near);
  }

  // --- conditions and expressions ---

  /** Equalities that have to hold, where `holds` agrees about the two items. */
  #conditions(node: unknown, level: Level, holds: Holds): void {
    if (node === undefined) return;
    for (const conjunct of conjuncts(node)) {
      const sides = equalSides(conjunct);
      const [a, b] = (sides ?? []).map((side) => findPlace(columnParts(side), level));
      if (a && b) this.#equality(a, b, holds);
      const sublink = inside(conjunct, "SubLink");
      if (sublink) this.#sublink(sublink, level, true);
      else this.#expression(conjunct, level);
    }
  }

  /** Inside of a level both ways; from a level around it inwards alone, since there it may stand under `not`. */
  #equality(a: Found, b: Found, holds: Holds): void {
    const isSure = (one: Found, other: Found): boolean =>
      one.item && other.item ? holds(one.item, other.item) : holds === ALWAYS;
    if (a.isLocal && b.isLocal) {
      if (!isSure(a, b)) return;
      this.#lead(a.place, b.place);
      this.#lead(b.place, a.place);
    } else if (a.isLocal && isSure(a, a)) this.#lead(b.place, a.place);
    else if (b.isLocal && isSure(b, b)) this.#lead(a.place, b.place);
  }

  /** Sublinks, functions and clocks anywhere in an expression. */
  #expression(node: unknown, level: Level): void {
    if (Array.isArray(node)) {
      for (const item of node) this.#expression(item, level);
      return;
    }
    if (!isObject(node)) return;
    for (const [kind, inner] of Object.entries(node)) {
      if (!isObject(inner)) {
        this.#expression(inner, level);
        continue;
      }
      if (kind === "SubLink") {
        this.#sublink(inner, level, false);
        continue;
      }
      // A table or query at a place that is not understood.
      if (kind === "RangeVar") this.unknown.push(String(inner["relname"]));
      if (kind === "SelectStmt") {
        this.select(inner, level, level.common);
        continue;
      }
      if (readsClock(kind, inner)) this.readsClock = true;
      else if (kind === "FuncCall") {
        const names = listIn(inner, "funcname").map((part) => textOf(part) ?? "");
        this.functions.push({ schema: names.at(-2), name: names.at(-1) ?? "" });
      }
      this.#expression(inner, level);
    }
  }

  #sublink(sublink: Tree, level: Level, isConjunct: boolean): void {
    this.#expression(sublink["testexpr"], level);
    const query = inside(sublink["subselect"], "SelectStmt");
    if (!query) return;
    const [answer] = this.select(query, level, level.common);
    const operator = listIn(sublink, "operName");
    const isIn =
      sublink["subLinkType"] === "ANY_SUBLINK" && (operator.length === 0 || textOf(operator[0]) === "=");
    if (!isIn || answer?.place === undefined || !answer.isKey) return;
    const tested = findPlace(columnParts(sublink["testexpr"]), level);
    // `not in`: one row without a value changes the answer of everybody.
    const base = this.columns.get(answer.place);
    const isNotNull = base?.mention.table.columns.get(base.column)?.isNotNull === true;
    if (tested && (isConjunct || isNotNull)) this.#lead(tested.place, answer.place);
  }

  // --- answers ---

  #answers(statement: Tree, level: Level): readonly Answer[] {
    const isCut = statement["limitCount"] !== undefined || statement["limitOffset"] !== undefined;
    const keys = this.#keys(statement, level);
    const isKey = (place: Place | undefined): boolean =>
      !isCut && place !== undefined && keys.every((places) => places.some((key) => this.#isSame(key, place)));
    return listIn(statement, "targetList").flatMap((target): Answer[] => {
      const result = inside(target, "ResTarget");
      if (!result) return [];
      const star = starAlias(result["val"]);
      if (star !== undefined) {
        const items = level.items.filter(({ alias }) => star === "" || alias === star);
        return [
          ...items.flatMap(({ columns }) =>
            [...columns].map(([name, place]): Answer => ({ name, place, isKey: isKey(place) })),
          ),
          ...(items.some(({ isOpaque }) => isOpaque) ? [{ name: "*", place: undefined, isKey: false }] : []),
        ];
      }
      const parts = columnParts(result["val"]);
      const place = findPlace(parts, level)?.place;
      const given = result["name"];
      const name = typeof given === "string" ? given : (parts?.at(-1) ?? "?");
      return [{ name, place, isKey: isKey(place) }];
    });
  }

  #isSame(a: Place, b: Place): boolean {
    return a === b || (this.equal.get(a)?.has(b) === true && this.equal.get(b)?.has(a) === true);
  }

  /** What each window is partitioned by, and what `distinct on` keeps one row of: a filter on anything else would change their result. */
  #keys(statement: Tree, level: Level): readonly (readonly Place[])[] {
    const places = (nodes: readonly unknown[]): readonly Place[] =>
      nodes.flatMap((node) => findPlace(columnParts(node), level)?.place ?? []);
    const distinct = listIn(statement, "distinctClause");
    const isOn = distinct.some((node) => isObject(node) && Object.keys(node).length > 0);
    const named = new Map(
      listIn(statement, "windowClause").flatMap((node) => {
        const window = inside(node, "WindowDef");
        return window ? [[String(window["name"]), window] as const] : [];
      }),
    );
    const windows = [...windowsIn(statement["targetList"]), ...windowsIn(statement["sortClause"])].map(
      (window) => named.get(String(window["name"] ?? window["refname"])) ?? window,
    );
    return [
      ...(isOn ? [places(distinct)] : []),
      ...windows.map((window) => places(listIn(window, "partitionClause"))),
    ];
  }
}

/** Rows of the kept side of an outer join are there whatever `on` says. */
function holdsIn(kind: Alignment | undefined, left: readonly Item[], right: readonly Item[]): Holds {
  return (a, b) => {
    if (kind === "left") return right.includes(a) || right.includes(b);
    if (kind === "right") return left.includes(a) || left.includes(b);
    if (kind === "full")
      return (left.includes(a) && right.includes(b)) || (right.includes(a) && left.includes(b));
    return false;
  };
}

/** `over (…)` of this level; those of subqueries are theirs. */
function windowsIn(node: unknown): readonly Tree[] {
  if (Array.isArray(node)) return node.flatMap(windowsIn);
  if (!isObject(node)) return [];
  return Object.entries(node).flatMap(([kind, inner]): readonly Tree[] => {
    if (kind === "SubLink") return [];
    if (kind === "over" && isObject(inner)) return [inner];
    return windowsIn(inner);
  });
}
