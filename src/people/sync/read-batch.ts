// Reads a batch of users; where the values of one of them make a query fail, halves the batch until that one is found.
import { type Database, sqlState } from "../database/database.ts";
import type { Mapping } from "../mapping/mapping.ts";
import type { Claim } from "../state/marks.ts";
import { readState, type ReadState, type UserState } from "./read-state.ts";

export interface BatchRead extends ReadState {
  /** Users whose state cannot be read, with Postgres's code. */
  readonly unreadable: ReadonlyMap<string, string>;
}

/**
 * Classes of Postgres's codes that the data of a row causes: data exception, cardinality violation, a function of the application that raises,
 * a limit of the server, a damaged row.
 */
const DATA_ERRORS = /^(?:2[12]|38|39|54|P0|XX)/;
/** The schema is not the one that the mapping was compiled for. */
const SCHEMA_ERRORS = /^(?:42|0A000)/;

/** Whether the values of a row made a query fail. */
export function isDataError(error: unknown): boolean {
  return DATA_ERRORS.test(sqlState(error));
}

export function isSchemaError(error: unknown): boolean {
  return SCHEMA_ERRORS.test(sqlState(error));
}

/** Reads what the claims ask for: the sets of all of them together. */
export async function readBatch(
  source: Database,
  mapping: Mapping,
  claims: readonly Pick<Claim, "userId" | "sets">[],
): Promise<BatchRead> {
  const sets = claims.reduce((bits, claim) => bits | claim.sets, 0n);
  try {
    const read = await readState(source, mapping, { userIds: claims.map(({ userId }) => userId), sets });
    return { ...read, unreadable: new Map() };
  } catch (error) {
    const code = sqlState(error);
    if (!DATA_ERRORS.test(code)) throw error;
    const [only] = claims;
    if (only && claims.length === 1)
      return { users: new Map(), position: "", unreadable: new Map([[only.userId, code]]) };
    const middle = Math.ceil(claims.length / 2);
    const first = await readBatch(source, mapping, claims.slice(0, middle));
    const second = await readBatch(source, mapping, claims.slice(middle));
    return {
      users: new Map<string, UserState>([...first.users, ...second.users]),
      position: first.position === "" ? second.position : first.position,
      unreadable: new Map([...first.unreadable, ...second.unreadable]),
    };
  }
}
