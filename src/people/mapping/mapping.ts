// A compiled mapping: the queries that read state for a batch of users, and the columns whose change means that a user's state may have changed.
import type { JsonValue } from "../../core/index.ts";
import type { OldIdForm, ValueType } from "../../plan/index.ts";
import type { CatalogueTable, ColumnKind } from "./catalogue.ts";
import type { Link, Subject } from "./paths.ts";

/** One profile property as a column of a query's answer. */
export interface MappedProperty {
  /** Id in the plan. */
  readonly id: string;
  /** Name on the wire. */
  readonly name: string;
  readonly type: ValueType;
  readonly kind: ColumnKind;
  /** Column of the answer. */
  readonly column: string;
  /** Value of a user for whom the query answers no row. */
  readonly empty: JsonValue;
  /** In words, for `explain-mapping`. */
  readonly from: string;
}

/** Properties that are read together: one statement with one parameter, the list of user ids. */
export interface PropertySet {
  /** Bit of this set in a mark. */
  readonly index: number;
  readonly sql: string;
  readonly properties: readonly MappedProperty[];
  /** The answer has `revisit_at`: when the values change with no row changing. */
  readonly hasRevisit: boolean;
  /** Tables it reads and the way to each from the users. */
  readonly paths: readonly (readonly Link[])[];
}

/** A column whose value in a changed row, old or new, leads to users. */
export interface Watch {
  readonly table: CatalogueTable;
  readonly column: string;
  /** Bits of the sets that may have changed. */
  readonly sets: bigint;
  /** Finds the users of given values, `$1`; `undefined`: the value is the user id itself. */
  readonly resolveSql: string | undefined;
}

/** Old ids of one entry of `identity.translate`; a user may have several rows. */
export interface OldIdSet extends PropertySet {
  readonly form: OldIdForm;
}

export interface Mapping {
  readonly subject: Subject;
  /** SQL type of an array of user ids. */
  readonly idArrayType: string;
  /** The users themselves, in pages: ids after `$1` in the order of the id column, `$2` of them. */
  readonly pageSql: string;
  /** Which of `$1` exist. */
  readonly existsSql: string;
  readonly sets: readonly PropertySet[];
  /** Ids that old releases send, read beside the properties and never sent: `p0` of each row is one of the user's. */
  readonly oldIds: readonly OldIdSet[];
  readonly watches: readonly Watch[];
  /** Tables with at least one watch. */
  readonly tables: readonly CatalogueTable[];
  /** Changes whenever what is read or how it is shown changes. */
  readonly hash: string;
}

/** All sets of a mapping as bits. */
export function allSets({ sets, oldIds }: Pick<Mapping, "sets" | "oldIds">): bigint {
  return [...sets, ...oldIds].reduce((bits, { index }) => bits | (1n << BigInt(index)), 1n);
}

/** Whether a mark's bits name a set. */
export function hasSet(bits: bigint, index: number): boolean {
  return (bits & (1n << BigInt(index))) !== 0n;
}
