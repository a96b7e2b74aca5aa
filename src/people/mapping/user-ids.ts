// Ids that come from outside of the database (a call of `touch`, a mark over HTTP), in the one spelling that the database answers with.
import { columnOf } from "./catalogue.ts";
import type { Mapping } from "./mapping.ts";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const INTEGER = /^-?(?:0|[1-9]\d{0,18})$/;
const INTEGER_MAX = 9_223_372_036_854_775_807n;

/** The id as the database spells it; `undefined`: the users' column cannot hold it, so there is no such user. */
export function canonicalUserId(mapping: Pick<Mapping, "subject">, id: string): string | undefined {
  const { table, idColumn } = mapping.subject;
  const { kind } = columnOf(table, idColumn);
  if (kind === "uuid") {
    const lower = id.toLowerCase();
    return UUID.test(lower) ? lower : undefined;
  }
  if (kind === "integer") return INTEGER.test(id) && BigInt(id) <= INTEGER_MAX ? id : undefined;
  // A text with a zero character is no text of Postgres.
  return id === "" || id.includes("\u0000") ? undefined : id;
}
