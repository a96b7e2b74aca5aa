// Users who stay behind, one by one, for a person who wants to know who they are; and another try for them without a change of their rows.
import { writeMarks } from "../state/marks.ts";
import type { PeopleContext } from "../people-context.ts";

/** A user who stays behind, whole or with one property. Reasons name findings and codes, never values. */
export interface QuarantinedUser {
  readonly destination: string;
  readonly userId: string;
  readonly property: string | undefined;
  readonly reason: string;
  /** ISO date with offset. */
  readonly at: string;
}

const LIST = `
select destination, user_id, property, reason, at::text as at from plumbline.quarantine
where destination = any($1::text[]) and ($2::text[] is null or user_id = any($2::text[])) order by at desc, destination, user_id limit $3`;
const WAITING = `
select destination, user_id from plumbline.quarantine
where destination = any($1::text[]) and ($2::text[] is null or user_id = any($2::text[])) order by destination, user_id`;

/** The latest first. */
export async function quarantinedUsers(
  { state }: Pick<PeopleContext, "state">,
  ask: {
    readonly destinations: readonly string[];
    readonly limit: number;
    readonly userIds?: readonly string[];
  },
): Promise<readonly QuarantinedUser[]> {
  const rows = await state.query(LIST, [ask.destinations, ask.userIds ?? null, ask.limit]);
  return rows.map((row) => ({
    destination: row["destination"] ?? "",
    userId: row["user_id"] ?? "",
    property: row["property"] ?? undefined,
    reason: row["reason"] ?? "",
    at: row["at"] ?? "",
  }));
}

/** Marks those of the users who stay behind, by default all; answers how many that were, each destination by itself. */
export async function retryQuarantined(
  { state }: Pick<PeopleContext, "state">,
  ask: { readonly destinations: readonly string[]; readonly userIds?: readonly string[] },
): Promise<number> {
  return state.transaction(async (tx) => {
    const rows = await tx.query(WAITING, [ask.destinations, ask.userIds ?? null]);
    for (const destination of ask.destinations) {
      const own = rows.filter((row) => row["destination"] === destination);
      const marks = own.map(({ user_id: id }) => ({ userId: id ?? "", sets: -1n }));
      await writeMarks(tx, marks, {
        destinations: [destination],
        lane: "live",
        cause: "tried again by command",
      });
    }
    return rows.length;
  });
}
