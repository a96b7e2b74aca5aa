// Several profiles of one person become one. Phases, each over all parts before the next: backed up → merged into the survivor → survivors read back →
// the others deleted, except where the survivor is not as it should be. Two profiles with the id of a user are never joined.
import { isObject, type JsonValue } from "../../core/index.ts";
import type { StepContext, StepExecutor, StepReport } from "../apply/executor.ts";
import type { Step } from "../change-set/change-set.ts";
import { backUpProfiles } from "./back-up-profiles.ts";
import { type Deduplicate, type DuplicateGroup, planGroup } from "./duplicate-groups.ts";
import { estimateProfiles } from "./estimate-profiles.ts";
import { type Duplicates, findDuplicates } from "./find-duplicates.ts";
import { changeItems, deletionItem, isSame, type ProfileRecord, valueOf } from "./profile-record.ts";
import { readProfiles } from "./read-back.ts";
import { planRecreate, planRestore, restoreRecords } from "./restore-profiles.ts";
import { countSelection } from "./select-profiles.ts";
import { type OffsetUpdate, sendChanges } from "./send-changes.ts";

type IsUserId = (id: string) => boolean;

function operationOf({ operation }: Step): Deduplicate {
  if (operation.do !== "deduplicate") throw new TypeError("not a deduplication");
  return operation;
}

/** What a part, or all of them, came to. */
class Tally {
  changed = 0;
  requests = 0;
  checked = 0;
  readonly reasons = new Map<string, number>();
  /** Groups that are none of a person's, by why. */
  readonly leftAlone = new Map<string, number>();

  fail(reason: string, count = 1): void {
    this.reasons.set(reason, (this.reasons.get(reason) ?? 0) + count);
  }

  leave(why: string, count = 1): void {
    this.leftAlone.set(why, (this.leftAlone.get(why) ?? 0) + count);
  }

  get json(): JsonValue {
    const { changed, requests, checked } = this;
    return { changed, requests, checked, reasons: [...this.reasons], leftAlone: [...this.leftAlone] };
  }

  add(value: unknown): void {
    if (!isObject(value)) return;
    this.changed += Number(value["changed"]);
    this.requests += Number(value["requests"]);
    this.checked += Number(value["checked"]);
    for (const [reason, count] of value["reasons"] as [string, number][]) this.fail(reason, count);
    for (const [why, count] of value["leftAlone"] as [string, number][]) this.leave(why, count);
  }
}

interface Part {
  readonly groups: readonly DuplicateGroup[];
  readonly leftAlone: readonly string[];
}

async function readPart(
  duplicates: Duplicates,
  index: number,
  plan: (profiles: readonly ProfileRecord[]) => DuplicateGroup | string,
): Promise<Part> {
  const groups: DuplicateGroup[] = [];
  const leftAlone: string[] = [];
  for (const profiles of await duplicates.part(index)) {
    const planned = plan(profiles);
    if (typeof planned === "string") leftAlone.push(planned);
    else groups.push(planned);
  }
  return { groups, leftAlone };
}

/** One phase over all parts, each written into the journal when it is done. */
async function runParts(
  context: StepContext,
  parts: { readonly duplicates: Duplicates; readonly key: string; readonly phase: string },
  run: (index: number) => Promise<Tally>,
): Promise<Tally> {
  const total = new Tally();
  const { journal } = context;
  const { duplicates, key, phase } = parts;
  for (let index = 0; index < duplicates.parts; index += 1) {
    let done = journal.get(`${key}:${index}`);
    const isAgain = context.settings.force && key === "undo";
    if (done === undefined || isAgain) {
      done = (await run(index)).json;
      await journal.put(`${key}:${index}`, done as JsonValue);
    }
    total.add(done);
    context.onProgress({ phase, done: index + 1, total: duplicates.parts });
    context.checkFailures(
      [...total.reasons.values()].reduce((a, b) => a + b, 0),
      duplicates.profiles,
    );
  }
  return total;
}

async function merge(context: StepContext, { groups }: Part): Promise<Tally> {
  const tally = new Tally();
  const updates: OffsetUpdate[] = [];
  for (const [offset, { survivor, merged }] of groups.entries()) {
    const items = changeItems(survivor.id, { set: merged, unset: [] }, context.step.group);
    if (items.length > 0) updates.push({ user: offset, items });
  }
  const { changed, failed, requests } = await sendChanges(context, updates);
  tally.changed = changed;
  tally.requests = requests;
  for (const [, reason] of failed) tally.fail(`merging into the survivor: ${reason}`);
  return tally;
}

const NOT_MERGED = "the survivor is not there, or does not have what was merged into it, so the others stay";

