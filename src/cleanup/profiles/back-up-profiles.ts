// The first phase of every step on profiles: what it will change is read and put into the backup, page by page. Nothing is changed yet.
// Invariant: a profile is in the backup once, so that no two requests are ever about the same one.
import { AppError, isObject, type JsonObject, type StoredProfile } from "../../core/index.ts";
import type { StepContext } from "../apply/executor.ts";
import { IdSet } from "./id-set.ts";
import { asRecord, type ProfileRecord } from "./profile-record.ts";
import { type ProfileNeeds, walkSelection } from "./select-profiles.ts";

export interface BackedUp {
  /** Profiles that were found. */
  readonly selected: number;
  /** Of those, how many have a value that the operation cannot turn and leaves. */
  readonly misfits: number;
}

export interface BackupPlan {
  readonly needs: ProfileNeeds;
  /** What is kept of a profile; `undefined`: nothing will be changed there. */
  toRecord(profile: StoredProfile): ProfileRecord | "misfit" | undefined;
}

/** Where a walk stands: kept beside the records, in one. */
interface Mark extends BackedUp {
  readonly next: JsonObject | null;
}

function readMark(value: unknown): Mark | undefined {
  return isObject(value) ? (value as unknown as Mark) : undefined;
}

async function seenBefore({ backup, random }: StepContext): Promise<IdSet> {
  const seen = new IdSet(random);
  if (backup.count > 0) for await (const record of backup.read()) seen.add(asRecord(record).id);
  return seen;
}

function checkWhole({ backup, folder, journal }: StepContext): BackedUp | undefined {
  const done = journal.get("backup");
  if (!isObject(done)) return undefined;
  if (done["records"] !== backup.count)
    throw new AppError(
      "CLEANUP_BACKUP_BROKEN",
      `Cannot use the backup in ${folder}: it has ${backup.count} records, and had ${String(done["records"])}`,
    );
  return { selected: Number(done["selected"]), misfits: Number(done["misfits"]) };
}

/** Backs up, or goes on with it, or tells what an earlier process came to. */
export async function backUpProfiles(context: StepContext, plan: BackupPlan): Promise<BackedUp> {
  const done = checkWhole(context);
  if (done) return done;
  const { backup, journal } = context;
  const mark = readMark(backup.mark);
  const seen = await seenBefore(context);
  let [selected, misfits] = [mark?.selected ?? 0, mark?.misfits ?? 0];
  let isCounted = mark !== undefined;
  let phase = "backing up";
  if (mark?.next !== null)
    for await (const page of walkSelection(context, plan.needs, mark?.next)) {
      // What is in the backup is known and passed over; all others are counted anew.
      if (page.isRestarted === true) {
        [selected, misfits] = [backup.count, 0];
        phase = "backing up anew, because the provider forgot where it was";
      }
      if (!isCounted && page.total !== undefined) context.checkCount(page.total);
      isCounted ||= page.total !== undefined;
      const records: ProfileRecord[] = [];
      for (const profile of page.profiles) {
        const record = plan.toRecord(profile);
        if (record === "misfit") misfits += 1;
        if (typeof record === "object") {
          if (!seen.add(profile.id)) continue;
          records.push(record);
        }
        selected += 1;
      }
      await backup.append(records, { next: page.next ?? null, selected, misfits });
      context.onProgress({ phase, done: selected, total: page.total });
    }
  if (!isCounted) context.checkCount(selected);
  await journal.put("backup", { selected, misfits, records: backup.count });
  return { selected, misfits };
}
