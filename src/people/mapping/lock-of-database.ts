// A plan may take profile properties from several databases. Each is synced for itself, by the part of the plan that it answers for.
import { isObject } from "../../core/index.ts";
import type { Lock } from "../../plan/index.ts";

/** Name of the database that a property's `from` reads; `undefined`: the application's own. */
function databaseOf(from: unknown): string | undefined {
  const name = isObject(from) ? from["database"] : undefined;
  return typeof name === "string" ? name : undefined;
}

/** Names of the other databases that a plan's state-owned properties come from. */
export function databasesOf(lock: Lock): readonly string[] {
  const names = Object.values(lock.people).flatMap(({ owner, from }) =>
    owner === "state" ? (databaseOf(from) ?? []) : [],
  );
  return [...new Set(names)];
}

/** The plan as one database sees it: its own state-owned properties, and where it keeps the users. Old ids are the application's own database's. */
export function lockOfDatabase(lock: Lock, name: string | undefined): Lock {
  const people = Object.entries(lock.people).filter(
    ([, { owner, from }]) => owner !== "state" || databaseOf(from) === name,
  );
  const { state, identity, ...rest } = lock;
  const { translate, ...bare } = identity;
  const own = name === undefined ? state : state?.databases?.[name];
  return {
    ...rest,
    identity: name === undefined && translate !== undefined ? { ...bare, translate } : bare,
    people: Object.fromEntries(people),
    ...(own === undefined ? {} : { state: own }),
  };
}
