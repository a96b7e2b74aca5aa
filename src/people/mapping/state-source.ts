// Where the value of a profile property comes from, as a plan writes it under `from`, read into one typed shape.
// Pure: tables and columns are names here; whether they exist is for the catalogue to say.
import { isObject } from "../../core/index.ts";

/** What a `where` may compare a column with. */
export type Literal = string | number | boolean;

/** One condition on a column of the property's table. Several are joined by `and`. */
export type Condition =
  | {
      readonly kind: "in";
      readonly column: string;
      readonly values: readonly Literal[];
      readonly not: boolean;
    }
  | { readonly kind: "null"; readonly column: string; readonly not: boolean }
  | {
      readonly kind: "compare";
      readonly column: string;
      readonly operator: "<" | "<=" | ">" | ">=";
      readonly value: Literal;
    }
  | { readonly kind: "now"; readonly column: string; readonly operator: "<=" | ">" };

/** How many rows of a table become one value. */
export type Aggregate = "field" | "count" | "sum" | "min" | "max" | "latest" | "exists";

/** A column, or a whole table for `count` and `exists`. */
export interface TableSource {
  readonly kind: "table";
  readonly aggregate: Aggregate;
  /** As written: `orders` or `shop.orders`. */
  readonly table: string;
  readonly column: string | undefined;
  /** Count different values of the column. */
  readonly distinct: boolean;
  /** `latest`: the column that says which row is the newest. */
  readonly by: string | undefined;
  /** Links from the users to the table, as written; empty: found by foreign keys. */
  readonly via: readonly string[];
  readonly where: readonly Condition[];
  /** Columns whose time, once past, changes the value with no row changing. */
  readonly revisits: readonly string[];
}

/** A query of the plan's author: `user_id`, `value` and, for values that change with time, `revisit_at`. */
export interface SqlSource {
  readonly kind: "sql";
  readonly sql: string;
  /** Table → links from the users, where they cannot be derived. */
  readonly depends: Readonly<Record<string, readonly string[]>>;
  /** The query answers a column `revisit_at`. */
  readonly revisits: boolean;
}

export type StateSource = TableSource | SqlSource;

/** A plan's `from` that cannot be read, and what to write. */
export interface SourceProblem {
  readonly kind: "problem";
  readonly message: string;
  readonly fix: string;
}

const AGGREGATES = ["field", "count", "sum", "min", "max", "latest", "exists"] as const;

function problem(message: string, fix: string): SourceProblem {
  return { kind: "problem", message, fix };
}

function listOf(value: unknown): readonly string[] {
  if (value === undefined) return [];
  return (Array.isArray(value) ? value : [value]).map(String);
}

/** `orders.total` → table and column; the column is what stands after the last dot. */
function splitColumn(text: string): { readonly table: string; readonly column: string | undefined } {
  const at = text.lastIndexOf(".");
  return at < 0
    ? { table: text, column: undefined }
    : { table: text.slice(0, at), column: text.slice(at + 1) };
}

function isLiteral(value: unknown): value is Literal {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean";
}

const COMPARE = { lt: "<", lte: "<=", gt: ">", gte: ">=" } as const;
const NOW = { before: "<=", after: ">" } as const;

function readCondition(column: string, value: unknown): readonly Condition[] {
  if (value === null) return [{ kind: "null", column, not: false }];
  if (isLiteral(value)) return [{ kind: "in", column, values: [value], not: false }];
  if (Array.isArray(value)) return [{ kind: "in", column, values: value.filter(isLiteral), not: false }];
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([name, operand]): Condition[] => {
    if (name === "not" && operand === null) return [{ kind: "null", column, not: true }];
    if (name === "not" && isLiteral(operand)) return [{ kind: "in", column, values: [operand], not: true }];
    if (name === "not" && Array.isArray(operand))
      return [{ kind: "in", column, values: operand.filter(isLiteral), not: true }];
    if (name === "before" || name === "after") return [{ kind: "now", column, operator: NOW[name] }];
    if ((name === "lt" || name === "lte" || name === "gt" || name === "gte") && isLiteral(operand))
      return [{ kind: "compare", column, operator: COMPARE[name], value: operand }];
    return [];
  });
}

function readTable(
  from: Readonly<Record<string, unknown>>,
  aggregate: Aggregate,
): StateSource | SourceProblem {
  const target = from[aggregate];
  if (typeof target !== "string") return problem(`\`${aggregate}\` is not a text`, "Name `table.column`.");
  const takesTable = aggregate === "exists" || (aggregate === "count" && from["distinct"] !== true);
  const { table, column } = takesTable ? { table: target, column: undefined } : splitColumn(target);
  if (!takesTable && column === undefined)
    return problem(`\`${aggregate}\` needs a column`, `Write \`${aggregate}: ${target}.<column>\`.`);
  const by = typeof from["by"] === "string" ? from["by"] : undefined;
  if (aggregate === "latest" && by === undefined)
    return problem(
      "`latest` does not say by which column",
      "Add `by: updated_at`, or the column that orders the rows.",
    );
  const where = isObject(from["where"]) ? from["where"] : {};
  const conditions = Object.entries(where).flatMap(([name, value]) => readCondition(name, value));
  const revisitAt = typeof from["revisit_at"] === "string" ? from["revisit_at"] : undefined;
  const timed = conditions.flatMap(({ kind, column: name }) => (kind === "now" ? [name] : []));
  if (timed[0] !== undefined && revisitAt === undefined)
    return problem(
      "The value changes with time alone, and nothing says when",
      `Add \`revisit_at: ${timed[0]}\`.`,
    );
  return {
    kind: "table",
    aggregate,
    table,
    column,
    distinct: from["distinct"] === true,
    by,
    via: listOf(from["via"]),
    where: conditions,
    // Every column that is held against the clock has its moment, also where `revisit_at` names one of several.
    revisits: [...new Set([...timed, ...(revisitAt === undefined ? [] : [revisitAt])])],
  };
}

function readSql(from: Readonly<Record<string, unknown>>, sql: string): SqlSource {
  const depends = isObject(from["depends"]) ? from["depends"] : {};
  return {
    kind: "sql",
    sql: sql.trim().replace(/;\s*$/, ""),
    depends: Object.fromEntries(Object.entries(depends).map(([table, via]) => [table, listOf(via)])),
    revisits: from["revisit_at"] !== undefined,
  };
}

/** Reads a plan's `from`, after its JSON Schema let it through. */
export function readStateSource(from: unknown): StateSource | SourceProblem {
  if (typeof from === "string") return readTable({ field: from }, "field");
  if (!isObject(from)) return problem("`from` is neither a column nor a rule", "Write `table.column`.");
  if (typeof from["sql"] === "string") return readSql(from, from["sql"]);
  const given = AGGREGATES.filter((name) => from[name] !== undefined);
  const [aggregate] = given;
  if (aggregate === undefined || given.length > 1)
    return problem(
      given.length === 0 ? "`from` names no rule" : `\`from\` names several rules: ${given.join(", ")}`,
      `Write one of ${AGGREGATES.join(", ")} or sql.`,
    );
  return readTable(from, aggregate);
}
