// Small facts that must survive a restart, one a key: where a walk stopped, and which queries a destination was asked in the last hour.
import type { Database, Queryable } from "../database/database.ts";

const READ = "select value from plumbline.meta where key = $1";
const WRITE =
  "insert into plumbline.meta (key, value) values ($1, $2) on conflict (key) do update set value = excluded.value";
const DELETE = "delete from plumbline.meta where key = $1";
const LOCK = "select value from plumbline.meta where key = $1 for update";
const MAKE = "insert into plumbline.meta (key, value) values ($1, '[]') on conflict (key) do nothing";

/** Where a walk stopped; `null`: at the end, or it never began. */
export async function readPlace(state: Queryable, name: string): Promise<string | null> {
  const [row] = await state.query(READ, [name]);
  return row?.["value"] ?? null;
}

/** Notes where a walk stopped. */
export async function writePlace(state: Queryable, name: string, place: string | null): Promise<void> {
  if (place === null) await state.query(DELETE, [name]);
  else await state.query(WRITE, [name, place]);
}

const HOUR_MS = 3_600_000;

/** Whether one more query may be asked now. */
export type QueryTurn = { readonly kind: "go" } | { readonly kind: "wait"; readonly forMs: number };

/** Takes one of the queries that a destination answers in an hour. Every process counts in the same place; the hour moves with the clock. */
export async function takeQuery(
  state: Database,
  ask: { readonly destination: string; readonly perHour: number; readonly nowMs: number },
): Promise<QueryTurn> {
  const key = `queries:${ask.destination}`;
  return state.transaction(async (tx): Promise<QueryTurn> => {
    await tx.query(MAKE, [key]);
    const [row] = await tx.query(LOCK, [key]);
    const asked = JSON.parse(row?.["value"] ?? "[]") as readonly number[];
    const recent = asked.filter((at) => at > ask.nowMs - HOUR_MS);
    const [oldest = ask.nowMs] = recent;
    if (recent.length >= ask.perHour)
      return { kind: "wait", forMs: Math.max(1, oldest + HOUR_MS - ask.nowMs) };
    await tx.query(WRITE, [key, JSON.stringify([...recent, ask.nowMs])]);
    return { kind: "go" };
  });
}
