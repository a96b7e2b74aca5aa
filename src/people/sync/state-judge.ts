// Holds values of the database against the plan with the same validator that the gateway uses: types, patterns, data classes, the form of ids.
// The sync is a source of its own that may write what the state owns, and nothing else.
import type { JsonValue } from "../../core/index.ts";
import { type Lock, makeValidator, type ValidatorOptions } from "../../plan/index.ts";

const SOURCE = "plumbline-state";

export type JudgedState =
  | {
      readonly kind: "fit";
      readonly id: string;
      readonly values: Readonly<Record<string, JsonValue>>;
      /** Names whose value the plan does not allow, with the finding. */
      readonly refused: readonly { readonly name: string; readonly reason: string }[];
    }
  /** The user id itself is refused: nothing about this user may go out. */
  | { readonly kind: "refused"; readonly reason: string };

export type StateJudge = (userId: string, values: Readonly<Record<string, JsonValue>>) => JudgedState;

/** The same lock, in which only the sync writes, and only what the state owns. */
function lockOfState(lock: Lock): Lock {
  const people = Object.entries(lock.people)
    .filter(([, { owner }]) => owner === "state")
    .map(([id, property]) => [id, { ...property, owner: "server" as const, was: [] }]);
  return {
    ...lock,
    sources: { [SOURCE]: { trust: "server" } },
    people: Object.fromEntries(people),
    events: {},
    groups: {},
  };
}

/** @param provider Kind of the destination: a data class may keep a property from it. */
export function makeStateJudge(lock: Lock, provider: string, options: ValidatorOptions = {}): StateJudge {
  const validator = makeValidator(lockOfState(lock), options);
  return (userId, values) => {
    const judged = validator.judgeProfile({
      source: SOURCE,
      groupKey: undefined,
      id: userId,
      operation: "$set",
      value: values,
    });
    const names = Object.keys(values);
    if (judged.verdict === "quarantined" || judged.verdict === "dropped")
      return { kind: "refused", reason: judged.findings.map(({ id }) => id).join(", ") };
    const withheld = judged.withhold?.[provider] ?? [];
    const output = (judged.output ?? {}) as Readonly<Record<string, JsonValue>>;
    const kept =
      withheld.length === 0
        ? output
        : Object.fromEntries(Object.entries(output).filter(([name]) => !withheld.includes(name)));
    const refused = names
      .filter((name) => !Object.hasOwn(output, name))
      .map((name) => ({
        name,
        reason: judged.findings.find(({ at }) => at.includes(name))?.id ?? "not allowed",
      }));
    return { kind: "fit", id: judged.id, values: kept, refused };
  };
}
