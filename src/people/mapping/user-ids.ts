// Ids that come from outside of the database (a call of `touch`, a mark over HTTP), in the one spelling that the database answers with.
import { columnOf } from "./catalogue.ts";
import type { Queryable } from "../database/database.ts";
import type { Mapping } from "./mapping.ts";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const INTEGER = /^-?(?:0|[1-9]\d{0,18})$/;
const BIGINT_MAX = 9_223_372_036_854_775_807n;
/** By Postgres' name of the type. A `numeric` without decimals holds more than is asked of an id. */
const INTEGER_MAX: Readonly<Record<string, bigint>> = { smallint: 32_767n, integer: 2_147_483_647n };

/** The id as the database spells it; `undefined`: the users' column cannot hold it, so there is no such user. */
export function canonicalUserId(mapping: Pick<Mapping, "subject">, id: string): string | undefined {
  const { table, idColumn } = mapping.subject;
  const { kind, base } = columnOf(table, idColumn);
  if (kind === "uuid") {
    const lower = id.toLowerCase();
    return UUID.test(lower) ? lower : undefined;
  }
  if (kind === "integer") {
    const max = INTEGER_MAX[base] ?? BIGINT_MAX;
    return INTEGER.test(id) && BigInt(id) <= max && BigInt(id) >= -max ? id : undefined;
  }
  // A text with a zero character is no text of Postgres.
  return id === "" || id.includes("\u0000") ? undefined : id;
}

/** Those of the ids that users have; ids that the users' column cannot hold are nobody's. */
export async function usersAmong(
  source: Queryable,
  mapping: Pick<Mapping, "subject" | "existsSql">,
  ids: readonly string[],
): Promise<ReadonlySet<string>> {
  const canonical = new Map(ids.map((id) => [id, canonicalUserId(mapping, id)]));
  const asked = [...new Set([...canonical.values()].filter((id) => id !== undefined))];
  if (asked.length === 0) return new Set();
  const rows = await source.query(mapping.existsSql, [asked]);
  const there = new Set(rows.map(({ user_id: id }) => id));
  return new Set(ids.filter((id) => there.has(canonical.get(id))));
}
