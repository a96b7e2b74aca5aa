// Ids that come from outside of the database (a call of `touch`, a mark over HTTP), in the one spelling that the database answers with.
import { columnOf } from "./catalogue.ts";
import type { Mapping } from "./mapping.ts";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const INTEGER = /^-?(?:0|[1-9]\d{0,18})$/;

/** The id as the database spells it; `undefined`: the users' column cannot hold it, so there is no such user. */
export function canonicalUserId(mapping: Pick<Mapping, "subject">, id: string): string | undefined {
  const { table, idColumn } = mapping.subject;
  switch (columnOf(table, idColumn).kind) {
    case "uuid": {
      const lower = id.toLowerCase();
      return UUID.test(lower) ? lower : undefined;
    }
    case "integer":
      return INTEGER.test(id) && BigInt(id) <= 9_223_372_036_854_775_807n ? id : undefined;
    default:
      // A text with a zero character is no text of Postgres.
      return id === "" || id.includes("\u0000") ? undefined : id;
  }
}
