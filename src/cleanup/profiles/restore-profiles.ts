// Undo of steps on profiles: brings back what the backup has, where nobody has written since. Every profile is read first and compared with what apply
// left, so a second try finds what is done, and what was never changed.
import type { JsonValue, StoredProfile } from "../../core/index.ts";
import type { StepContext, StepReport } from "../apply/executor.ts";
import {
  changeItems,
  isEmpty,
  isSame,
  pick,
  type ProfileChange,
  type ProfileRecord,
  type Properties,
  valueOf,
} from "./profile-record.ts";
import { readBack, readProfiles } from "./read-back.ts";
import { type BatchResult, runBatches } from "./run-batches.ts";
import { type OffsetUpdate, sendChanges } from "./send-changes.ts";
import { failedOf } from "./step-failures.ts";

/** What is to be done with one profile. */
export type Restoration =
  | { readonly kind: "write"; readonly change: ProfileChange }
  | { readonly kind: "nothing" }
  | { readonly kind: "refused"; readonly reason: string };

export const CHANGED_SINCE = "somebody has changed it since; --force writes over that";
const GONE = "the profile is gone; --force makes it anew";
const MADE_ANEW = "somebody has made the profile anew since; --force writes over that";

/** How a profile's properties are brought back. `after`: what apply left. */
export function planRestore(
  record: ProfileRecord,
  after: Properties,
  found: { readonly current: StoredProfile | undefined; readonly force: boolean },
): Restoration {
  const { had } = record;
  const { current, force } = found;
  const names = [...new Set([...Object.keys(had), ...Object.keys(after)])].filter(
    (name) => !isSame(valueOf(had, name), valueOf(after, name)),
  );
  if (names.length === 0) return { kind: "nothing" };
  if (!current && !force) return { kind: "refused", reason: GONE };
  const set: [string, JsonValue][] = [];
  const unset: string[] = [];
  for (const name of names) {
    const [before, now] = [valueOf(had, name), current && valueOf(current.properties, name)];
    if (isSame(now, before)) continue;
    if (!force && !isSame(now, valueOf(after, name))) return { kind: "refused", reason: CHANGED_SINCE };
    if (before === undefined) unset.push(name);
    else set.push([name, before]);
  }
  const change = { set: Object.fromEntries(set), unset };
  return isEmpty(change) ? { kind: "nothing" } : { kind: "write", change };
}

/** The provider's own name for the id: never written. */
const NEVER_WRITTEN: ReadonlySet<string> = new Set(["$distinct_id", "$group_id", "$group_key"]);

/** A whole profile as it can be written. */
export function writableOf({ had }: ProfileRecord): Properties {
  return pick(
    had,
    Object.keys(had).filter((name) => !NEVER_WRITTEN.has(name)),
  );
}

/** How a deleted profile is made again. */
export function planRecreate(
  record: ProfileRecord,
  found: { readonly current: StoredProfile | undefined; readonly force: boolean },
): Restoration {
  const { current, force } = found;
  const { had } = record;
  const whole = writableOf(record);
  if (current && isSame(current.properties, had)) return { kind: "nothing" };
  // Half of it may have been made by an earlier try; anything else is somebody's.
  const isOurs =
    current && Object.entries(current.properties).every(([name, value]) => isSame(value, valueOf(had, name)));
  if (current && !isOurs && !force) return { kind: "refused", reason: MADE_ANEW };
  const change = { set: whole, unset: [] };
  return isEmpty(change) ? { kind: "nothing" } : { kind: "write", change };
}

/** Plans the restoration of a record, given what is there now. */
export type PlanRestoration = (record: ProfileRecord, current: StoredProfile | undefined) => Restoration;

/** Reads, plans and sends some records; offsets are their places in the list. */
export async function restoreRecords(
  context: StepContext,
  records: readonly ProfileRecord[],
  parts: { readonly plan: PlanRestoration; readonly names: readonly string[] | undefined },
): Promise<BatchResult> {
  const current = await readProfiles(
    context,
    records.map(({ id }) => id),
    parts.names,
  );
  const updates: OffsetUpdate[] = [];
  const refused: [number, string][] = [];
  for (const [offset, record] of records.entries()) {
    const restoration = parts.plan(record, current.get(record.id));
    if (restoration.kind === "refused") refused.push([offset, restoration.reason]);
    if (restoration.kind !== "write") continue;
    const items = changeItems(record.id, restoration.change, context.step.group);
    updates.push({ user: offset, items });
  }
  const sent = await sendChanges(context, updates);
  return {
    changed: sent.changed,
    skipped: records.length - updates.length - refused.length,
    requests: sent.requests + 1,
    failed: [...refused, ...sent.failed],
  };
}

/** Requests that read may be under way at once. Source (read 2026-11): Mixpanel "Rate limits": five queries at once. */
const PARALLEL_QUERIES_MAX = 4;

/** Restores everything in the backup. */
export async function restoreAll(
  context: StepContext,
  parts: { readonly plan: PlanRestoration; readonly names: readonly string[] | undefined },
): Promise<StepReport> {
  const { backup, reader, provider, settings, step } = context;
  const result = await runBatches(
    // What somebody changed since is no failure of the provider's: it is told at the end.
    { ...context, checkFailures: () => undefined },
    {
      key: "undo",
      phase: "restoring",
      size: reader.limits.profilesPerPage,
      parallel: Math.min(PARALLEL_QUERIES_MAX, provider.limits.parallelProfileRequests),
      again: ({ failed }) => settings.force && failed.length > 0,
      run: ({ records }) => restoreRecords(context, records, parts),
    },
  );
  const { checked, wrong, requests } = await readBack(
    context,
    settings.force ? "undo.verify.force" : "undo.verify",
    {
      names: parts.names,
      expected: parts.names === undefined ? writableOf : ({ had }) => had,
      except: result.failed,
    },
  );
  return {
    step: step.id,
    selected: backup.count,
    changed: result.changed,
    skipped: result.skipped,
    failed: failedOf(result.failed),
    verified: { checked, wrong },
    requests: result.requests + requests,
  };
}
