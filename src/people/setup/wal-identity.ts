// How the log can carry the old link values of a table, and what that asks of the table. Pure.
// A link that changes or goes with its row is only known from the old row, and of the old row the log has nothing but the replica identity.
import type { WalCapture } from "../capture/capture-plan.ts";
import type { CatalogueTable } from "../mapping/catalogue.ts";
import {
  identityBefore,
  leavesOf,
  OWN_PREFIX,
  type RelationFacts,
  type ServerFacts,
  type TableFacts,
} from "./server-facts.ts";

/** `caution`: why it is not chosen where nobody asked for it; absent: nothing speaks against it. */
export type WalChoice =
  | { readonly kind: "possible"; readonly wal: WalCapture; readonly caution: string | undefined }
  | { readonly kind: "impossible"; readonly because: string };

interface Ask {
  readonly table: CatalogueTable;
  readonly facts: TableFacts;
  readonly columns: readonly string[];
  readonly server: ServerFacts;
}

function union(...lists: readonly (readonly string[])[]): readonly string[] {
  return [...new Set(lists.flat())];
}

function coversAll(columns: readonly string[], wanted: readonly string[]): boolean {
  return wanted.every((column) => columns.includes(column));
}

/** Columns of the smallest unique key without nulls; `undefined`: there is none. Our own indexes do not count. */
function keyOf(table: CatalogueTable): readonly string[] | undefined {
  if (table.primaryKey.length > 0) return table.primaryKey;
  const keys = table.uniqueKeys.filter(
    ({ index, columns }) =>
      !index.startsWith(OWN_PREFIX) && columns.every((name) => table.columns.get(name)?.isNotNull === true),
  );
  return keys.toSorted((left, right) => left.columns.length - right.columns.length)[0]?.columns;
}

/** The identity that every relation with rows has already, if it holds the links: its columns, none for whole rows. */
function identityAsIs({ table, facts, columns, server }: Ask): WalCapture | undefined {
  const leaves = leavesOf(facts);
  if (leaves.length === 0)
    return coversAll(facts.primaryKey, columns)
      ? { identity: "as-is", identityColumns: facts.primaryKey, published: union(facts.primaryKey, columns) }
      : undefined;
  const identities = leaves.map((leaf) => identityBefore(leaf, server));
  if (identities.every(({ kind }) => kind === "f"))
    return { identity: "as-is", identityColumns: [], published: undefined };
  const fits = identities.every(
    ({ kind, columns: of }) => kind !== "f" && kind !== "n" && coversAll(of, columns),
  );
  if (!fits) return undefined;
  const identityColumns = union(...identities.map(({ columns: of }) => of));
  // In the order of the table, so that the same facts give the same list.
  const published = [...table.columns.keys()].filter(
    (name) => identityColumns.includes(name) || columns.includes(name),
  );
  return { identity: "as-is", identityColumns, published };
}

/** Publications of others with a column list that does not cover an identity: then updates and deletes of the application would fail. */
function hasConflict({ facts, server }: Ask, wal: WalCapture): boolean {
  const oids = new Set([facts, ...facts.partitions].map(({ oid }) => oid));
  return server.otherPublished.some(
    ({ oid, columns }) =>
      oids.has(oid) &&
      columns !== undefined &&
      (wal.identity === "full" || !coversAll(columns, wal.identityColumns)),
  );
}

function checkedAgainstOthers(ask: Ask, choice: Extract<WalChoice, { kind: "possible" }>): WalChoice {
  if (choice.wal.identity === "as-is" || !hasConflict(ask, choice.wal)) return choice;
  return {
    kind: "impossible",
    because: "another publication lists columns of it that do not cover the identity which would be needed",
  };
}

function obstacle({ facts, columns }: Ask): string | undefined {
  const relations: readonly RelationFacts[] = [facts, ...facts.partitions];
  if (relations.some(({ isUnlogged }) => isUnlogged)) return "it is unlogged, and so not in the log";
  if (relations.some(({ kind }) => kind === "foreign"))
    return "it has a foreign table as partition, which is not in this log";
  if (columns.some((name) => facts.generatedColumns.includes(name)))
    return "a link is a generated column, which not every version can publish";
  return undefined;
}

/** How `wal` would watch a table. */
export function walChoice(ask: Ask): WalChoice {
  const { table, facts, columns, server } = ask;
  const because = obstacle(ask);
  if (because !== undefined) return { kind: "impossible", because };
  const asIs = identityAsIs(ask);
  if (asIs) return { kind: "possible", wal: asIs, caution: undefined };
  const full: WalCapture = { identity: "full", identityColumns: [], published: undefined };
  const key = keyOf(table);
  if (!key)
    return checkedAgainstOthers(ask, {
      kind: "possible",
      wal: full,
      caution: "it has no key, so whole old rows would have to go into the log",
    });
  const nullable = columns.filter((name) => table.columns.get(name)?.isNotNull !== true);
  if (nullable.length > 0)
    return checkedAgainstOthers(ask, {
      kind: "possible",
      wal: full,
      caution: `${nullable.join(", ")} can be null, so whole old rows would have to go into the log`,
    });
  const identityColumns = union(key, columns);
  const wal: WalCapture = { identity: "index", identityColumns, published: identityColumns };
  const isForeign = leavesOf(facts).some((leaf) => identityBefore(leaf, server).kind === "i");
  const caution = isForeign
    ? "its replica identity is an index that something else relies on"
    : table.kind === "partitioned"
      ? "new partitions would not have its replica identity"
      : undefined;
  return checkedAgainstOthers(ask, { kind: "possible", wal, caution });
}
