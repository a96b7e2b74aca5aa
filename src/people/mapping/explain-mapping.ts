// A mapping in words: each property, where it comes from, the statement that reads it, and the columns whose change leads to a user.
import { shortName } from "../database/identifiers.ts";
import type { Mapping } from "./mapping.ts";
import { describeLinks } from "./paths.ts";

export interface ExplainedMapping {
  readonly users: string;
  readonly hash: string;
  readonly sets: readonly {
    readonly index: number;
    readonly properties: readonly {
      readonly id: string;
      readonly name: string;
      readonly type: string;
      readonly from: string;
    }[];
    readonly paths: readonly string[];
    readonly sql: string;
  }[];
  readonly watches: readonly {
    readonly column: string;
    readonly sets: readonly number[];
    readonly resolve: string;
  }[];
}

/** The mapping as data, for people and for `--json`. */
export function explainMapping(mapping: Mapping): ExplainedMapping {
  return {
    users: `${shortName(mapping.subject.table)}.${mapping.subject.idColumn}`,
    hash: mapping.hash,
    sets: [...mapping.sets, ...mapping.oldIds].map(({ index, properties, paths, sql }) => ({
      index,
      properties: properties.map(({ id, name, type, from }) => ({ id, name, type: type.type, from })),
      paths: paths.map(describeLinks),
      sql,
    })),
    watches: mapping.watches.map(({ table, column, sets, resolveSql }) => ({
      column: `${shortName(table)}.${column}`,
      sets: [...mapping.sets, ...mapping.oldIds]
        .filter(({ index }) => (sets & (1n << BigInt(index))) !== 0n)
        .map(({ index }) => index),
      resolve: resolveSql ?? "the value is the user id",
    })),
  };
}
