// One run at a time in a folder: a file that names the process. A lock whose process is gone is taken over; which process it was is told by its id
// and the moment at which it began, because ids are used again. A lock of another machine is never taken over.
import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { link, readFile, rename, unlink, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { AppError, isObject } from "../../core/index.ts";
import { makeFolder } from "./durable-file.ts";

interface Owner {
  readonly host: string;
  readonly pid: number;
  readonly began: string;
}

/** When a process began, in whatever way this system says it; `undefined`: there is none with this id. */
async function beganAt(pid: number): Promise<string | undefined> {
  try {
    // Behind the name, which stands in brackets and may hold anything: field 22 is the start, in ticks since the machine's.
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    const boot = await readFile("/proc/sys/kernel/random/boot_id", "utf8");
    return `${boot.trim()}:${stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? ""}`;
  } catch {
    if (process.platform === "linux") return undefined;
  }
  try {
    const { stdout } = await promisify(execFile)("ps", ["-o", "lstart=", "-p", String(pid)]);
    return stdout.trim() === "" ? undefined : stdout.trim();
  } catch {
    // No such process, or no `ps`.
    return undefined;
  }
}

async function readOwner(file: string): Promise<Owner | undefined> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch {
    // Just released.
    return undefined;
  }
  const owner: unknown = JSON.parse(text);
  if (!isObject(owner) || typeof owner["pid"] !== "number" || typeof owner["began"] !== "string")
    throw new AppError("CLEANUP_LOCKED", `Cannot read ${file}: it is not a lock`);
  return { host: String(owner["host"]), pid: owner["pid"], began: owner["began"] };
}

async function isGone(owner: Owner): Promise<boolean> {
  return owner.host === hostname() && (await beganAt(owner.pid)) !== owner.began;
}

function sameOwner(a: Owner | undefined, b: Owner): boolean {
  return a?.pid === b.pid && a.began === b.began && a.host === b.host;
}

/** Puts a stale lock aside. Somebody may have done so and locked meanwhile: then that lock is put back. */
async function putAside(file: string, stale: Owner): Promise<void> {
  const aside = `${file}.${randomUUID()}.stale`;
  try {
    await rename(file, aside);
  } catch {
    // Another took it over: the next try sees whose it is.
    return;
  }
  if (!sameOwner(await readOwner(aside), stale)) await link(aside, file).catch(ignoreExisting);
  await unlink(aside);
}

function ignoreExisting(error: unknown): void {
  if (!(error instanceof Error) || (error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
}

/** Linked with its content, so that nobody ever sees an empty lock. */
async function tryLock(file: string, owner: Owner): Promise<boolean> {
  const made = `${file}.${randomUUID()}`;
  await writeFile(made, `${JSON.stringify(owner)}\n`, { mode: 0o600 });
  try {
    await link(made, file);
    return true;
  } catch (error) {
    ignoreExisting(error);
    return false;
  } finally {
    await unlink(made);
  }
}

export interface RunLock {
  /** A process that is gone had it: it may have died in the middle. */
  readonly isTakenOver: boolean;
  release(): Promise<void>;
}

const TRIES_MAX = 10;

/**
 * Locks a folder for this process.
 *
 * @throws {AppError} `CLEANUP_LOCKED` when another has it.
 */
export async function lockRun(folder: string): Promise<RunLock> {
  await makeFolder(folder);
  const file = join(folder, "lock");
  const owner: Owner = {
    host: hostname(),
    pid: process.pid,
    began: (await beganAt(process.pid)) ?? "unknown",
  };
  let isTakenOver = false;
  for (let attempt = 0; attempt < TRIES_MAX; attempt += 1) {
    if (await tryLock(file, owner)) return { isTakenOver, release: () => unlink(file) };
    const other = await readOwner(file);
    if (other && !(await isGone(other)))
      throw new AppError(
        "CLEANUP_LOCKED",
        `Cannot lock ${folder}: process ${other.pid} on ${other.host} works in it`,
      );
    if (other) {
      await putAside(file, other);
      isTakenOver = true;
    }
  }
  throw new AppError("CLEANUP_LOCKED", `Cannot lock ${folder}: others lock it all the time`);
}
