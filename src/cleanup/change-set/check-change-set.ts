// Holds a change set to the plan and to itself, before anything is read or changed. Steps that are not enabled do not happen, and are not judged.
import type { Finding, PlanLimits } from "../../core/index.ts";
import type { LocatedDocument, Lock, LockProfileProperty } from "../../plan/index.ts";
import { touchedNames } from "../profiles/property-changes.ts";
import type { ChangeSet, Step } from "./change-set.ts";
import type { ChangeSetProblem } from "./change-set-findings.ts";
import { checkTogether } from "./check-together.ts";
import { toFindings } from "./parse-change-set.ts";
import { isPropertyOperation, writtenNames } from "./property-operation.ts";

export interface ChangeSetRules {
  readonly lock: Lock;
  /** The destination's `unofficial`: what its provider does not document may be used. */
  readonly unofficial: boolean;
  readonly limits: PlanLimits;
  /** Of the parsed file; without it findings have no place. */
  readonly locate?: LocatedDocument["locate"];
}

/** Paths of its problems begin at the step. */
type StepRule = (step: Step, rules: ChangeSetRules) => readonly ChangeSetProblem[];

function plannedOf({ group }: Step, { people, groups }: Lock): ReadonlyMap<string, LockProfileProperty> {
  const properties = group === undefined ? people : (groups[group] ?? {});
  return new Map(Object.values(properties).map((property) => [property.name, property]));
}

const selectors: StepRule = ({ operation, of: selector }) => {
  const isPrivacy = operation.do === "privacy_delete" || operation.do === "privacy_retrieve";
  const needsOne = isPrivacy || operation.do === "delete_profiles" || operation.do === "deduplicate";
  if (needsOne && (!selector || (isPrivacy && selector.kind === "everyone")))
    return [
      {
        id: "change-set-no-selector",
        path: selector ? ["of"] : ["operation"],
        message: "The step does not say which profiles it is about",
        fix: isPrivacy
          ? "Name the people by `of: { kind: ids | file | where | property }`."
          : "Say it by `of`; everybody has to be written out: `of: { kind: everyone }`.",
      },
    ];
  if (selector?.kind !== "everyone") return [];
  return [
    {
      id: "change-set-everyone",
      path: ["of"],
      message: "The step is about every profile of the project",
      fix: "Name those that are meant, or let a second person agree to everybody.",
    },
  ];
};

const stateOwned: StepRule = (step, { lock }) => {
  if (step.group !== undefined || !isPropertyOperation(step.operation)) return [];
  const planned = plannedOf(step, lock);
  const owned = touchedNames(step.operation).filter((name) => planned.get(name)?.owner === "state");
  return owned.map((name) => ({
    id: "change-set-state-owned",
    path: ["operation"],
    message: `\`${name}\` is written by the people sync from the database`,
    fix: "Leave it to the sync: `plumbline people reconcile` repairs it. Old spellings of it can be removed by `unset`.",
  }));
};

function isReserved(name: string, limits: PlanLimits): boolean {
  const { reservedPropertyNames, reservedPrefixes, writableProfileNames } = limits;
  if (writableProfileNames.includes(name)) return false;
  return reservedPropertyNames.includes(name) || reservedPrefixes.some((prefix) => name.startsWith(prefix));
}

const targets: StepRule = (step, { lock, limits }) => {
  const { operation } = step;
  if (!isPropertyOperation(operation)) return [];
  const planned = plannedOf(step, lock);
  const key = operation.do === "rename" || operation.do === "merge_spellings" ? "to" : "property";
  return writtenNames(operation).flatMap((name): ChangeSetProblem[] => {
    const known = planned.get(name);
    if (!known && isReserved(name, limits)) return [];
    if (!known)
      return [
        {
          id: "change-set-unknown-target",
          path: ["operation", key],
          message: `\`${name}\` is not a profile property of the plan`,
          fix: "Correct the name, or add the property to the plan first: otherwise the next inventory reports it.",
        },
      ];
    if (operation.do !== "retype" || operation.to === known.type.type) return [];
    return [
      {
        id: "change-set-type-differs",
        path: ["operation", "to"],
        message: `The plan says that \`${name}\` is of type ${known.type.type}`,
        fix: `Write \`to: ${known.type.type}\`, or change the plan first.`,
      },
    ];
  });
};

const reserved: StepRule = ({ operation }, { limits }) => {
  if (!isPropertyOperation(operation)) return [];
  return writtenNames(operation)
    .filter((name) => isReserved(name, limits))
    .map((name) => ({
      id: "change-set-reserved-name",
      path: ["operation"],
      message: `\`${name}\` is a name that ${limits.provider} uses itself`,
      fix: `Write to another name. Names with a meaning that may be written: ${limits.writableProfileNames.join(", ")}.`,
    }));
};

const unofficialApi: StepRule = ({ operation }, { unofficial }) => {
  const needsIt =
    operation.do === "delete_events" ||
    operation.do === "drop_filter" ||
    (operation.do === "reimport_events" && operation.old === "delete");
  if (!needsIt || unofficial) return [];
  return [
    {
      id: "change-set-unofficial",
      path: ["operation", "do"],
      message:
        "The step needs an API that the provider does not document, and the destination does not allow it",
      fix: "Set `unofficial: true` for the destination, or do it on the provider's own pages.",
    },
  ];
};

const STEP_RULES: readonly StepRule[] = [selectors, stateOwned, targets, reserved, unofficialApi];

function planProblems({ plan }: ChangeSet, { lock }: ChangeSetRules): readonly ChangeSetProblem[] {
  if (plan === lock.hash) return [];
  return [
    {
      id: "change-set-plan-changed",
      path: ["plan"],
      message: "The plan has changed since the set was made",
      fix: "Make the set anew by `plumbline clean plan`, or hold it to the plan as it is and write its hash here.",
    },
  ];
}

/** Checks a set whose shape is right. Errors are what `clean apply` does not begin with. */
export function checkChangeSet(set: ChangeSet, rules: ChangeSetRules): readonly Finding[] {
  const alone = set.steps.flatMap((step, at) =>
    step.enabled === false
      ? []
      : STEP_RULES.flatMap((rule) =>
          rule(step, rules).map((problem) => ({ ...problem, path: ["steps", at, ...problem.path] })),
        ),
  );
  return toFindings([...planProblems(set, rules), ...alone, ...checkTogether(set.steps)], rules.locate);
}
