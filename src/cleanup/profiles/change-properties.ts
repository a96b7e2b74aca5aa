// Steps on properties of profiles: unset, rename, merge_spellings, retype, map_values. Phases: backed up → changed → read back; a move has copied →
// copies read back → removed between, and whoever's copy is not there keeps the old property.
import type { StoredProfile } from "../../core/index.ts";
import { askProvider } from "../apply/ask-provider.ts";
import type { StepContext, StepExecutor, StepReport } from "../apply/executor.ts";
import type { PropertyOperation, Step } from "../change-set/change-set.ts";
import { backUpProfiles, type BackupPlan } from "./back-up-profiles.ts";
import { estimateProfiles } from "./estimate-profiles.ts";
import { IdSet } from "./id-set.ts";
import { asRecord, changeBetween, changeItems, isEmpty, pick, type ProfileRecord } from "./profile-record.ts";
import { changeProperties, isMove, sourceNames, touchedNames } from "./property-changes.ts";
import { readBack } from "./read-back.ts";
import { planRestore, restoreAll } from "./restore-profiles.ts";
import { type PhaseResult, runBatches } from "./run-batches.ts";
import { countSelection } from "./select-profiles.ts";
import { type OffsetUpdate, sendChanges } from "./send-changes.ts";
import { failedOf, writeFailures } from "./step-failures.ts";

const OPERATIONS: readonly PropertyOperation["do"][] = [
  "unset",
  "rename",
  "merge_spellings",
  "retype",
  "map_values",
];

function operationOf({ operation }: Step): PropertyOperation {
  const found = OPERATIONS.find((one) => one === operation.do);
  if (!found) throw new TypeError("not an operation on properties");
  return operation as PropertyOperation;
}

function backupPlan(operation: PropertyOperation): BackupPlan {
  const names = touchedNames(operation);
  return {
    needs: { havingAny: sourceNames(operation), properties: names },
    toRecord: ({ id, properties }: StoredProfile) => {
      const record: ProfileRecord = { id, had: pick(properties, names) };
      const { after, isMisfit } = changeProperties(operation, record);
      if (isMisfit) return "misfit";
      return isEmpty(changeBetween(record.had, after)) ? undefined : record;
    },
  };
}

type Phase = "change" | "copy" | "remove";
const PHASE_TEXT: Readonly<Record<Phase, string>> = {
  change: "changing",
  copy: "copying",
  remove: "removing the old names",
};

/** Sends one phase of all records; `except`: places that an earlier phase left. */
function runPhase(
  context: StepContext,
  phase: Phase,
  except: ReadonlyMap<number, string>,
): Promise<PhaseResult> {
  const operation = operationOf(context.step);
  const { limits } = context.provider;
  return runBatches(context, {
    key: phase,
    phase: PHASE_TEXT[phase],
    size: limits.profilesPerRequest,
    parallel: limits.parallelProfileRequests,
    run: async ({ records, first }) => {
      const updates: OffsetUpdate[] = [];
      for (const [offset, record] of records.entries()) {
        if (except.has(first + offset)) continue;
        const whole = changeBetween(record.had, changeProperties(operation, record).after);
        const change = {
          set: phase === "remove" ? {} : whole.set,
          unset: phase === "copy" ? [] : whole.unset,
        };
        if (!isEmpty(change))
          updates.push({ user: offset, items: changeItems(record.id, change, context.step.group) });
      }
      const sent = await sendChanges(context, updates);
      return { ...sent, skipped: records.length - updates.length };
    },
  });
}

/** Ids that have an old name and not the new one: their copy is not there. One query where all are. */
async function withoutCopy(context: StepContext): Promise<IdSet> {
  const { reader, signal, step, random } = context;
  const operation = operationOf(step);
  const missing = new IdSet(random);
  if (operation.do !== "rename" && operation.do !== "merge_spellings") return missing;
  const query = {
    havingAny: sourceNames(operation),
    lacking: [operation.to],
    properties: [],
    ...(step.group === undefined ? {} : { group: step.group }),
  };
  let after: string | undefined;
  do {
    const options = { signal, ...(after === undefined ? {} : { after }) };
    const page = await askProvider(context, "query", () => reader.profiles(query, options));
    for (const { id } of page.profiles) missing.add(id);
    after = page.next;
  } while (after !== undefined);
  return missing;
}

const NOT_COPIED = "the copy is not there when read back, so the old name stays";

/** Places whose copy is not there; decided once, so that the removal is the same after a crash. */
async function checkCopies(context: StepContext): Promise<ReadonlyMap<number, string>> {
  const { journal, backup } = context;
  const known = journal.get("copied");
  if (Array.isArray(known)) return new Map(known.map((at) => [Number(at), NOT_COPIED]));
  const missing = await withoutCopy(context);
  const places: number[] = [];
  if (missing.size > 0) {
    let at = 0;
    for await (const record of backup.read()) {
      if (missing.has(asRecord(record).id)) places.push(at);
      at += 1;
    }
  }
  context.checkFailures(places.length, backup.count);
  await journal.put("copied", places);
  return new Map(places.map((at) => [at, NOT_COPIED]));
}

interface Changed extends PhaseResult {
  /** Places that are not as the operation wants them, and why. */
  readonly failed: ReadonlyMap<number, string>;
}

async function changeAll(context: StepContext): Promise<Changed> {
  if (!isMove(operationOf(context.step))) return runPhase(context, "change", new Map());
  const copied = await runPhase(context, "copy", new Map());
  const missing = new Map([...(await checkCopies(context)), ...copied.failed]);
  const removed = await runPhase(context, "remove", missing);
  return {
    changed: removed.changed,
    skipped: removed.skipped,
    requests: copied.requests + removed.requests,
    failed: new Map([...missing, ...removed.failed]),
  };
}

async function apply(context: StepContext): Promise<StepReport> {
  const { step, backup } = context;
  const operation = operationOf(step);
  const { selected, misfits } = await backUpProfiles(context, backupPlan(operation));
  const { changed, requests, failed } = await changeAll(context);
  const names = touchedNames(operation);
  const expected = (record: ProfileRecord) => changeProperties(operation, record).after;
  const verified = await readBack(context, "verify", { names, expected, except: failed });
  const left = misfits === 0 ? [] : [`${misfits} values do not fit the new type and were left`];
  return {
    step: step.id,
    selected,
    changed,
    skipped: selected - backup.count,
    failed: failedOf(failed),
    verified: { checked: verified.checked, wrong: verified.wrong },
    requests: requests + verified.requests,
    notes: [...left, ...(await writeFailures(context, failed))],
  };
}

/** Does and undoes operations on properties. */
export const PROPERTY_EXECUTOR: StepExecutor = {
  operations: OPERATIONS,
  properties: (step) => touchedNames(operationOf(step)),
  estimate: (step, limits) =>
    estimateProfiles(step, limits, {
      updatesEach: isMove(operationOf(step)) ? 2 : 1,
      reversibility: { kind: "whole" },
    }),
  count: (context) =>
    countSelection(context, { havingAny: sourceNames(operationOf(context.step)), properties: [] }),
  apply,
  undo: (context) => {
    const operation = operationOf(context.step);
    const { force } = context.settings;
    return restoreAll(context, {
      names: touchedNames(operation),
      plan: (record, current) =>
        planRestore(record, changeProperties(operation, record).after, { current, force }),
    });
  },
};
