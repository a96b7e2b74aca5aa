// The properties of one user, each with how its state stands to what a destination has acknowledged. Pure.
import type { JsonValue } from "../../core/index.ts";
import { keptForm } from "../sync/kept-form.ts";
import type { UpdateRules } from "../sync/plan-update.ts";
import type { UserState } from "../sync/read-state.ts";
import type { KnownUser } from "./known-users.ts";

/**
 * `same`: acknowledged as it is. `differs`: another value was acknowledged. `never-sent`: it has a value, and none was ever acknowledged.
 * `empty`: it has no value, and none was acknowledged. `unreadable`: no profile can hold it, or the plan forbids it. `withheld`: the plan keeps
 * it from this destination. `unmapped`: acknowledged once, and no longer part of the mapping.
 */
export type PropertyStanding =
  | "same"
  | "differs"
  | "never-sent"
  | "empty"
  | "unreadable"
  | "withheld"
  | "unmapped";

export interface ExplainedProperty {
  readonly name: string;
  readonly standing: PropertyStanding;
  /** Where the value comes from, in words. */
  readonly from: string;
  /** Why it is unreadable: a code or the id of a finding. */
  readonly reason?: string;
  /** Only where values were asked for. */
  readonly value?: JsonValue;
}

export interface UserToExplain {
  readonly userId: string;
  /** `undefined`: it could not be read. */
  readonly state: UserState | undefined;
  readonly known: KnownUser | undefined;
}

interface Judged {
  readonly values: Readonly<Record<string, JsonValue>>;
  readonly reasons: ReadonlyMap<string, string>;
}

function judge({ userId, state }: UserToExplain, rules: UpdateRules): Judged {
  // Of a user who is gone a query may still answer, for example that there are 0 orders.
  if (state?.exists !== true) return { values: {}, reasons: new Map() };
  const present: Record<string, JsonValue> = {};
  for (const [name, value] of Object.entries(state.values)) if (value !== null) present[name] = value;
  const reasons = new Map(Object.entries(state.unreadable));
  const judged = rules.judge(userId, present);
  if (judged.kind === "refused") {
    for (const name of Object.keys(present)) reasons.set(name, judged.reason);
    return { values: {}, reasons };
  }
  for (const { name, reason } of judged.refused) reasons.set(name, reason);
  return { values: judged.values, reasons };
}

function standingOf(
  name: string,
  user: UserToExplain,
  { judged, rules }: { readonly judged: Judged; readonly rules: UpdateRules },
): PropertyStanding {
  const print = user.known?.prints?.[name];
  if (judged.reasons.has(name) || !user.state) return "unreadable";
  const value = judged.values[name];
  if (!user.state.exists && rules.deletedUsers === "keep") return print === undefined ? "empty" : "same";
  if (value === undefined) {
    if (user.state.exists && (user.state.values[name] ?? null) !== null) return "withheld";
    return print === undefined ? "empty" : "differs";
  }
  if (print === undefined) return "never-sent";
  return rules.fingerprint(user.userId, name, keptForm(value, rules.limits)) === print ? "same" : "differs";
}

/** Explains every property of the mapping, and every one that was acknowledged once. */
export function compareProperties(
  user: UserToExplain,
  rules: UpdateRules,
  options: { readonly values: boolean },
): readonly ExplainedProperty[] {
  const judged = judge(user, rules);
  const mapped = rules.mapping.sets.flatMap(({ properties }) => properties);
  const names = new Set(mapped.map(({ name }) => name));
  const explained = mapped.map(({ name, from }): ExplainedProperty => {
    const reason = judged.reasons.get(name);
    const value = user.state?.exists === true ? user.state.values[name] : undefined;
    return {
      name,
      standing: standingOf(name, user, { judged, rules }),
      from,
      ...(reason === undefined ? {} : { reason }),
      ...(options.values && value !== undefined ? { value } : {}),
    };
  });
  const unmapped = Object.keys(user.known?.prints ?? {})
    .filter((name) => !names.has(name))
    .map((name): ExplainedProperty => ({ name, standing: "unmapped", from: "" }));
  return [...explained, ...unmapped];
}
