// Deletion and retrieval requests for people: ids noted first, then requests of many ids, each journaled, one a second. What the provider
// does with them takes days: a step is done when everything is asked for, and `clean privacy status` follows it.
// The backup holds ids and nothing else of the people: what they asked to be forgotten is not kept here.
import { Pace, type PrivacyRequest, type PrivacyRequests, type ProfileAnswer } from "../../core/index.ts";
import { askProvider, stoppedError } from "../apply/ask-provider.ts";
import type { StepContext, StepEstimate, StepExecutor, StepReport } from "../apply/executor.ts";
import type { Step } from "../change-set/change-set.ts";
import {
  halves,
  type PrivacyTask,
  privacyOf,
  type Range,
  rangeKey,
  rangeState,
  requestOf,
  tasksOf,
} from "./privacy-ranges.ts";
import { selectIds } from "./select-ids.ts";

const SECOND_MS = 1000;
const TOO_MANY = "status 429";
/** Mark of a backup that has every id. */
const WHOLE = { whole: true } as const;

type Failures = Map<string, number>;

function fail(failures: Failures, reason: string, count: number): void {
  failures.set(reason, (failures.get(reason) ?? 0) + count);
}

function idOf(record: object): string {
  return "id" in record && typeof record.id === "string" ? record.id : "";
}

function kindOf(step: Step): PrivacyRequest["kind"] {
  return privacyOf(step).do === "privacy_delete" ? "deletion" : "retrieval";
}

class PrivacyExecutor implements StepExecutor {
  readonly operations = ["privacy_delete", "privacy_retrieve"] as const;
  readonly #privacy: PrivacyRequests;
  #pace: Pace | undefined;

  constructor(privacy: PrivacyRequests) {
    this.#privacy = privacy;
  }

  estimate(step: Step): StepEstimate {
    const { idsPerRequest, requestsPerSecond, doneDays } = this.#privacy.limits;
    const listed = step.of?.kind === "ids" ? step.of.ids.length : undefined;
    const count = step.expect?.count ?? listed;
    const requests = Math.ceil((count ?? 0) / idsPerRequest);
    const isDeletion = kindOf(step) === "deletion";
    return {
      count,
      requests,
      durationMs: Math.round((Math.max(0, requests - 1) / requestsPerSecond) * SECOND_MS),
      reversibility: isDeletion
        ? {
            kind: "partly",
            but: `only while a request has not started; after that events and profiles are gone within ${doneDays} days`,
          }
        : { kind: "whole" },
    };
  }

  async count(context: Omit<StepContext, "journal" | "backup">): Promise<number> {
    const ids = new Set<string>();
    for await (const page of selectIds(context)) for (const id of page.ids) ids.add(id);
    return ids.size;
  }

  async apply(context: StepContext): Promise<StepReport> {
    const { step, backup, journal } = context;
    if (journal.get("privacy") === undefined)
      await journal.put("privacy", { kind: kindOf(step), destination: context.changeSet.destination });
    await this.#noteIds(context);
    context.checkCount(backup.count);
    const failures: Failures = new Map();
    let requests = 0;
    let from = 0;
    let ids: string[] = [];
    const flush = async (): Promise<void> => {
      if (ids.length === 0) return;
      const range = { from, to: from + ids.length };
      requests += await this.#ask(context, { range, ids, failures });
      from = range.to;
      ids = [];
      context.onProgress({ phase: "ask", done: from, total: backup.count });
    };
    for await (const record of backup.read()) {
      ids.push(idOf(record));
      if (ids.length >= this.#privacy.limits.idsPerRequest) await flush();
    }
    await flush();
    const tasks = tasksOf(context.journal);
    return {
      step: step.id,
      selected: backup.count,
      changed: tasks.reduce((sum, { from: first, to }) => sum + to - first, 0),
      skipped: 0,
      failed: [...failures].map(([reason, count]) => ({ reason, count })),
      verified: await this.#verify(context, tasks),
      requests: requests + tasks.length,
      notes: this.#notes(step, tasks.length),
    };
  }

  async undo(context: StepContext): Promise<StepReport> {
    const { step, journal } = context;
    const tasks = tasksOf(journal);
    const isDeletion = kindOf(step) === "deletion";
    const failures: Failures = new Map();
    let [changed, skipped] = [0, 0];
    for (const [done, task] of (isDeletion ? tasks : []).entries()) {
      const count = task.to - task.from;
      const outcome = await this.#cancel(context, task);
      if (outcome === "cancelled" && task.isDoubtful)
        fail(
          failures,
          "called off, but an answer got lost: a second request may go on that is not known here",
          count,
        );
      else if (outcome === "cancelled") changed += count;
      else if (outcome === "over") skipped += count;
      else fail(failures, "the deletion has started: nothing can stop it", count);
      context.onProgress({ phase: "call off", done: done + 1, total: tasks.length });
    }
    return {
      step: step.id,
      selected: tasks.reduce((sum, { from, to }) => sum + to - from, 0),
      changed,
      skipped: isDeletion ? skipped : tasks.reduce((sum, { from, to }) => sum + to - from, 0),
      failed: [...failures].map(([reason, count]) => ({ reason, count })),
      verified: { checked: 0, wrong: 0 },
      requests: isDeletion ? tasks.length : 0,
      ...(isDeletion ? {} : { notes: ["A retrieval changes nothing: there is nothing to undo."] }),
    };
  }

  /** Every id is on disk before the first request: a walk that is made again may find others. */
  async #noteIds(context: StepContext): Promise<void> {
    const { backup } = context;
    const { mark } = backup;
    if (typeof mark === "object" && mark !== null && "whole" in mark) return;
    const known = new Set<string>();
    for await (const record of backup.read()) known.add(idOf(record));
    for await (const page of selectIds(context, mark)) {
      const ids = page.ids.filter((id) => id !== "" && !known.has(id));
      const fresh = [...new Set(ids)];
      for (const id of fresh) known.add(id);
      await backup.append(
        fresh.map((id) => ({ id })),
        page.next ?? WHOLE,
      );
      context.onProgress({ phase: "select", done: known.size, total: undefined });
      if (context.signal.aborted) throw stoppedError();
    }
  }

