// Recomputes the state of some users and holds it against what the destination has acknowledged. Sends nothing and writes nothing.
// Users with an update on its way, in quarantine or on the list of erasures are never called differing.
import { allSets, type Mapping } from "../mapping/mapping.ts";
import type { PeopleContext, PeopleDestination } from "../people-context.ts";
import { type PlannedUpdate, planUpdate, type UpdateRules } from "../sync/plan-update.ts";
import { type BatchRead, readBatch } from "../sync/read-batch.ts";
import { type KnownUser, readKnownUsers } from "./known-users.ts";

/** Why a user's state is not what was acknowledged. */
export type DifferenceKind =
  /** Nothing was ever acknowledged. */
  | "new"
  /** Values are others. */
  | "changed"
  /** The user is no longer in the database, and the policy says that the profile must not stay as it is. */
  | "gone"
  /** Nobody knows what the destination holds, and no update is on its way. */
  | "unsure"
  /** The user's state cannot be read, or the destination cannot take it, and nobody has tried yet. */
  | "unsendable";

export interface DifferingUser {
  readonly userId: string;
  /** Bits of the property sets that differ, for a mark. */
  readonly sets: bigint;
  /** Properties that differ, by name. */
  readonly names: readonly string[];
  readonly kind: DifferenceKind;
}

export interface PageComparison {
  /** Users of the page, each once. */
  readonly checked: number;
  /** Of them: an update is on its way. */
  readonly pending: number;
  /** Of them: in quarantine, or on the list of erasures. */
  readonly excluded: number;
  readonly differing: readonly DifferingUser[];
  /** Users that nothing can be said of now: an update is on its way, or they are in quarantine. */
  readonly waiting: readonly string[];
  /** The state of those that were compared. */
  readonly read: BatchRead;
}

/** A judge of values is costly to make and the same for every page. */
const rulesOf = new WeakMap<PeopleContext, Map<string, UpdateRules>>();

/** The rules of a destination, made once for a mapping. */
export function keptRules(context: PeopleContext, destination: PeopleDestination): UpdateRules {
  let made = rulesOf.get(context);
  if (!made) rulesOf.set(context, (made = new Map()));
  let rules = made.get(destination.name);
  if (rules?.mapping !== context.mapping) made.set(destination.name, (rules = context.rulesFor(destination)));
  return rules;
}

function bitsOf(mapping: Mapping, names: readonly string[]): bigint {
  const wanted = new Set(names);
  return mapping.sets.reduce(
    (bits, { index, properties }) =>
      properties.some(({ name }) => wanted.has(name)) ? bits | (1n << BigInt(index)) : bits,
    0n,
  );
}

function kindOf(planned: PlannedUpdate, known: KnownUser, exists: boolean): DifferenceKind {
  if (planned.kind === "poison") return "unsendable";
  if (known.unsure) return "unsure";
  if (!exists) return "gone";
  return known.prints === undefined ? "new" : "changed";
}

function differenceOf(
  userId: string,
  read: BatchRead,
  parts: { readonly known: KnownUser; readonly rules: UpdateRules },
): DifferingUser | undefined {
  const { known, rules } = parts;
  const { mapping } = rules;
  const everything = allSets(mapping);
  const user = read.users.get(userId);
  if (!user) return { userId, sets: everything, names: [], kind: "unsendable" };
  const planned = planUpdate(userId, { state: user, sets: everything, known }, rules);
  if (planned.kind === "unchanged") return undefined;
  const kind = kindOf(planned, known, user.exists);
  if (planned.kind === "poison") return { userId, sets: everything, names: [], kind };
  const names = planned.isDelete
    ? Object.keys(known.prints ?? {})
    : [...Object.keys(planned.set), ...planned.unset];
  const sets = kind === "changed" ? bitsOf(mapping, names) : everything;
  return { userId, sets, names, kind };
}

/** Something happened to the user while it was compared: what it was compared with is no longer what is known. */
function hasMoved(before: KnownUser | undefined, after: KnownUser | undefined): boolean {
  return (
    after === undefined ||
    after.isPending ||
    after.isQuarantined ||
    after.isErased ||
    after.acknowledgedAt !== before?.acknowledgedAt
  );
}

/**
 * Compares a page of users with what a destination has acknowledged.
 *
 * A change that is committed and not yet noticed by a capture counts as a difference here: for a mark that does no harm; a report of drift
 * waits for the captures and looks again.
 */
export async function comparePage(
  context: PeopleContext,
  destination: PeopleDestination,
  userIds: readonly string[],
): Promise<PageComparison> {
  const rules = keptRules(context, destination);
  const known = await readKnownUsers(context, destination.name, userIds);
  let [pending, excluded] = [0, 0];
  const asked: string[] = [];
  const waiting: string[] = [];
  for (const [userId, user] of known) {
    if (user.isErased || user.isQuarantined) excluded += 1;
    else if (user.isPending) pending += 1;
    else asked.push(userId);
    if (!user.isErased && (user.isQuarantined || user.isPending)) waiting.push(userId);
  }
  // What was acknowledged is read before the state: a change in between leaves a mark, and is seen below.
  const sets = allSets(rules.mapping);
  const read = await readBatch(
    context.source,
    rules.mapping,
    asked.map((userId) => ({ userId, sets })),
  );
  let differing: DifferingUser[] = [];
  for (const userId of asked) {
    const user = known.get(userId);
    const difference = user && differenceOf(userId, read, { known: user, rules });
    if (difference) differing.push(difference);
  }
  if (differing.length > 0) {
    const again = await readKnownUsers(
      context,
      destination.name,
      differing.map(({ userId }) => userId),
    );
    const still = differing.filter(({ userId }) => !hasMoved(known.get(userId), again.get(userId)));
    pending += differing.length - still.length;
    const found = new Set(still);
    for (const one of differing)
      if (!found.has(one) && again.get(one.userId)?.isErased === false) waiting.push(one.userId);
    differing = still;
  }
  return { checked: known.size, pending, excluded, differing, waiting, read };
}
