// Re-import of a window: export into the backup → count what the plan changes → (delete the old ones) → import repaired → read back.
// Deleting by name and window takes whatever has that name when it is asked for, so the old ones go before the new ones come, never after.
// An import cannot be taken back: undo calls the deletion off while it can, and names the insert ids of what was imported.
import { join } from "node:path";
import { AppError, type EventDeletion, type EventGovernance } from "../../core/index.ts";
import type { KeyedHash, Lock } from "../../plan/index.ts";
import type {
  EstimateLimits,
  StepContext,
  StepEstimate,
  StepExecutor,
  StepReport,
} from "../apply/executor.ts";
import type { EventOperation, Step } from "../change-set/change-set.ts";
import { peopleOf } from "../ids/people-of-step.ts";
import { newIdsOf } from "../ids/reimport-ids.ts";
import { backUpEvents, countEvents, type EventWindow } from "./back-up-events.ts";
import { cancelDeletion, checkDeletions, makeDeletion, requireGovernance } from "./event-deletions.ts";
import { daysOf, spansOf } from "./export-spans.ts";
import { IMPORTED_FILE, importAgain, type ImportTally, readTally, SET_ASIDE_FILE } from "./import-again.ts";
import { makeEventRepair } from "./repair-event.ts";
import { surveyBackup, type Survey } from "./reimport-survey.ts";
import { verifyImport } from "./verify-import.ts";

type Reimport = Extract<EventOperation, { do: "reimport_events" }>;

export interface ReimportOptions {
  readonly lock: Lock;
  /** The gateway's keyed hash of data classes, where the plan has such. */
  readonly hash?: KeyedHash;
  /** `undefined`: the destination's unofficial API is off; `old: delete` is refused. */
  readonly governance: EventGovernance | undefined;
}

const HOUR_MS = 3_600_000;
const NAMES_TOLD_MAX = 20;

function reimportOf({ operation }: Step): Reimport {
  if (operation.do === "reimport_events") return operation;
  throw new AppError("CLEANUP_OPERATION_UNKNOWN", `Cannot re-import events by ${operation.do}`);
}

function windowOf({ from, to, events }: Reimport): EventWindow {
  return { from, to, events };
}

function namesText(names: readonly string[]): string {
  const more = names.length > NAMES_TOLD_MAX ? ` and ${names.length - NAMES_TOLD_MAX} more` : "";
  return `${names.slice(0, NAMES_TOLD_MAX).join(", ")}${more}`;
}

/** What has to happen to the old events, where they were kept. */
function keptNotes({ touched }: Survey, { from, to }: Reimport): readonly string[] {
  if (touched.length === 0) return [];
  const gone = touched.filter(({ sameName }) => sameName === 0).map(({ name }) => name);
  const same = touched.filter(({ sameName }) => sameName > 0).map(({ name }) => name);
  return [
    "The old events are still there, and count twice until they are deleted.",
    ...(gone.length === 0
      ? []
      : [`To be deleted by \`delete_events\` steps from ${from} to ${to}: ${namesText(gone)}`]),
    ...(same.length === 0
      ? []
      : [
          `Not to be deleted by name any more, because the new events have the same one: ${namesText(same)}. With \`old: delete\` they would have gone before the import.`,
        ]),
  ];
}

/** What became of the old events, where they were deleted. */
function deletedNotes({ setAside }: ImportTally, governance: EventGovernance | undefined): readonly string[] {
  const days = governance?.limits.deletionUndoDays ?? 0;
  return [
    `The old events of these names are deleted by name and window, over an API that the provider does not document; \`clean undo\` can call it off for ${days} days, and then old and new ones are there.`,
    ...(setAside === 0
      ? []
      : ["What was set aside may be deleted with them: the step's backup has all of it."]),
  ];
}

class ReimportEvents implements StepExecutor {
  readonly operations = ["reimport_events"] as const;
  readonly #options: ReimportOptions;

  constructor(options: ReimportOptions) {
    this.#options = options;
  }

  estimate(step: Step, { reader, provider }: EstimateLimits): StepEstimate {
    const { old } = reimportOf(step);
    const exports = spansOf(daysOf(reimportOf(step))).length;
    const imports = Math.ceil((step.expect?.count ?? 0) / provider.eventsPerRequest);
    const beyond = Math.max(0, exports + 1 - reader.exportsPerHour);
    const because =
      old === "delete"
        ? "an import cannot be taken back; the deletion of the old events can be called off for some days, and then both are there"
        : "an import cannot be taken back; the old events stay, and count twice until they are deleted";
    return {
      count: step.expect?.count,
      requests: exports + 1 + imports,
      durationMs: Math.round((beyond / reader.exportsPerHour) * HOUR_MS),
      reversibility: { kind: "not", because },
    };
  }

  count(context: Omit<StepContext, "journal" | "backup">): Promise<number> {
    this.#checkWindow(context, reimportOf(context.step));
    return countEvents(context, windowOf(reimportOf(context.step)));
  }

