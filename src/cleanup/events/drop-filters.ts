// Drop filters: events of a name with some values of a property are not taken any more. What was there before stays as it is.
import {
  AppError,
  type DropFilter,
  type EventGovernance,
  type JsonValue,
  type StoredDropFilter,
} from "../../core/index.ts";
import { askProvider } from "../apply/ask-provider.ts";
import type { StepContext, StepEstimate, StepExecutor, StepReport } from "../apply/executor.ts";
import type { Step } from "../change-set/change-set.ts";
import { requireGovernance } from "./event-deletions.ts";

const KEY = "filter";
const WHOLE = "whole";

function filterOf({ operation }: Step): DropFilter {
  if (operation.do !== "drop_filter")
    throw new AppError("CLEANUP_OPERATION_UNKNOWN", `Cannot make a drop filter by ${operation.do}`);
  if (operation.values.length === 0)
    throw new AppError("CLEANUP_REFUSED", "Cannot make a drop filter without a value");
  return operation;
}

function sorted(values: readonly JsonValue[]): string {
  return JSON.stringify(values.map((value) => JSON.stringify(value)).sort());
}

function isSame(one: DropFilter, other: DropFilter): boolean {
  return (
    one.event === other.event &&
    one.property === other.property &&
    sorted(one.values) === sorted(other.values)
  );
}

class DropFilters implements StepExecutor {
  readonly operations = ["drop_filter"] as const;
  readonly #governance: EventGovernance | undefined;

  constructor(governance: EventGovernance | undefined) {
    this.#governance = governance;
  }

  estimate(step: Step): StepEstimate {
    filterOf(step);
    return { count: 1, requests: 2, durationMs: 0, reversibility: { kind: "whole" } };
  }

  count({ step }: Pick<StepContext, "step">): Promise<number> {
    requireGovernance(this.#governance, `step ${step.id}`);
    return Promise.resolve(1);
  }

  async apply(context: StepContext): Promise<StepReport> {
    const { step, backup, journal, signal } = context;
    const wanted = filterOf(step);
    const governance = requireGovernance(this.#governance, `step ${step.id}`);
    const before = await askProvider(context, "app", () => governance.dropFilters({ signal }));
    if (backup.mark !== WHOLE) await backup.append(before, WHOLE);
    const find = (all: readonly StoredDropFilter[]): StoredDropFilter | undefined =>
      all.find((one) => one.isActive && isSame(one, wanted));
    const there = find(before);
    // Asked for before a crash, or by somebody before this step: only ours is taken away by undo.
    const isOurs = journal.get(`${KEY}.asked`) !== undefined;
    if (there) {
      if (isOurs) await journal.put(KEY, there.id);
      return this.#report(step, { changed: isOurs ? 1 : 0, wrong: 0, requests: 1 });
    }
    if (before.length >= governance.limits.dropFilters)
      throw new AppError(
        "CLEANUP_REFUSED",
        `Cannot make a drop filter: all ${governance.limits.dropFilters} of the project are in use`,
      );
    context.checkCount(1);
    await journal.put(`${KEY}.asked`, true);
    let tries = 0;
    const after = await askProvider(context, "app", async () => {
      tries += 1;
      const now = tries === 1 ? undefined : await governance.dropFilters({ signal });
      if (now && (now.kind !== "answer" || find(now.value))) return now;
      return governance.addDropFilter(wanted, { signal });
    });
    const made = find(after);
    if (made) await journal.put(KEY, made.id);
    return this.#report(step, { changed: made ? 1 : 0, wrong: made ? 0 : 1, requests: 1 + tries });
  }

  async undo(context: StepContext): Promise<StepReport> {
    const { step, journal, signal } = context;
    const governance = requireGovernance(this.#governance, `step ${step.id}`);
    const id = journal.get(KEY);
    const before = await askProvider(context, "app", () => governance.dropFilters({ signal }));
    const found = typeof id === "string" ? before.find((one) => one.id === id) : undefined;
    if (!found) return { ...this.#report(step, { changed: 0, wrong: 0, requests: 1 }), notes: [] };
    if (!isSame(found, filterOf(step)) && !context.settings.force)
      return {
        ...this.#report(step, { changed: 0, wrong: 0, requests: 1 }),
        skipped: 0,
        failed: [{ reason: "changed by somebody since", count: 1 }],
        notes: [],
      };
    const left = await askProvider(context, "app", async () => {
      const answer = await governance.removeDropFilter(found.id, { signal });
      return answer.kind === "refused" ? governance.dropFilters({ signal }) : answer;
    });
    const wrong = left.some((one) => one.id === found.id) ? 1 : 0;
    return { ...this.#report(step, { changed: 1, wrong, requests: 2 }), notes: [] };
  }

  #report(
    step: Step,
    {
      changed,
      wrong,
      requests,
    }: { readonly changed: number; readonly wrong: number; readonly requests: number },
  ): StepReport {
    return {
      step: step.id,
      selected: 1,
      changed,
      skipped: 1 - changed,
      failed: [],
      verified: { checked: 1, wrong },
      requests,
      notes: [
        "A drop filter works some ten minutes later, and changes nothing that is stored. An API that the provider does not document was used.",
      ],
    };
  }
}

/** Makes the executor of `drop_filter`; `undefined`: the destination's unofficial API is off, and the step is refused. */
export function createDropFilterExecutor(governance: EventGovernance | undefined): StepExecutor {
  return new DropFilters(governance);
}
