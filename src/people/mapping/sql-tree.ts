// Parts of Postgres's own parse tree, as `libpg-query` gives it, that the reading of a query looks at. Unknown shapes answer `undefined`.
import { isObject } from "../../core/index.ts";

export type Tree = Readonly<Record<string, unknown>>;

/** The inside of a node of a kind: `{ SelectStmt: … }` → `…`. */
export function inside(node: unknown, kind: string): Tree | undefined {
  const inner = isObject(node) ? node[kind] : undefined;
  return isObject(inner) ? inner : undefined;
}

export function listIn(node: Tree, key: string): readonly unknown[] {
  const list = node[key];
  return Array.isArray(list) ? list : [];
}

export function textOf(node: unknown): string | undefined {
  const text = inside(node, "String")?.["sval"];
  return typeof text === "string" ? text : undefined;
}

/** `o.user_id` or `user_id` → its parts; `undefined` for anything else. */
export function columnParts(node: unknown): readonly string[] | undefined {
  const reference = inside(node, "ColumnRef");
  if (!reference) return undefined;
  const parts = listIn(reference, "fields").map(textOf);
  return parts.every((part) => part !== undefined) ? parts : undefined;
}

/** `*` or `o.*` → the alias, "" for all; `undefined` for anything else. */
export function starAlias(node: unknown): string | undefined {
  const reference = inside(node, "ColumnRef");
  if (!reference) return undefined;
  const fields = listIn(reference, "fields");
  if (
    !inside(fields.at(-1), "A_Star") &&
    !(isObject(fields.at(-1)) && Object.hasOwn(fields.at(-1) as object, "A_Star"))
  )
    return undefined;
  return fields.length === 1 ? "" : (textOf(fields.at(-2)) ?? "");
}

/** The two sides of `a = b`. */
export function equalSides(node: unknown): readonly [unknown, unknown] | undefined {
  const expression = inside(node, "A_Expr");
  if (!expression || expression["kind"] !== "AEXPR_OP") return undefined;
  const name = listIn(expression, "name");
  return name.length === 1 && textOf(name[0]) === "="
    ? [expression["lexpr"], expression["rexpr"]]
    : undefined;
}

/** What has to hold together: the members of `a and b and c`, at any depth. */
export function conjuncts(node: unknown): readonly unknown[] {
  const expression = inside(node, "BoolExpr");
  return expression?.["boolop"] === "AND_EXPR" ? listIn(expression, "args").flatMap(conjuncts) : [node];
}

/** Name of an alias, and the names that it gives to columns. */
export function aliasOf(
  node: Tree,
): { readonly name: string; readonly columns: readonly string[] } | undefined {
  const alias = node["alias"];
  if (!isObject(alias)) return undefined;
  return {
    name: String(alias["aliasname"]),
    columns: listIn(alias, "colnames").map((column) => textOf(column) ?? ""),
  };
}

const CLOCKS = new Set([
  "now",
  "clock_timestamp",
  "statement_timestamp",
  "transaction_timestamp",
  "timeofday",
]);
const CLOCK_VALUE = /^SVFOP_(?:CURRENT_(?:DATE|TIME|TIMESTAMP)|LOCALTIME)/;
const CLOCK_WORDS = new Set(["now", "today", "tomorrow", "yesterday"]);
const TIME_TYPES = new Set(["date", "time", "timetz", "timestamp", "timestamptz"]);

/** Whether a node reads the clock: `now()`, `current_date`, `'today'::date`, `age(x)` … */
export function readsClock(kind: string, node: Tree): boolean {
  switch (kind) {
    case "FuncCall": {
      const name = textOf(listIn(node, "funcname").at(-1)) ?? "";
      return CLOCKS.has(name) || (name === "age" && listIn(node, "args").length === 1);
    }
    case "SQLValueFunction":
      return CLOCK_VALUE.test(String(node["op"]));
    case "TypeCast": {
      const type = isObject(node["typeName"]) ? textOf(listIn(node["typeName"], "names").at(-1)) : undefined;
      const constant = inside(node["arg"], "A_Const")?.["sval"];
      const text = isObject(constant) ? String(constant["sval"]).trim().toLowerCase() : "";
      return type !== undefined && TIME_TYPES.has(type) && CLOCK_WORDS.has(text);
    }
    default:
      return false;
  }
}
