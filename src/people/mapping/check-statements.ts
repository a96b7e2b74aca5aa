// Has the database plan every statement of a mapping before the first is run: a right that is missing, a value that a column cannot be
// compared with, or a link between two types is a finding then, and not a stop later.
import type { Queryable } from "../database/database.ts";
import { quoteLiteral, shortName } from "../database/identifiers.ts";
import { type Draft, tableSet } from "./assemble-mapping.ts";
import type { Mapping } from "./mapping.ts";
import type { Subject } from "./paths.ts";

/** Where findings go. */
export interface FindingSink {
  readonly timeZone: string;
  readonly hasErrors: boolean;
  find(id: "state-mapping", at: string, what: { readonly message: string; readonly fix: string }): void;
}

const FIX = "Correct the rule, or grant the role `select` on these columns.";

/** What the database says against a statement, or nothing. It is planned, and not run. */
async function refusalOf(database: Queryable, sql: string): Promise<string | undefined> {
  try {
    await database.query(`explain ${sql}`, [[]]);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : "it failed";
  }
}

export async function checkTimeZone(compiler: FindingSink, database: Queryable): Promise<void> {
  const zone = quoteLiteral(compiler.timeZone);
  const refusal = await refusalOf(
    database,
    `select timestamp '2000-01-01 00:00:00' at time zone ${zone} where $1::text[] is not null`,
  );
  if (refusal !== undefined)
    compiler.find("state-mapping", "state.time_zone", {
      message: `The database has no time zone ${compiler.timeZone}`,
      fix: "Write a name as `Europe/Berlin`.",
    });
}

/** @param groups Drafts of sets, by the index of each. */
export async function checkStatements(
  parts: { readonly compiler: FindingSink; readonly database: Queryable; readonly subject: Subject },
  mapping: Mapping,
  groups: ReadonlyMap<number, readonly Draft[]>,
): Promise<void> {
  const { compiler, database, subject } = parts;
  const byIndex = new Map([...mapping.sets, ...mapping.oldIds].map((set) => [set.index, set]));
  for (const [index, drafts] of groups) {
    const set = byIndex.get(index);
    if (set === undefined || (await refusalOf(database, set.sql)) === undefined) continue;
    for (const draft of drafts) {
      const alone = tableSet([draft], { index, subject, timeZone: compiler.timeZone });
      const refusal = await refusalOf(database, alone.sql);
      if (refusal !== undefined)
        compiler.find("state-mapping", draft.at, {
          message: `The database does not take the rule: ${refusal}`,
          fix: FIX,
        });
    }
  }
  if (compiler.hasErrors) return;
  for (const { table, column, resolveSql } of mapping.watches) {
    const refusal = resolveSql === undefined ? undefined : await refusalOf(database, resolveSql);
    if (refusal !== undefined)
      compiler.find("state-mapping", "people", {
        message: `The database does not find users by ${shortName(table)}.${column}: ${refusal}`,
        fix: FIX,
      });
  }
}
