// A step's backup: records as compressed lines of JSON, in segments whose checksums form a chain, so that neither a changed nor a missing one goes
// unnoticed. `backup.ndjson.gz` is an ordinary gzip file (`zcat` reads it); `backup.index` says where each segment stands.
// Invariant: a segment counts once its line in the index is on disk; what stands behind the last one is cut off.
import { createHash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { gunzip as gunzipCallback, gzip as gzipCallback } from "node:zlib";
import { AppError, isObject, type JsonValue } from "../../core/index.ts";
import { type LineFile, openDurable, openLineFile } from "./durable-file.ts";
import type { StepBackup } from "./executor.ts";

const gzip = promisify(gzipCallback);
const gunzip = promisify(gunzipCallback);

/** Level 6 costs three times the time for a tenth fewer bytes. */
const GZIP_LEVEL = 1;

interface Segment {
  /** Byte at which it begins, and its length. */
  readonly at: number;
  readonly bytes: number;
  readonly records: number;
  /** Of the checksum before it and its bytes. */
  readonly sha256: string;
  readonly mark?: JsonValue;
}

/** An open backup; whoever opened it closes it. */
export interface OpenBackup extends StepBackup {
  /** Bytes on disk. */
  readonly bytes: number;
  /** Checksum of all of it. */
  readonly sha256: string;
  /** Reads the whole file. @throws {AppError} `CLEANUP_BACKUP_BROKEN` when a checksum does not fit. */
  check(): Promise<void>;
  close(): Promise<void>;
}

function broken(folder: string, what: string): AppError {
  return new AppError("CLEANUP_BACKUP_BROKEN", `Cannot use the backup in ${folder}: ${what}`);
}

function readSegments(entries: readonly unknown[], folder: string): Segment[] {
  const segments: Segment[] = [];
  let at = 0;
  for (const entry of entries) {
    if (!isObject(entry) || entry["at"] !== at || typeof entry["bytes"] !== "number")
      throw broken(folder, "its index is not whole");
    segments.push(entry as unknown as Segment);
    at += entry["bytes"];
  }
  return segments;
}

function chained(before: string, bytes: Uint8Array): string {
  return createHash("sha256").update(before).update(bytes).digest("hex");
}

class FileBackup implements OpenBackup {
  readonly #folder: string;
  readonly #file: FileHandle;
  readonly #index: LineFile;
  readonly #segments: Segment[];
  #mark: JsonValue | undefined;
  #count: number;

  constructor(parts: { folder: string; file: FileHandle; index: LineFile; segments: Segment[] }) {
    this.#folder = parts.folder;
    this.#file = parts.file;
    this.#index = parts.index;
    this.#segments = parts.segments;
    this.#mark = parts.segments.findLast(({ mark }) => mark !== undefined)?.mark;
    this.#count = parts.segments.reduce((sum, { records }) => sum + records, 0);
  }

  get count(): number {
    return this.#count;
  }

  get mark(): JsonValue | undefined {
    return this.#mark;
  }

  get bytes(): number {
    const last = this.#segments.at(-1);
    return last === undefined ? 0 : last.at + last.bytes;
  }

  get sha256(): string {
    return this.#segments.at(-1)?.sha256 ?? "";
  }

  async append(records: readonly object[], mark?: JsonValue): Promise<number> {
    const lines = records.map((record) => `${JSON.stringify(record)}\n`).join("");
    const packed = records.length === 0 ? Buffer.alloc(0) : await gzip(lines, { level: GZIP_LEVEL });
    const segment: Segment = {
      at: this.bytes,
      bytes: packed.length,
      records: records.length,
      sha256: chained(this.sha256, packed),
      ...(mark === undefined ? {} : { mark }),
    };
    if (packed.length > 0) {
      await this.#file.appendFile(packed);
      await this.#file.datasync();
    }
    await this.#index.append(segment);
    this.#segments.push(segment);
    this.#count += records.length;
    if (mark !== undefined) this.#mark = mark;
    return this.#count;
  }

  async *read(from = 0): AsyncIterable<object> {
    let first = 0;
    for (const [index, segment] of this.#segments.entries()) {
      const end = first + segment.records;
      if (segment.records > 0 && end > from) {
        const text = (await gunzip(await this.#bytesOf(index))).toString("utf8");
        let [line, at] = [first, 0];
        for (let stop = text.indexOf("\n"); stop >= 0; stop = text.indexOf("\n", at)) {
          if (line >= from) yield JSON.parse(text.slice(at, stop)) as object;
          line += 1;
          at = stop + 1;
        }
      }
      first = end;
    }
  }

  async check(): Promise<void> {
    for (const index of this.#segments.keys()) await this.#bytesOf(index);
  }

  async close(): Promise<void> {
    await this.#index.close();
    await this.#file.close();
  }

  async #bytesOf(index: number): Promise<Buffer> {
    const segment = this.#segments[index];
    if (!segment) throw new AppError("INTERNAL", "Cannot find a segment of the backup");
    const bytes = Buffer.alloc(segment.bytes);
    if (segment.bytes > 0) await this.#file.read(bytes, 0, segment.bytes, segment.at);
    if (chained(this.#segments[index - 1]?.sha256 ?? "", bytes) !== segment.sha256)
      throw broken(this.#folder, `segment ${index + 1} does not fit its checksum`);
    return bytes;
  }
}

/**
 * Opens the backup in a folder, or begins one.
 *
 * @throws {AppError} `CLEANUP_BACKUP_BROKEN` when index and file do not fit.
 */
export async function openStepBackup(folder: string): Promise<OpenBackup> {
  const { entries, lines } = await openLineFile(join(folder, "backup.index"));
  let file: FileHandle | undefined;
  try {
    const segments = readSegments(entries, folder);
    file = await openDurable(join(folder, "backup.ndjson.gz"));
    const backup = new FileBackup({ folder, file, index: lines, segments });
    const { size } = await file.stat();
    if (size < backup.bytes) throw broken(folder, "the file is shorter than its index says");
    if (size > backup.bytes) await file.truncate(backup.bytes);
    return backup;
  } catch (error) {
    await lines.close();
    await file?.close();
    throw error;
  }
}
