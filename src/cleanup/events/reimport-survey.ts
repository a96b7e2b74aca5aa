// What a re-import will do, counted over the backup before anything happens: which names need it at all. Names whose events are as the plan wants
// them are left alone: importing them again would only double them.
import { isObject, type JsonValue } from "../../core/index.ts";
import type { StepContext } from "../apply/executor.ts";
import type { ExportedEvent } from "./exported-event.ts";
import type { EventRepair } from "./repair-event.ts";

/** A name under which events stand that have to be imported again. */
export interface TouchedName {
  readonly name: string;
  readonly events: number;
  /** Of them, under this very name again: a deletion by name would take the new ones too. */
  readonly sameName: number;
  /** Of them, that fit no plan: a deletion by name leaves them in the backup alone. */
  readonly unfit: number;
}

export interface Survey {
  readonly exported: number;
  readonly changed: number;
  readonly unfit: number;
  readonly touched: readonly TouchedName[];
}

interface Counts {
  events: number;
  changed: number;
  unfit: number;
  sameName: number;
}

const KEY = "survey";

/** Reads the backup's records as events. */
export async function* eventsOf(
  { backup }: Pick<StepContext, "backup">,
  from = 0,
): AsyncGenerator<ExportedEvent> {
  for await (const record of backup.read(from)) yield record as ExportedEvent;
}

function isSurvey(value: unknown): value is Survey {
  return isObject(value) && Array.isArray(value["touched"]);
}

/** The survey of a step; counted once, and journaled. */
export async function surveyBackup(
  context: Pick<StepContext, "backup" | "journal" | "onProgress">,
  repair: (event: ExportedEvent) => EventRepair,
): Promise<Survey> {
  const { backup, journal } = context;
  const known = journal.get(KEY);
  if (isSurvey(known)) return known;
  const names = new Map<string, Counts>();
  let exported = 0;
  for await (const event of eventsOf(context)) {
    exported += 1;
    const counts = names.get(event.event) ?? { events: 0, changed: 0, unfit: 0, sameName: 0 };
    const repaired = repair(event);
    counts.events += 1;
    if (repaired.kind === "unfit") counts.unfit += 1;
    if (repaired.kind === "fit" && repaired.isChanged) counts.changed += 1;
    if (repaired.kind === "fit" && repaired.event === event.event) counts.sameName += 1;
    names.set(event.event, counts);
    if (exported % 10_000 === 0)
      context.onProgress({ phase: "compare with the plan", done: exported, total: backup.count });
  }
  const all = [...names.values()];
  const survey: Survey = {
    exported,
    changed: all.reduce((sum, { changed }) => sum + changed, 0),
    unfit: all.reduce((sum, { unfit }) => sum + unfit, 0),
    touched: [...names]
      .filter(([, { changed }]) => changed > 0)
      .map(([name, { events, sameName, unfit }]) => ({ name, events, sameName, unfit })),
  };
  await journal.put(KEY, JSON.parse(JSON.stringify(survey)) as JsonValue);
  return survey;
}
