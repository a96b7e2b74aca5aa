// Old and new ids from the application's database, as lines of a mapping: one table, two columns, page by page.
import { sqlState } from "../../people/index.ts";
import { AppError } from "../../core/index.ts";
import { UsageError } from "../terminal/exit-codes.ts";

const PAGE_ROWS = 20_000;
const COLUMN = /^((?:[A-Za-z_][\w$]*\.)?[A-Za-z_][\w$]*)\.([A-Za-z_][\w$]*)$/;

/** What is asked of the database: rows as text. */
export interface RowSource {
  query(
    text: string,
    values?: readonly unknown[],
  ): Promise<readonly Readonly<Record<string, string | null>>[]>;
}

export interface PairColumns {
  readonly table: string;
  readonly old: string;
  readonly new: string;
}

/**
 * `users.email` and `users.id` as columns of one table.
 *
 * @throws {UsageError} for anything else.
 */
export function parseColumns(old: string, next: string): PairColumns {
  const [, table, oldColumn] = COLUMN.exec(old) ?? [];
  const [, sameTable, newColumn] = COLUMN.exec(next) ?? [];
  if (table === undefined || oldColumn === undefined || newColumn === undefined || sameTable !== table)
    throw new UsageError(
      "Write --old and --new as table.column of one table, for example --old users.email --new users.id",
    );
  return { table, old: oldColumn, new: newColumn };
}

const quote = (name: string): string => `"${name}"`;

/**
 * All pairs as NDJSON, in the order of the new ids.
 *
 * @throws {AppError} `INPUT_UNREADABLE` when the table or a column is not there.
 */
export async function readIdPairs(source: RowSource, columns: PairColumns): Promise<string> {
  const table = columns.table.split(".").map(quote).join(".");
  const [old, next] = [quote(columns.old), quote(columns.new)];
  const select = `select ${old}::text as old, ${next}::text as new from ${table}
    where ${old} is not null and ${next} is not null`;
  const order = `order by ${next}, ${old} limit ${PAGE_ROWS}`;
  const lines: string[] = [];
  let after: readonly unknown[] = [];
  for (;;) {
    const rows = await source
      .query(
        after.length === 0 ? `${select} ${order}` : `${select} and (${next}, ${old}) > ($1, $2) ${order}`,
        after,
      )
      .catch((cause: unknown) => {
        throw new AppError(
          "INPUT_UNREADABLE",
          `Cannot read the columns of ${columns.table}: ${sqlState(cause)}`,
          {
            cause,
          },
        );
      });
    for (const row of rows) lines.push(JSON.stringify({ old: row["old"], new: row["new"] }));
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE_ROWS) return `${lines.join("\n")}\n`;
    after = [last["new"], last["old"]];
  }
}
