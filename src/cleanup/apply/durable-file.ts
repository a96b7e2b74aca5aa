// Files that survive a power cut: lines appended in groups, flushed before anybody is told, and a torn end cut off when the file is opened.
// Invariant: a group of entries is one line, so it is there whole or not at all.
import { type FileHandle, mkdir, open } from "node:fs/promises";
import { dirname } from "node:path";
import { AppError } from "../../core/index.ts";

/** Only this user: a backup holds what people are called. */
const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;

/** Makes a folder that only this user may read. */
export async function makeFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: FOLDER_MODE });
}

/** Opens a file for reading and writing, made when it is not there; its name is on disk when the promise resolves. */
export async function openDurable(file: string): Promise<FileHandle> {
  await makeFolder(dirname(file));
  const handle = await open(file, "a+", FILE_MODE);
  const folder = await open(dirname(file), "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
  return handle;
}

/** A file of JSON lines, open for appending. */
export interface LineFile {
  /** Durable when the promise resolves; calls that come together share one flush and one line. */
  append(entry: unknown): Promise<void>;
  close(): Promise<void>;
}

function parseGroup(line: string): readonly unknown[] | undefined {
  try {
    const group: unknown = JSON.parse(line);
    return Array.isArray(group) ? group : undefined;
  } catch {
    // Torn, or not ours: the caller knows which of the two by where it stands.
    return undefined;
  }
}

/** All entries, and how many bytes of the file are whole. */
function readGroups(text: string, file: string): { entries: unknown[]; bytes: number } {
  const entries: unknown[] = [];
  let [at, bytes] = [0, 0];
  for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", at)) {
    const group = parseGroup(text.slice(at, end));
    if (!group) {
      if (text.indexOf("\n", end + 1) < 0) break;
      throw new AppError("CLEANUP_BACKUP_BROKEN", `Cannot read ${file}: a line in its middle is broken`);
    }
    entries.push(...group);
    bytes += Buffer.byteLength(text.slice(at, end + 1));
    at = end + 1;
  }
  return { entries, bytes };
}

/**
 * Opens a file of lines; a torn last one is cut off.
 *
 * @throws {AppError} `CLEANUP_BACKUP_BROKEN` when a line in the middle is broken.
 */
export async function openLineFile(file: string): Promise<{ entries: readonly unknown[]; lines: LineFile }> {
  const handle = await openDurable(file);
  try {
    const text = await handle.readFile("utf8");
    const { entries, bytes } = readGroups(text, file);
    if (bytes < Buffer.byteLength(text)) {
      await handle.truncate(bytes);
      await handle.sync();
    }
    return { entries, lines: new AppendedLines(handle) };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

class AppendedLines implements LineFile {
  readonly #handle: FileHandle;
  #waiting: { readonly text: string; readonly told: PromiseWithResolversLike }[] = [];
  #flushing: Promise<void> | undefined;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  append(entry: unknown): Promise<void> {
    const told = withResolvers();
    this.#waiting.push({ text: JSON.stringify(entry), told });
    this.#flushing ??= this.#flush();
    return told.promise;
  }

  async close(): Promise<void> {
    await this.#flushing;
    await this.#handle.close();
  }

  async #flush(): Promise<void> {
    while (this.#waiting.length > 0) {
      const group = this.#waiting;
      this.#waiting = [];
      try {
        await this.#handle.appendFile(`[${group.map(({ text }) => text).join(",")}]\n`);
        await this.#handle.datasync();
        for (const { told } of group) told.resolve();
      } catch (error) {
        for (const { told } of group) told.reject(error);
      }
    }
    this.#flushing = undefined;
  }
}

interface PromiseWithResolversLike {
  readonly promise: Promise<void>;
  resolve(): void;
  reject(error: unknown): void;
}

/** `Promise.withResolvers` came with Node 22. */
function withResolvers(): PromiseWithResolversLike {
  let resolve: () => void = () => undefined;
  let reject: (error: unknown) => void = () => undefined;
  const promise = new Promise<void>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve: () => resolve(), reject: (error) => reject(error) };
}
