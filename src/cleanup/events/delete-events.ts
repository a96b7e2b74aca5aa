// Deletes events of a name in a window. They are exported into the backup first: after the provider's days of grace it is the only place that
// has them, and from it they can be imported again, under new insert ids.
import { AppError, type EventDeletion, type EventGovernance } from "../../core/index.ts";
import type {
  EstimateLimits,
  StepContext,
  StepEstimate,
  StepExecutor,
  StepReport,
} from "../apply/executor.ts";
import type { EventOperation, Step } from "../change-set/change-set.ts";
import { backUpEvents, countEvents } from "./back-up-events.ts";
import { cancelDeletion, checkDeletions, makeDeletion, requireGovernance } from "./event-deletions.ts";
import { daysOf, spansOf } from "./export-spans.ts";

const KEY = "deletion";
const HOUR_MS = 3_600_000;
/** Rules, list, request, read back. */
const APP_REQUESTS = 4;

function deletionOf({ operation }: Step): EventDeletion {
  if (operation.do === "delete_events") return operation satisfies EventOperation;
  throw new AppError("CLEANUP_OPERATION_UNKNOWN", `Cannot delete events by ${operation.do}`);
}

function windowOf({ event, from, to }: EventDeletion) {
  return { from, to, events: [event] };
}

class DeleteEvents implements StepExecutor {
  readonly operations = ["delete_events"] as const;
  readonly #governance: EventGovernance | undefined;

  constructor(governance: EventGovernance | undefined) {
    this.#governance = governance;
  }

  estimate(step: Step, { reader }: EstimateLimits): StepEstimate {
    const exports = spansOf(daysOf(deletionOf(step))).length;
    const beyond = Math.max(0, exports - reader.exportsPerHour);
    const undoDays = this.#governance?.limits.deletionUndoDays ?? 0;
    return {
      count: step.expect?.count,
      requests: exports + APP_REQUESTS,
      durationMs: Math.round((beyond / reader.exportsPerHour) * HOUR_MS),
      reversibility: {
        kind: "partly",
        but: `called off within ${undoDays} days; after that only the backup has the events, to be imported under new insert ids`,
      },
    };
  }

  count(context: Omit<StepContext, "journal" | "backup">): Promise<number> {
    requireGovernance(this.#governance, `step ${context.step.id}`);
    return countEvents(context, windowOf(deletionOf(context.step)));
  }

  async apply(context: StepContext): Promise<StepReport> {
    const { step, backup, journal, signal } = context;
    const wanted = deletionOf(step);
    const governance = requireGovernance(this.#governance, `step ${step.id}`);
    if (journal.get(KEY) === undefined) await checkDeletions(context, governance, [wanted]);
    const exports = await backUpEvents(context, windowOf(wanted));
    context.checkCount(backup.count);
    const made = await makeDeletion(context, governance, { wanted, key: KEY });
    const after = await governance.deletions({ signal });
    const isListed = after.kind !== "answer" || after.value.some(({ id }) => id === made.deletion.id);
    const { deletionUndoDays, deletionDoneDays } = governance.limits;
    return {
      step: step.id,
      selected: backup.count,
      changed: made.kind === "made" ? backup.count : 0,
      skipped: made.kind === "made" ? 0 : backup.count,
      failed: [],
      verified: { checked: backup.count, wrong: isListed ? 0 : backup.count },
      requests: exports + made.requests + 1,
      notes: [
        `Reports do not show the events from now on; they are gone within ${deletionDoneDays} days, and \`clean undo\` can call it off for ${deletionUndoDays}. Raw exports may show them meanwhile.`,
        "An API that the provider does not document was used.",
      ],
    };
  }

  async undo(context: StepContext): Promise<StepReport> {
    const { step, backup, journal } = context;
    const governance = requireGovernance(this.#governance, `step ${step.id}`);
    const id = journal.get(KEY);
    const isOurs = typeof id === "string" && journal.get(`${KEY}.there`) !== true;
    const report = {
      step: step.id,
      selected: backup.count,
      changed: 0,
      skipped: 0,
      failed: [],
      verified: { checked: 0, wrong: 0 },
      requests: 2,
    };
    if (!isOurs) return { ...report, skipped: backup.count, requests: 0 };
    const outcome = await cancelDeletion(context, governance, { id, key: KEY });
    if (outcome === "cancelled") return { ...report, changed: backup.count };
    const reason =
      outcome === "late"
        ? "the deletion has started: nothing can stop it"
        : "the provider does not list the deletion any more";
    return {
      ...report,
      failed: [{ reason, count: backup.count }],
      notes: [
        "The step's backup holds the events as they were exported. They can be imported again, and need new insert ids: those of deleted events may be swallowed.",
      ],
    };
  }
}

/** Makes the executor of `delete_events`; `undefined`: the destination's unofficial API is off, and the step is refused. */
export function createDeleteEventsExecutor(governance: EventGovernance | undefined): StepExecutor {
  return new DeleteEvents(governance);
}
