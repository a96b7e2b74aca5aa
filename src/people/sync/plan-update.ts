// What one user needs: the difference between state and what the destination has acknowledged, as absolute updates. Pure.
import { assertNever, type JsonValue, type PlanLimits } from "../../core/index.ts";
import { hasSet, type Mapping } from "../mapping/mapping.ts";
import type { Fingerprint, Print } from "./fingerprint.ts";
import { keptForm } from "./kept-form.ts";
import type { UserState } from "./read-state.ts";
import type { StateJudge } from "./state-judge.ts";

/** What becomes of the profile of a user who is no longer in the database. */
export type DeletedUsers = "keep" | "clear" | "delete";

export interface KnownProfile {
  readonly prints: Readonly<Record<string, Print>> | undefined;
  readonly unsure: boolean;
}

export type PlannedUpdate =
  | { readonly kind: "unchanged"; readonly refused: readonly Refusal[] }
  | {
      readonly kind: "send";
      /** Id as the destination spells it. */
      readonly id: string;
      readonly set: Readonly<Record<string, JsonValue>>;
      readonly unset: readonly string[];
      readonly isDelete: boolean;
      /** Everything that is known after the destination said yes. */
      readonly prints: Readonly<Record<string, Print>>;
      readonly refused: readonly Refusal[];
    }
  | { readonly kind: "poison"; readonly reason: string };

/** A value that was not sent, and why. */
export interface Refusal {
  readonly name: string;
  readonly reason: string;
}

export interface UpdateRules {
  readonly mapping: Mapping;
  readonly judge: StateJudge;
  readonly fingerprint: Fingerprint;
  readonly limits: Pick<PlanLimits, "stringMaxBytes" | "listItemsMax">;
  readonly deletedUsers: DeletedUsers;
}

/** By mapping and bits of sets: asked once a user, and the same for all of them. */
const namesBySets = new WeakMap<Mapping, Map<bigint, readonly string[]>>();

/** Names of the sets that were read. */
function namesOf(mapping: Mapping, sets: bigint): readonly string[] {
  let known = namesBySets.get(mapping);
  if (!known) namesBySets.set(mapping, (known = new Map<bigint, readonly string[]>()));
  let names = known.get(sets);
  if (!names) {
    names = mapping.sets.flatMap(({ index, properties }) =>
      hasSet(sets, index) ? properties.map(({ name }) => name) : [],
    );
    known.set(sets, names);
  }
  return names;
}

function planGone(userId: string, known: KnownProfile, rules: UpdateRules): PlannedUpdate {
  const printed = Object.keys(known.prints ?? {});
  const unset = known.unsure ? [...new Set([...printed, ...namesOf(rules.mapping, -1n)])] : printed;
  if (unset.length === 0) return { kind: "unchanged", refused: [] };
  const judged = rules.judge(userId, {});
  if (judged.kind === "refused") return { kind: "poison", reason: judged.reason };
  const gone = { kind: "send", id: judged.id, set: {}, prints: {}, refused: [] } as const;
  switch (rules.deletedUsers) {
    case "keep":
      return { kind: "unchanged", refused: [] };
    case "clear":
      return { ...gone, unset, isDelete: false };
    case "delete":
      return { ...gone, unset: [], isDelete: true };
    default:
      return assertNever(rules.deletedUsers);
  }
}

/** Plans the update of one user. `sets`: which sets were read. */
export function planUpdate(
  userId: string,
  read: { readonly state: UserState; readonly sets: bigint; readonly known: KnownProfile },
  rules: UpdateRules,
): PlannedUpdate {
  const { state, sets, known } = read;
  if (!state.exists) return planGone(userId, known, rules);
  const present: Record<string, JsonValue> = {};
  const unset: string[] = [];
  const prints: Record<string, Print> = { ...known.prints };
  const names = namesOf(rules.mapping, sets);
  for (const name of names) {
    const value = state.values[name];
    if (value !== undefined && value !== null) present[name] = value;
    else if (value === null && (known.unsure || prints[name] !== undefined)) {
      unset.push(name);
      delete prints[name];
    }
  }
  const judged = rules.judge(userId, present);
  if (judged.kind === "refused") return { kind: "poison", reason: judged.reason };
  const set: Record<string, JsonValue> = {};
  for (const [name, value] of Object.entries(judged.values)) {
    const kept = keptForm(value, rules.limits);
    const print = rules.fingerprint(userId, name, kept);
    if (!known.unsure && prints[name] === print) continue;
    prints[name] = print;
    set[name] = kept;
  }
  const refused = [
    ...judged.refused,
    ...Object.entries(state.unreadable).map(([name, reason]) => ({ name, reason })),
  ];
  if (unset.length === 0 && Object.keys(set).length === 0 && !known.unsure)
    return { kind: "unchanged", refused };
  return { kind: "send", id: judged.id, set, unset, isDelete: false, prints, refused };
}

/**
 * The updates as the wire has them, without token: absolute, never moving the user's place (`$ip: "0"`) or "last seen" (`$ignore_time`).
 * One operator an object. Source (read 2026-11): Mixpanel "Update profiles", "Geolocation", "Default properties".
 */
export function updateItems(
  update: Extract<PlannedUpdate, { readonly kind: "send" }>,
): readonly Uint8Array[] {
  const head = { $distinct_id: update.id, $ip: "0", $ignore_time: true };
  // `$ignore_alias`: exactly this profile, never one that an old alias points to.
  if (update.isDelete) return [Buffer.from(JSON.stringify({ ...head, $ignore_alias: true, $delete: "" }))];
  const items: Uint8Array[] = [];
  if (Object.keys(update.set).length > 0)
    items.push(Buffer.from(JSON.stringify({ ...head, $set: update.set })));
  if (update.unset.length > 0) items.push(Buffer.from(JSON.stringify({ ...head, $unset: update.unset })));
  return items;
}
