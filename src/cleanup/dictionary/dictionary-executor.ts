// Hides, drops, describes, tags and names in the provider's dictionary: all names of a step at once, never anything else there.
// The backup is the entries as they were; undo sets the changed values back, and leaves alone what somebody changed since.
import type { DictionaryEntry, ProviderDictionary } from "../../core/index.ts";
import { askProvider } from "../apply/ask-provider.ts";
import type { StepContext, StepEstimate, StepExecutor, StepReport } from "../apply/executor.ts";
import type { Step } from "../change-set/change-set.ts";
import { dictionaryOf, formerValues, hasValues, unfitReason, wantedEntry } from "./dictionary-values.ts";

const MINUTE_MS = 60_000;
const BACKED_UP = "whole";
/** Read before, read again and sent, read back. */
const REQUESTS_BESIDE_BATCHES = 3;

/** A change, and the entry as it was before. */
interface Change {
  readonly wanted: DictionaryEntry;
  readonly before: DictionaryEntry;
}

/** What happens to one step's entries: where they come from and what they become. */
interface Writing {
  readonly changes: readonly Change[];
  readonly failed: ReadonlyMap<string, number>;
  readonly skipped: number;
  readonly requests: number;
}

function fitting(step: Step): {
  readonly wanted: readonly DictionaryEntry[];
  readonly failed: Map<string, number>;
} {
  const failed = new Map<string, number>();
  const wanted: DictionaryEntry[] = [];
  for (const change of dictionaryOf(step).entries) {
    const reason = unfitReason(change);
    if (reason === undefined) wanted.push(wantedEntry(change));
    else failed.set(reason, (failed.get(reason) ?? 0) + 1);
  }
  return { wanted, failed };
}

function reportOf(step: Step, writing: Writing, wrong: number): StepReport {
  const { changes, failed, skipped, requests } = writing;
  return {
    step: step.id,
    selected: dictionaryOf(step).entries.length,
    changed: changes.length,
    skipped,
    failed: [...failed].map(([reason, count]) => ({ reason, count })),
    verified: { checked: changes.length, wrong },
    requests,
  };
}

class DictionaryExecutor implements StepExecutor {
  readonly operations = ["dictionary"] as const;
  readonly #dictionary: ProviderDictionary;

  constructor(dictionary: ProviderDictionary) {
    this.#dictionary = dictionary;
  }

  estimate(step: Step): StepEstimate {
    const { requestsPerMinute, changesPerMinute } = this.#dictionary.limits;
    const count = dictionaryOf(step).entries.length;
    const requests = REQUESTS_BESIDE_BATCHES + Math.ceil(count / changesPerMinute);
    const minutes = Math.max(requests / requestsPerMinute, count / changesPerMinute) - 1;
    return {
      count,
      requests,
      durationMs: Math.round(Math.max(0, minutes) * MINUTE_MS),
      reversibility: { kind: "whole" },
    };
  }

  count({ step }: Pick<StepContext, "step">): Promise<number> {
    return Promise.resolve(dictionaryOf(step).entries.length);
  }

  async apply(context: StepContext): Promise<StepReport> {
    const { step, backup } = context;
    const { wanted, failed } = fitting(step);
    context.onProgress({ phase: "back up", done: 0, total: wanted.length });
    context.checkCount(dictionaryOf(step).entries.length);
    const isNew = backup.mark !== BACKED_UP;
    if (isNew) await backup.append(await this.#read(context, wanted), BACKED_UP);
    const all = await this.#changes(context, wanted);
    const changes = all.filter((change) => !hasValues(change.before, change.wanted.values));
    const writing = {
      changes,
      failed,
      skipped: all.length - changes.length,
      requests: isNew ? 1 : 0,
    };
    return this.#write(
      context,
      writing,
      changes.map(({ wanted: entry }) => entry),
    );
  }

  async undo(context: StepContext): Promise<StepReport> {
    const { step, settings } = context;
    const { wanted } = fitting(step);
    const all = await this.#changes(context, wanted);
    const done = all.filter((change) => !hasValues(change.before, change.wanted.values));
    const now = await this.#read(
      context,
      done.map(({ wanted: entry }) => entry),
    );
    // A value that an undo before a crash set back is no change by somebody else.
    const isOurs = (change: Change, at: number): boolean => {
      const entry = now[at];
      return (
        settings.force ||
        (entry !== undefined &&
          (hasValues(entry, change.wanted.values) || hasValues(entry, this.#former(change).values)))
      );
    };
    const changes = done.filter(isOurs);
    const kept = done.length - changes.length;
    const failed = new Map(kept === 0 ? [] : [["changed by somebody since", kept]]);
    const writing = { changes, failed, skipped: all.length - done.length, requests: 1 };
    return this.#write(
      context,
      writing,
      changes.map((change) => this.#former(change)),
    );
  }

  #former({ before, wanted }: Change): DictionaryEntry {
    return formerValues(before, wanted);
  }

  #read(context: StepContext, entries: readonly DictionaryEntry[]): Promise<readonly DictionaryEntry[]> {
    const names = entries.map(({ entity, name, property }) => ({
      entity,
      name,
      ...(property === undefined ? {} : { property }),
    }));
    const { signal } = context;
    return askProvider(context, "app", () => this.#dictionary.read(names, { signal }));
  }

  /** The wanted entries beside the backup, which has them in the same order. */
  async #changes(context: StepContext, wanted: readonly DictionaryEntry[]): Promise<readonly Change[]> {
    const changes: Change[] = [];
    let at = 0;
    for await (const record of context.backup.read()) {
      const entry = wanted[at];
      if (entry) changes.push({ wanted: entry, before: record as DictionaryEntry });
      at += 1;
    }
    return changes;
  }

  /** Sends, and reads back whether it holds. Entries are absolute: what was sent before a crash is sent again. */
  async #write(
    context: StepContext,
    writing: Writing,
    entries: readonly DictionaryEntry[],
  ): Promise<StepReport> {
    const { step, signal } = context;
    if (entries.length === 0) return reportOf(step, writing, 0);
    context.onProgress({ phase: "change", done: 0, total: entries.length });
    const sent = await askProvider(context, "app", () => this.#dictionary.write(entries, { signal }));
    context.onProgress({ phase: "verify", done: entries.length, total: entries.length });
    const now = await this.#read(context, entries);
    const wrong = entries.filter((entry, at) => {
      const found = now[at];
      return !found || !hasValues(found, entry.values);
    }).length;
    return reportOf(step, { ...writing, requests: writing.requests + sent + 1 }, wrong);
  }
}

/** Makes the executor of `dictionary` steps. */
export function createDictionaryExecutor(dictionary: ProviderDictionary): StepExecutor {
  return new DictionaryExecutor(dictionary);
}
