// Steps for tables that are watched by triggers or by `touch`: outbox, functions, triggers, and the removal of those that are not wanted any more.
import type { CapturePlan, TableCapture } from "../capture/capture-plan.ts";
import { quoteName, quoteTable, shortName, type TableName } from "../database/identifiers.ts";
import {
  functionBody,
  functionName,
  functionsSql,
  outboxSql,
  TRIGGER_EVENTS,
  triggerName,
  triggersSql,
  type TriggerTable,
} from "./outbox-sql.ts";
import type { ServerFacts } from "./server-facts.ts";
import { type Step, step } from "./step.ts";
import { tablesBy } from "./plan-capture.ts";

/** The table of a capture as its triggers see it. */
export function triggerTable({ table, columns }: TableCapture): TriggerTable {
  return { schema: table.schema, table: table.table, columns, isPartitioned: table.kind === "partitioned" };
}

export function needsOutbox(plan: CapturePlan): boolean {
  return plan.tables.some(({ method }) => method === "trigger" || method === "touch");
}

/** A table or partition that must have the triggers, and those of ours that it has. */
export interface TriggerPlace {
  readonly relation: TableName;
  readonly oid: string;
  readonly present: readonly string[];
  /** All four are there, call what they should, and fire. */
  readonly isWhole: boolean;
  /** Some of them are switched off. */
  readonly isDisabled: boolean;
}

/** Where the triggers of a table belong. Those of the root fire for statements on the root, those of a partition for statements on it alone. */
export function triggerPlaces(capture: TableCapture, facts: ServerFacts): readonly TriggerPlace[] {
  const found = facts.tables.get(capture.table.oid);
  const table = triggerTable(capture);
  return [capture.table, ...(found?.partitions ?? [])].map((relation): TriggerPlace => {
    const present = facts.triggers.filter(({ oid }) => oid === relation.oid);
    const wanted = TRIGGER_EVENTS.map((event) =>
      present.find((one) => one.name === triggerName(event) && one.function === functionName(table, event)),
    );
    return {
      relation: { schema: relation.schema, table: relation.table },
      oid: relation.oid,
      present: present.map(({ name }) => name),
      isWhole: present.length === TRIGGER_EVENTS.length && wanted.every((one) => one?.isEnabled === true),
      isDisabled: wanted.some((one) => one?.isEnabled === false),
    };
  });
}

/** Whether the functions of a table are there as this version writes them. */
export function hasFunctions(capture: TableCapture, facts: ServerFacts): boolean {
  const table = triggerTable(capture);
  return TRIGGER_EVENTS.every(
    (event) => facts.functions.get(functionName(table, event)) === functionBody(table, event),
  );
}

/** Steps that make what is missing. */
export function triggerSteps(plan: CapturePlan, facts: ServerFacts): readonly Step[] {
  const steps: Step[] = [];
  if (needsOutbox(plan) && !facts.hasOutbox)
    steps.push(
      step({
        what: "make the outbox and `plumbline.touch`",
        sql: outboxSql(facts.role),
        why: "Triggers and `touch` note there who may have changed, in the application's own transaction.",
      }),
    );
  for (const capture of tablesBy(plan, "trigger")) {
    const name = shortName(capture.table);
    if (!hasFunctions(capture, facts))
      steps.push(
        step({
          what: `make the trigger functions of ${name}`,
          sql: functionsSql(triggerTable(capture)),
          why: `They note the old and new values of ${capture.columns.join(", ")}, each once a statement.`,
        }),
      );
    for (const place of triggerPlaces(capture, facts))
      if (!place.isWhole)
        steps.push(
          step(
            {
              what: `make the triggers of ${shortName(place.relation)}`,
              sql: triggersSql(place.relation, triggerTable(capture), place.present),
              why: `${name} is watched by triggers: ${capture.reason}. Writes wait while the lock is taken, not longer.`,
            },
            true,
          ),
        );
  }
  return steps;
}

/** Steps that remove triggers and functions which the plan does not want. */
export function staleTriggerSteps(plan: CapturePlan, facts: ServerFacts): readonly Step[] {
  const captures = tablesBy(plan, "trigger");
  const places = new Set(captures.flatMap((capture) => triggerPlaces(capture, facts)).map(({ oid }) => oid));
  const functions = new Set(
    captures.flatMap((capture) => TRIGGER_EVENTS.map((event) => functionName(triggerTable(capture), event))),
  );
  const staleFunctions = [...facts.functions.keys()].filter((name) => !functions.has(name));
  return [
    ...dropTriggerSteps({ triggers: facts.triggers.filter(({ oid }) => !places.has(oid)) }),
    ...(staleFunctions.length === 0
      ? []
      : [
          step({
            what: "remove trigger functions that nothing calls any more",
            sql: staleFunctions.map((name) => `drop function plumbline.${quoteName(name)}()`).join(";\n"),
            why: "The tables are watched in another way now.",
          }),
        ]),
  ];
}

/** Removes triggers, one step a table. */
export function dropTriggerSteps({ triggers }: Pick<ServerFacts, "triggers">): readonly Step[] {
  const tables = new Map(triggers.map(({ oid, table }) => [oid, table]));
  return [...tables].map(([table, relation]) => {
    const group = triggers.filter(({ oid }) => oid === table);
    return step(
      {
        what: `remove the triggers of ${shortName(relation)}`,
        sql: group
          .map(({ name }) => `drop trigger ${quoteName(name)} on ${quoteTable(relation)}`)
          .join(";\n"),
        why: "They are not needed any more.",
      },
      true,
    );
  });
}