  async apply(context: StepContext): Promise<StepReport> {
    const { step, backup, provider } = context;
    const operation = reimportOf(step);
    this.#checkWindow(context, operation);
    const { lock, hash } = this.#options;
    const { mapping } = operation;
    const repair = makeEventRepair({
      lock,
      provider: provider.kind,
      ...(mapping === undefined ? {} : { newIds: newIdsOf(await peopleOf(context, mapping)) }),
      ...(hash === undefined ? {} : { hash }),
    });
    const exports = await backUpEvents(context, windowOf(operation));
    context.checkCount(backup.count);
    const survey = await surveyBackup(context, repair);
    const deleted = operation.old === "delete" ? await this.#deleteOld(context, survey) : 0;
    const tally = await importAgain(context, { repair, survey });
    const verified = await verifyImport(context, operation);
    return {
      step: step.id,
      selected: backup.count,
      changed: tally.imported,
      skipped: tally.left,
      failed: Object.entries(tally.failed).map(([reason, count]) => ({ reason, count })),
      verified: { checked: verified.checked, wrong: verified.wrong },
      requests: exports + deleted + tally.requests + verified.requests,
      notes: this.#notes(context, { operation, survey, tally, wrong: verified.wrong }),
    };
  }

  async undo(context: StepContext): Promise<StepReport> {
    const { step, journal, folder } = context;
    const { imported } = readTally(context);
    const notes: string[] = [];
    let requests = 0;
    for (const key of journal.keys()) {
      const id = journal.get(key);
      if (!/^deletion\.\d+$/.test(key) || typeof id !== "string") continue;
      if (journal.get(`${key}.there`) === true) continue;
      const governance = requireGovernance(this.#options.governance, `undo of step ${step.id}`);
      const outcome = await cancelDeletion(context, governance, { id, key });
      requests += 2;
      if (outcome !== "cancelled")
        notes.push("A deletion of old events could not be called off; the step's backup has them.");
    }
    if (imported > 0) notes.push(`Insert ids of the imported events: ${join(folder, IMPORTED_FILE)}`);
    return {
      step: step.id,
      selected: imported,
      changed: 0,
      skipped: 0,
      failed:
        imported === 0
          ? []
          : [{ reason: "imported events stay: an import cannot be taken back", count: imported }],
      verified: { checked: 0, wrong: 0 },
      requests,
      notes: [...new Set(notes)],
    };
  }

  /** Before anything happens: what deletes must be switched on, and must not reach into a day that is not over. */
  #checkWindow({ step, clock }: Pick<StepContext, "step" | "clock">, operation: Reimport): void {
    daysOf(operation);
    if (operation.old !== "delete") return;
    requireGovernance(this.#options.governance, `step ${step.id} with \`old: delete\``);
    const today = new Date(clock.now()).toISOString().slice(0, 10);
    if (operation.to >= today)
      throw new AppError(
        "CLEANUP_REFUSED",
        `Cannot do step ${step.id}: events of today still come in, and would be deleted without being imported again; let the window end earlier`,
      );
  }

  async #deleteOld(context: StepContext, { touched }: Survey): Promise<number> {
    const { step, journal } = context;
    const { from, to } = reimportOf(step);
    const governance = requireGovernance(this.#options.governance, `step ${step.id}`);
    const wanted = touched.map(({ name }): EventDeletion => ({ event: name, from, to }));
    if (wanted.length === 0 || journal.get("deleted") === true) return 0;
    const [unfit, events] = [sumOf(touched, "unfit"), sumOf(touched, "events")];
    context.checkFailures(
      unfit,
      events,
      "events to be deleted fit no plan, and would be in the backup alone: nothing was deleted",
    );
    await checkDeletions(context, governance, wanted);
    let requests = 1;
    for (const [index, one] of wanted.entries()) {
      const made = await makeDeletion(context, governance, { wanted: one, key: `deletion.${index}` });
      requests += made.requests;
      context.onProgress({ phase: "delete old", done: index + 1, total: wanted.length });
    }
    await journal.put("deleted", true);
    return requests;
  }

  #notes(
    { folder }: StepContext,
    {
      operation,
      survey,
      tally,
      wrong,
    }: {
      readonly operation: Reimport;
      readonly survey: Survey;
      readonly tally: ImportTally;
      readonly wrong: number;
    },
  ): readonly string[] {
    return [
      `${survey.exported} exported = ${tally.imported} imported + ${tally.setAside} set aside + ${tally.left} left as they were`,
      ...(tally.setAside === 0
        ? []
        : [`What could not be repaired, with what is wrong: ${join(folder, SET_ASIDE_FILE)}`]),
      ...(operation.old === "delete"
        ? deletedNotes(tally, this.#options.governance)
        : keptNotes(survey, operation)),
      ...(wrong === 0 ? [] : ["An export can lag behind an import: look again later."]),
    ];
  }
}

function sumOf(touched: Survey["touched"], of: "unfit" | "events"): number {
  return touched.reduce((sum, one) => sum + one[of], 0);
}

/** Makes the executor of `reimport_events`. */
export function createReimportExecutor(options: ReimportOptions): StepExecutor {
  return new ReimportEvents(options);
}
