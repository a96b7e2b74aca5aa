// One process at a time: a file that names its holder. A holder that is gone is followed by the next. Whether it is gone is told by its process id and
// the moment at which that process began, because ids are used again, in a container at once. Of another machine or another container, whose
// processes cannot be seen, it is told by a sign of life: the file's time, which a holder moves on.
// Invariant: a lock that somebody left is replaced in one step, by whoever has claimed it; a claim is a file of its own, and followed likewise.
import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { link, open, readFile, readlink, rename, stat, unlink, utimes } from "node:fs/promises";
import { hostname } from "node:os";
import { promisify } from "node:util";
import { setTimeout as sleep } from "node:timers/promises";
import { isObject } from "./json.ts";

/** Who holds a lock. */
export interface LockHolder {
  /** The machine, and on Linux the namespace within which its id is one. */
  readonly host: string;
  readonly pid: number;
  /** When the process began, as its system tells it. */
  readonly began: string;
  /** Of this one holding. */
  readonly token: string;
}

export interface HeldLock {
  readonly kind: "held";
  release(): Promise<void>;
}

export type LockAnswer = HeldLock | { readonly kind: "busy"; readonly holder: LockHolder };

export interface LockOptions {
  /** A holder that cannot be seen from here has to move the file's time on within this; default 10 s. */
  readonly lifeSignMs?: number;
  /** It takes that long to tell whether the holder lives. */
  readonly onWait?: (holder: LockHolder) => void;
}

const LIFE_SIGN_MS = 10_000;
const SIGNS = 5;
const LOOK_MS = 200;
const TRIES_MAX = 20;

async function thisHost(): Promise<string> {
  const namespace = await readlink("/proc/self/ns/pid").catch(() => "");
  return namespace === "" ? hostname() : `${hostname()} ${namespace}`;
}

/** When a process began, in whatever way this system says it; `undefined`: there is none with this id. */
async function beganAt(pid: number): Promise<string | undefined> {
  try {
    // Behind the name, which stands in brackets and may hold anything: field 22 is the start, in ticks since the machine's.
    const line = await readFile(`/proc/${pid}/stat`, "utf8");
    const boot = await readFile("/proc/sys/kernel/random/boot_id", "utf8");
    return `${boot.trim()}:${line.slice(line.lastIndexOf(")") + 2).split(" ")[19] ?? ""}`;
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

/** `undefined`: nobody holds it. A file that says nothing has a holder that nobody can see. */
async function readHolder(file: string): Promise<LockHolder | undefined> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Not ours, or torn by a power cut.
  }
  const { host, pid, began, token } = isObject(value) ? value : {};
  return {
    host: typeof host === "string" ? host : "",
    pid: typeof pid === "number" ? pid : 0,
    began: typeof began === "string" ? began : "",
    token: typeof token === "string" ? token : "unknown",
  };
}

/** `undefined`: it is not there. */
async function timeOf(file: string): Promise<number | undefined> {
  return stat(file).then(
    ({ mtimeMs }) => mtimeMs,
    () => undefined,
  );
}

/** Whether the holder that `file` names is gone, seen from this machine or by a time that stands still. */
async function isGone(file: string, holder: LockHolder, options: LockOptions): Promise<boolean> {
  if (holder.host === (await thisHost())) return (await beganAt(holder.pid)) !== holder.began;
  options.onWait?.(holder);
  const seen = await timeOf(file);
  const until = performance.now() + (options.lifeSignMs ?? LIFE_SIGN_MS);
  while (performance.now() < until) {
    await sleep(LOOK_MS);
    const time = await timeOf(file);
    if (time === undefined) return true;
    if (time !== seen) return false;
  }
  return true;
}

/** Under another name, and on disk: nobody ever sees a lock without its holder. */
async function writeAside(file: string, holder: LockHolder): Promise<string> {
  const aside = `${file}.${holder.token}.new`;
  const handle = await open(aside, "wx", 0o600);
  try {
    await handle.writeFile(`${JSON.stringify(holder)}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  return aside;
}

/** False when it exists. */
async function linkNew(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

async function removeIfThere(file: string): Promise<void> {
  await unlink(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
  });
}

/** Replaces a lock whose holder is gone; false: somebody else did, or is doing it. Of those who try, one has the claim. */
async function replace(
  file: string,
  {
    gone,
    aside,
    options,
  }: { readonly gone: LockHolder; readonly aside: string; readonly options: LockOptions },
): Promise<boolean> {
  const claims: string[] = [];
  for (let last = gone; ; ) {
    const claim = `${file}.${last.token}`;
    claims.push(claim);
    if (await linkNew(aside, claim)) break;
    const other = await readHolder(claim);
    if (!other || !(await isGone(claim, other, options))) return false;
    // It ended between its claim and the lock: whoever claims after it goes on.
    last = other;
  }
  try {
    // Somebody may have had the claim before, and be done.
    if ((await readHolder(file))?.token !== gone.token) return false;
    await rename(aside, file);
    return true;
  } finally {
    await Promise.all(claims.map(removeIfThere));
  }
}

function hold(file: string, token: string, options: LockOptions): HeldLock {
  const everyMs = (options.lifeSignMs ?? LIFE_SIGN_MS) / SIGNS;
  const timer = setInterval(() => {
    const now = new Date();
    // A folder that was taken away has nobody left to tell.
    void utimes(file, now, now).catch(() => undefined);
  }, everyMs);
  timer.unref();
  return {
    kind: "held",
    async release() {
      clearInterval(timer);
      if ((await readHolder(file))?.token === token) await removeIfThere(file);
    },
  };
}

/**
 * Locks `file` for this process; its folder has to be there.
 *
 * @returns `held`, or `busy` with whoever has it.
 */
export async function lockFile(file: string, options: LockOptions = {}): Promise<LockAnswer> {
  const began = (await beganAt(process.pid)) ?? "unknown";
  const me: LockHolder = { host: await thisHost(), pid: process.pid, began, token: randomUUID() };
  const aside = await writeAside(file, me);
  try {
    let holder: LockHolder = me;
    for (let attempt = 0; attempt < TRIES_MAX; attempt += 1) {
      if (await linkNew(aside, file)) return hold(file, me.token, options);
      const other = await readHolder(file);
      if (!other) continue;
      holder = other;
      if (!(await isGone(file, other, options))) return { kind: "busy", holder };
      if (await replace(file, { gone: other, aside, options })) return hold(file, me.token, options);
      await sleep(LOOK_MS / 10);
    }
    return { kind: "busy", holder };
  } finally {
    await removeIfThere(aside);
  }
}
