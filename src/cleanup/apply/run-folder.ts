// The folder of one change set's run: lock, journal of the run, and a folder for each step with its journal and backup.
// It is bound to the set, the plan and the destination that it began with: a run never goes on under others.
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { AppError, canonicalJson, type HeldLock, isObject } from "../../core/index.ts";
import type { ChangeSet, Step } from "../change-set/change-set.ts";
import { makeFolder } from "./durable-file.ts";
import { lockRun } from "./run-lock.ts";
import { type OpenBackup, openStepBackup } from "./step-backup.ts";
import { type OpenJournal, openStepJournal } from "./step-journal.ts";
import { type RunReport, runReportText } from "./run-report.ts";

/** What a run is bound to. */
export interface RunBinding {
  readonly changeSet: ChangeSet;
  /** Hash of the plan as it is now. */
  readonly planHash: string;
  /** User profile properties that the people sync writes: no step may touch them. Default: none. */
  readonly stateOwned?: ReadonlySet<string>;
  /** Names the provider's project, for example by host and project id. */
  readonly target: string;
  /** A plan that has changed since is no reason to leave things as they are. */
  readonly isUndo?: boolean;
}

/** A step's journal and backup, open. */
export interface OpenStep {
  readonly folder: string;
  readonly journal: OpenJournal;
  readonly backup: OpenBackup;
  close(): Promise<void>;
}

export interface RunFolder {
  readonly folder: string;
  readonly journal: OpenJournal;
  openStep(step: Step): Promise<OpenStep>;
  /** A step was begun once. */
  hasStep(step: Step): boolean;
  writeReport(report: RunReport): Promise<void>;
  /** Closes and unlocks. */
  close(): Promise<void>;
}

const BOUND_TO = { set: "the change set", target: "the destination" } as const;

/** Names of steps become names of folders. */
const FOLDER_NAME = /^[\w.-]{1,100}$/;

/** The name of a folder for a set or a step; a name that is not one on every system gets a hash. */
export function folderName(name: string): string {
  if (FOLDER_NAME.test(name) && !name.startsWith(".")) return name;
  const hash = createHash("sha256").update(name).digest("hex").slice(0, 12);
  return `${name.replaceAll(/[^\w-]+/g, "-").slice(0, 60)}-${hash}`;
}

async function checkBinding(journal: OpenJournal, binding: RunBinding): Promise<void> {
  const { changeSet, planHash, target, isUndo = false } = binding;
  if (!isUndo && changeSet.plan !== planHash)
    throw new AppError(
      "CLEANUP_CHANGED_SINCE",
      "Cannot work by this change set: the plan has changed since it was made",
    );
  const set = createHash("sha256").update(canonicalJson(changeSet)).digest("hex");
  const now = { set, target };
  const begun = journal.get("bound");
  if (begun === undefined) return journal.put("bound", now);
  const was = isObject(begun) ? begun : {};
  for (const key of ["set", "target"] as const)
    if (was[key] !== now[key])
      throw new AppError(
        "CLEANUP_CHANGED_SINCE",
        `Cannot go on with this run: ${BOUND_TO[key]} is not the one that it began with`,
      );
}

async function writeWhole(file: string, text: string): Promise<void> {
  await writeFile(`${file}.new`, text, { mode: 0o600 });
  await rename(`${file}.new`, file);
}

class LockedFolder implements RunFolder {
  readonly folder: string;
  readonly journal: OpenJournal;
  readonly #lock: HeldLock;

  constructor(folder: string, journal: OpenJournal, lock: HeldLock) {
    this.folder = folder;
    this.journal = journal;
    this.#lock = lock;
  }

  #stepFolder({ id }: Step): string {
    return join(this.folder, "steps", folderName(id));
  }

  hasStep(step: Step): boolean {
    return existsSync(join(this.#stepFolder(step), "journal"));
  }

  async openStep(step: Step): Promise<OpenStep> {
    const folder = this.#stepFolder(step);
    await makeFolder(folder);
    const journal = await openStepJournal(join(folder, "journal"));
    let backup: OpenBackup;
    try {
      backup = await openStepBackup(folder);
    } catch (error) {
      await journal.close();
      throw error;
    }
    return {
      folder,
      journal,
      backup,
      close: async () => {
        await journal.close();
        await backup.close();
      },
    };
  }

  async writeReport(report: RunReport): Promise<void> {
    await writeWhole(join(this.folder, `${report.work}.json`), `${JSON.stringify(report, null, 2)}\n`);
    await writeWhole(join(this.folder, `${report.work}.txt`), `${runReportText(report)}\n`);
  }

  async close(): Promise<void> {
    await this.journal.close();
    await this.#lock.release();
  }
}

/**
 * Opens the folder of a run, and locks it.
 *
 * @throws {AppError} `CLEANUP_LOCKED`, `CLEANUP_CHANGED_SINCE`, `CLEANUP_BACKUP_BROKEN`.
 */
export async function openRunFolder(folder: string, binding: RunBinding): Promise<RunFolder> {
  const lock = await lockRun(folder);
  try {
    const journal = await openStepJournal(join(folder, "journal"));
    try {
      await checkBinding(journal, binding);
    } catch (error) {
      await journal.close();
      throw error;
    }
    return new LockedFolder(folder, journal, lock);
  } catch (error) {
    await lock.release();
    throw error;
  }
}
