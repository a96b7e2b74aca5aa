// What two steps of a set do to each other: one that undoes an earlier one, and one that comes too early or too late. Steps about others than
// each other's profiles are let be: whether two filters find the same people only the provider knows.
import { canonicalJson } from "../../core/index.ts";
import { sourceNames } from "../profiles/property-changes.ts";
import type { DictionaryChange, PropertyOperation, Step } from "./change-set.ts";
import type { ChangeSetProblem } from "./change-set-findings.ts";
import { isPropertyOperation, removedNames, writtenNames } from "./property-operation.ts";

interface Placed<O> {
  readonly at: number;
  readonly step: Step;
  readonly operation: O;
}

function meetSamePeople({ step: a }: Placed<unknown>, { step: b }: Placed<unknown>): boolean {
  if (a.group !== b.group) return false;
  const isWide = ({ of: selector }: Step): boolean => !selector || selector.kind === "everyone";
  return isWide(a) || isWide(b) || canonicalJson(a.of) === canonicalJson(b.of);
}

function shared(a: readonly string[], b: readonly string[]): string | undefined {
  return a.find((name) => b.includes(name));
}

function isMove({ operation }: Placed<PropertyOperation>): boolean {
  return operation.do === "rename" || operation.do === "merge_spellings";
}

/** A property whose values the later step takes away or makes otherwise again. */
function undone(earlier: Placed<PropertyOperation>, later: Placed<PropertyOperation>): string | undefined {
  const [a, b] = [earlier.operation, later.operation];
  if (a.do === "retype" && b.do === "retype") return a.property === b.property ? a.property : undefined;
  // Moved, and then moved on, back or away.
  return isMove(earlier) ? shared(writtenNames(a), removedNames(b)) : undefined;
}

function tooLate(earlier: Placed<PropertyOperation>, later: Placed<PropertyOperation>): string | undefined {
  return shared(removedNames(earlier.operation), sourceNames(later.operation));
}

function tooEarly(earlier: Placed<PropertyOperation>, later: Placed<PropertyOperation>): string | undefined {
  return isMove(earlier) || !isMove(later)
    ? undefined
    : shared(writtenNames(earlier.operation), writtenNames(later.operation));
}

function pairProblem(
  earlier: Placed<PropertyOperation>,
  later: Placed<PropertyOperation>,
): ChangeSetProblem | undefined {
  const path = ["steps", later.at, "operation"];
  const first = `step \`${earlier.step.id}\``;
  const back = undone(earlier, later);
  if (back !== undefined)
    return {
      id: "change-set-undoes",
      path,
      message: `What ${first} does to \`${back}\` is undone here`,
      fix: "Keep one of the two steps.",
    };
  const gone = tooLate(earlier, later);
  if (gone !== undefined)
    return {
      id: "change-set-order",
      path,
      message: `Nobody has \`${gone}\` here any more: ${first} has taken it away`,
      fix: "Put this step first, or name the property that the values went to.",
    };
  const late = tooEarly(earlier, later);
  if (late === undefined) return undefined;
  return {
    id: "change-set-order",
    path,
    message: `Values that come to \`${late}\` here are not changed by ${first}, which was before`,
    fix: "Bring values under one name first, and change them afterwards.",
  };
}

/** Fields of the dictionary that two entries set differently. */
function dictionaryProblems(steps: readonly Step[]): readonly ChangeSetProblem[] {
  const before = new Map<string, { readonly step: string; readonly value: string }>();
  return steps.flatMap(({ id, operation, enabled }, at) => {
    if (operation.do !== "dictionary" || enabled === false) return [];
    return operation.entries.flatMap((entry, index): ChangeSetProblem[] => {
      const clash = fieldsOf(entry).find(([key, value]) => {
        const found = before.get(key);
        before.set(key, { step: id, value });
        return found !== undefined && found.value !== value;
      });
      if (!clash) return [];
      return [
        {
          id: "change-set-undoes",
          path: ["steps", at, "operation", "entries", index],
          message: `An earlier entry sets ${clash[2]} of this name otherwise`,
          fix: "Keep one of the two entries.",
        },
      ];
    });
  });
}

function fieldsOf({
  entity,
  name,
  property,
  set,
}: DictionaryChange): readonly (readonly [string, string, string])[] {
  return Object.entries(set).map(
    ([field, value]) =>
      [canonicalJson([entity, name, property ?? null, field]), canonicalJson(value), field] as const,
  );
}

/** Checks enabled steps against those before them. */
export function checkTogether(steps: readonly Step[]): readonly ChangeSetProblem[] {
  const placed = steps.flatMap((step, at): Placed<PropertyOperation>[] => {
    const { operation, enabled } = step;
    return enabled !== false && isPropertyOperation(operation) ? [{ at, step, operation }] : [];
  });
  const pairs = placed.flatMap((later, index) =>
    placed.slice(0, index).flatMap((earlier) => {
      const problem = meetSamePeople(earlier, later) ? pairProblem(earlier, later) : undefined;
      return problem ? [problem] : [];
    }),
  );
  return [...pairs, ...dictionaryProblems(steps)];
}