  /** One a second, beside the limits that the run keeps. */
  #askPaced<T>(context: StepContext, ask: () => Promise<ProfileAnswer<T>>): Promise<T> {
    const { clock, random, signal } = context;
    const { requestsPerSecond } = this.#privacy.limits;
    const pace = (this.#pace ??= new Pace(
      { backoffMs: 0, backoffMaxMs: 0, unauthorizedPauseMs: 0, eventsPerSecond: requestsPerSecond },
      clock,
      random,
    ));
    return askProvider(context, "app", async () => {
      if (!(await pace.turn(1, signal))) throw stoppedError();
      return ask();
    });
  }

  /** Answers how many requests it took. */
  async #ask(
    context: StepContext,
    asked: { readonly range: Range; readonly ids: readonly string[]; readonly failures: Failures },
  ): Promise<number> {
    const { journal, clock, signal, step } = context;
    const { range, ids, failures } = asked;
    const state = rangeState(journal, range);
    if (state.kind === "taken") return 0;
    if (state.kind === "refused") {
      fail(failures, state.reason, ids.length);
      return 0;
    }
    if (state.kind === "halved") return this.#askHalves(context, asked);
    let isDoubtful = state.kind === "asked";
    const requestedAt = clock.now();
    await journal.put(rangeKey(range), { asked: requestedAt });
    const answer = await this.#askPaced<{ task: string } | { unfit: string }>(context, async () => {
      const said = await this.#privacy.request(requestOf(privacyOf(step), ids), { signal });
      if (said.kind === "unfit") return { kind: "answer", value: { unfit: said.message } };
      // Anything but "too many requests" may have come after the request was taken.
      if (said.kind === "busy" && said.message !== TOO_MANY) isDoubtful = true;
      return said.kind === "answer" ? { kind: "answer", value: { task: said.value } } : said;
    });
    if ("task" in answer) {
      const taken = { task: answer.task, requestedAt };
      await journal.put(rangeKey(range), isDoubtful ? { ...taken, isDoubtful } : taken);
      return 1;
    }
    if (ids.length === 1) {
      await journal.put(rangeKey(range), { refused: answer.unfit });
      fail(failures, answer.unfit, 1);
      return 1;
    }
    await journal.put(rangeKey(range), { halved: true });
    return 1 + (await this.#askHalves(context, asked));
  }

  async #askHalves(
    context: StepContext,
    {
      range,
      ids,
      failures,
    }: { readonly range: Range; readonly ids: readonly string[]; readonly failures: Failures },
  ): Promise<number> {
    let requests = 0;
    for (const half of halves(range)) {
      const some = ids.slice(half.from - range.from, half.to - range.from);
      requests += await this.#ask(context, { range: half, ids: some, failures });
    }
    return requests;
  }

  /** Looks at every request once: a provider that took it knows it. */
  async #verify(context: StepContext, tasks: readonly PrivacyTask[]): Promise<StepReport["verified"]> {
    const { signal, step } = context;
    const kind = kindOf(step);
    let wrong = 0;
    for (const [done, { task, from, to }] of tasks.entries()) {
      const { state } = await this.#askPaced(context, () =>
        this.#privacy.state({ kind, id: task }, { signal }),
      );
      if (state === "failed" || state === "gone" || state === "revoked") wrong += to - from;
      context.onProgress({ phase: "verify", done: done + 1, total: tasks.length });
    }
    return { checked: tasks.reduce((sum, { from, to }) => sum + to - from, 0), wrong };
  }

  async #cancel(
    context: StepContext,
    { task, from, to }: PrivacyTask,
  ): Promise<"cancelled" | "started" | "over"> {
    const { journal, signal } = context;
    const key = `undo.${from}-${to}`;
    const before = journal.get(key);
    if (before === "cancelled" || before === "over") return before;
    const { state } = await this.#askPaced(context, () =>
      this.#privacy.state({ kind: "deletion", id: task }, { signal }),
    );
    // An undo that was interrupted has called it off already.
    if (state === "revoked") return before === "calling" ? "cancelled" : "over";
    if (state === "failed" || state === "gone") return "over";
    if (state === "done") return "started";
    await journal.put(key, "calling");
    const isCancelled = await this.#askPaced(context, () => this.#privacy.cancel(task, { signal }));
    if (isCancelled) await journal.put(key, "cancelled");
    return isCancelled ? "cancelled" : "started";
  }

  #notes(step: Step, tasks: number): readonly string[] {
    const followed = `${tasks} requests were made; \`plumbline clean privacy status\` follows them.`;
    return kindOf(step) === "deletion"
      ? [
          followed,
          `Events and profiles are gone within ${this.#privacy.limits.doneDays} days. What is sent about these people from now on is stored anew: keep their ids out at the gateway too.`,
        ]
      : [followed];
  }
}

/** Makes the executor of `privacy_delete` and `privacy_retrieve` steps. */
export function createPrivacyExecutor(privacy: PrivacyRequests): StepExecutor {
  return new PrivacyExecutor(privacy);
}
