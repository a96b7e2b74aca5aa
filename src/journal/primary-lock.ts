// One gateway per data folder. The lock is a file with the process id; one left behind by a killed process is taken over.
import { openSync, readFileSync, rmSync, writeSync, closeSync } from "node:fs";
import { join } from "node:path";
import { AppError } from "../core/index.ts";

const LOCK_FILE = "primary.pid";

function isAlive(pid: number): boolean {
  if (pid === process.pid) return true;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives and belongs to somebody else.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function create(path: string): boolean {
  try {
    const file = openSync(path, "wx");
    writeSync(file, String(process.pid));
    closeSync(file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/**
 * Takes the folder for this process.
 *
 * @returns A function that gives it back.
 * @throws {AppError} `JOURNAL_LOCKED` while another process that is alive holds it.
 */
export function takePrimaryLock(directory: string): () => void {
  const path = join(directory, LOCK_FILE);
  if (!create(path)) {
    const holder = Number(readFileSync(path, "utf8"));
    if (Number.isInteger(holder) && holder > 0 && isAlive(holder))
      throw new AppError("JOURNAL_LOCKED", `Cannot open journal ${directory}: process ${holder} uses it`, {
        details: { pid: holder },
      });
    rmSync(path, { force: true });
    if (!create(path))
      throw new AppError("JOURNAL_LOCKED", `Cannot open journal ${directory}: another process just took it`);
  }
  return () => rmSync(path, { force: true });
}
