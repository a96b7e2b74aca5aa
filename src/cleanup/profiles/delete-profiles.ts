// Profiles deleted, their whole properties in the backup first. Their events stay; undo makes the profiles again, but not what their ids were joined to.
import type { StepContext, StepExecutor, StepReport } from "../apply/executor.ts";
import type { Step } from "../change-set/change-set.ts";
import { backUpProfiles } from "./back-up-profiles.ts";
import { estimateProfiles } from "./estimate-profiles.ts";
import { deletionItem } from "./profile-record.ts";
import { readBack } from "./read-back.ts";
import { planRecreate, restoreAll } from "./restore-profiles.ts";
import { runBatches } from "./run-batches.ts";
import { countSelection } from "./select-profiles.ts";
import { sendChanges } from "./send-changes.ts";
import { failedOf, writeFailures } from "./step-failures.ts";

function isExact({ operation }: Step): boolean {
  return operation.do === "delete_profiles" && operation.ignoreAlias;
}

async function apply(context: StepContext): Promise<StepReport> {
  const { step, backup, provider } = context;
  const { selected } = await backUpProfiles(context, {
    needs: {},
    toRecord: ({ id, properties }) => ({ id, had: properties }),
  });
  const deleted = await runBatches(context, {
    key: "delete",
    phase: "deleting",
    size: provider.limits.profilesPerRequest,
    parallel: provider.limits.parallelProfileRequests,
    run: async ({ records }) => {
      const updates = records.map(({ id }, offset) => ({
        user: offset,
        items: [deletionItem(id, isExact(step), step.group)],
      }));
      return { ...(await sendChanges(context, updates)), skipped: 0 };
    },
  });
  const verified = await readBack(context, "verify", {
    names: [],
    expected: () => undefined,
    except: deleted.failed,
  });
  return {
    step: step.id,
    selected,
    changed: deleted.changed,
    skipped: selected - backup.count,
    failed: failedOf(deleted.failed),
    verified: { checked: verified.checked, wrong: verified.wrong },
    requests: deleted.requests + verified.requests,
    notes: await writeFailures(context, deleted.failed),
  };
}

const JOINED_IDS = "ids that were joined to a deleted profile are not joined to the one that undo makes";

/** Does and undoes the deletion of profiles. */
export const DELETE_EXECUTOR: StepExecutor = {
  operations: ["delete_profiles"],
  estimate: (step, limits) =>
    estimateProfiles(step, limits, { updatesEach: 1, reversibility: { kind: "partly", but: JOINED_IDS } }),
  count: (context) => countSelection(context, {}),
  apply,
  undo: async (context) => {
    const { force } = context.settings;
    const report = await restoreAll(context, {
      names: undefined,
      plan: (record, current) => planRecreate(record, { current, force }),
    });
    return { ...report, notes: [JOINED_IDS] };
  },
};