/** Groups whose survivor is there, with what was merged into it. */
async function readyGroups(
  context: StepContext,
  groups: readonly DuplicateGroup[],
): Promise<readonly DuplicateGroup[]> {
  const ready: DuplicateGroup[] = [];
  const size = context.reader.limits.profilesPerPage;
  for (let at = 0; at < groups.length; at += size) {
    const some = groups.slice(at, at + size);
    const found = await readProfiles(
      context,
      some.map(({ survivor }) => survivor.id),
      undefined,
    );
    for (const group of some) {
      const profile = found.get(group.survivor.id);
      const hasAll = Object.entries(group.merged).every(
        ([name, value]) => profile && isSame(valueOf(profile.properties, name), value),
      );
      if (profile && hasAll) ready.push(group);
    }
  }
  return ready;
}

async function removeOthers(context: StepContext, { groups, leftAlone }: Part): Promise<Tally> {
  const tally = new Tally();
  for (const why of leftAlone) tally.leave(why);
  const ready = await readyGroups(context, groups);
  tally.checked = ready.length;
  if (ready.length < groups.length) tally.fail(NOT_MERGED, groups.length - ready.length);
  const updates = ready
    .flatMap(({ others }) => others)
    .map(({ id }, offset) => ({ user: offset, items: [deletionItem(id, true, context.step.group)] }));
  const { changed, failed, requests } = await sendChanges(context, updates);
  tally.changed = changed;
  tally.requests = requests;
  for (const [, reason] of failed) tally.fail(reason);
  return tally;
}

async function apply(context: StepContext, isUserId: IsUserId): Promise<StepReport> {
  const { step } = context;
  const operation = operationOf(step);
  const plan = (profiles: readonly ProfileRecord[]) => planGroup(operation, profiles, isUserId);
  const { selected } = await backUpProfiles(context, {
    needs: { havingAny: [operation.by] },
    toRecord: ({ id, properties }) => ({ id, had: properties }),
  });
  const duplicates = await findDuplicates(context, operation);
  const merged = await runParts(context, { duplicates, key: "merge", phase: "merging" }, async (index) =>
    merge(context, await readPart(duplicates, index, plan)),
  );
  const removed = await runParts(context, { duplicates, key: "delete", phase: "deleting" }, async (index) =>
    removeOthers(context, await readPart(duplicates, index, plan)),
  );
  const reasons = [...merged.reasons, ...removed.reasons];
  return {
    step: step.id,
    selected,
    changed: removed.changed,
    skipped: selected - removed.changed,
    failed: reasons.map(([reason, count]) => ({ reason, count })),
    verified: { checked: removed.checked, wrong: 0 },
    requests: merged.requests + removed.requests,
    notes: [
      `${merged.changed} survivors were given properties of the others`,
      ...[...removed.leftAlone].map(([why, count]) => `${count} groups were left alone: ${why}`),
    ],
  };
}

const JOINED_IDS = "ids that were joined to a deleted profile are not joined to the one that undo makes";

async function restorePart(context: StepContext, { groups }: Part): Promise<Tally> {
  const tally = new Tally();
  const { force } = context.settings;
  const size = context.reader.limits.profilesPerPage;
  const restore = async (records: readonly ProfileRecord[], after?: ReadonlyMap<string, object>) => {
    for (let at = 0; at < records.length; at += size) {
      const result = await restoreRecords(context, records.slice(at, at + size), {
        names: undefined,
        plan: (record, current) =>
          after
            ? planRestore(record, { ...record.had, ...after.get(record.id) }, { current, force })
            : planRecreate(record, { current, force }),
      });
      tally.changed += result.changed;
      tally.requests += result.requests;
      for (const [, reason] of result.failed) tally.fail(reason);
    }
  };
  await restore(groups.flatMap(({ others }) => others));
  const survivors = groups.map(({ survivor }) => survivor);
  await restore(survivors, new Map(groups.map(({ survivor, merged }) => [survivor.id, merged])));
  return tally;
}

async function undo(context: StepContext, isUserId: IsUserId): Promise<StepReport> {
  const operation = operationOf(context.step);
  const duplicates = await findDuplicates(context, operation);
  const plan = (profiles: readonly ProfileRecord[]) => planGroup(operation, profiles, isUserId);
  const restored = await runParts(
    { ...context, checkFailures: () => undefined },
    { duplicates, key: "undo", phase: "restoring" },
    async (index) => restorePart(context, await readPart(duplicates, index, plan)),
  );
  return {
    step: context.step.id,
    selected: duplicates.profiles,
    changed: restored.changed,
    skipped: duplicates.profiles - restored.changed,
    failed: [...restored.reasons].map(([reason, count]) => ({ reason, count })),
    verified: { checked: 0, wrong: 0 },
    requests: restored.requests,
    notes: [JOINED_IDS],
  };
}

/** Does and undoes deduplication. `isUserId`: the id has the form that the plan gives to ids of users. */
export function makeDeduplicateExecutor(isUserId: IsUserId): StepExecutor {
  return {
    operations: ["deduplicate"],
    estimate: (step, limits) =>
      estimateProfiles(step, limits, {
        updatesEach: 1,
        reversibility: { kind: "partly", but: JOINED_IDS },
      }),
    count: (context) => countSelection(context, { havingAny: [operationOf(context.step).by] }),
    apply: (context) => apply(context, isUserId),
    undo: (context) => undo(context, isUserId),
  };
}
