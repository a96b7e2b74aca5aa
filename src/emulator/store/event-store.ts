// Stored events in order of arrival, as lines: on disk in segment files, in memory, or only counted.
// Memory stays bounded: the disk store holds one write buffer and one small entry a segment, whatever was stored.
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lineTime } from "./stored-line.ts";

/** Where events go: `swallow` counts them and keeps nothing. */
export type EmulatorStore = "disk" | "memory" | "swallow";

/** Lines of one request, without line feeds; see `stored-line.ts`. */
interface StoredBatch {
  readonly lines: readonly string[];
  readonly minMs: number;
  readonly maxMs: number;
}

export interface EventStore {
  /** Events stored, or swallowed. */
  readonly count: number;
  /** Bytes on disk, or characters in memory. */
  readonly bytes: number;
  add(batch: StoredBatch): void;
  /** Counts without keeping. */
  swallow(count: number): void;
  /** Lines whose time lies in [from, to), oldest arrival first, some hundred at a time. Stops at what was there when it began. */
  read(fromMs: number, toMs: number): AsyncIterable<readonly string[]>;
  clear(): void;
  close(): void;
}

/** Characters collected before they are written. */
const WRITE_CHARACTERS = 1 << 20;
const READ_BYTES = 1 << 18;
/** A segment outside the days asked for is not read at all. */
const SEGMENT_BYTES = 64 << 20;
const MEMORY_CHUNK = 500;
const LINE_FEED = 10;

function within(lines: readonly string[], fromMs: number, toMs: number): readonly string[] {
  return lines.filter((line) => {
    if (line === "") return false;
    const timeMs = lineTime(line);
    return timeMs >= fromMs && timeMs < toMs;
  });
}

class MemoryStore implements EventStore {
  #lines: string[] = [];
  #swallowed = 0;
  #characters = 0;

  get count(): number {
    return this.#lines.length + this.#swallowed;
  }

  get bytes(): number {
    return this.#characters;
  }

  add({ lines }: StoredBatch): void {
    for (const line of lines) {
      this.#lines.push(line);
      this.#characters += line.length;
    }
  }

  swallow(count: number): void {
    this.#swallowed += count;
  }

  async *read(fromMs: number, toMs: number): AsyncGenerator<readonly string[]> {
    await Promise.resolve();
    const lines = this.#lines;
    const end = lines.length;
    for (let at = 0; at < end; at += MEMORY_CHUNK)
      yield within(lines.slice(at, Math.min(end, at + MEMORY_CHUNK)), fromMs, toMs);
  }

  clear(): void {
    this.#lines = [];
    this.#swallowed = 0;
    this.#characters = 0;
  }

  close(): void {
    this.clear();
  }
}

interface Segment {
  readonly path: string;
  readonly file: number;
  bytes: number;
  minMs: number;
  maxMs: number;
}

class DiskStore implements EventStore {
  readonly #directory: string;
  readonly #isOwn: boolean;
  #segments: Segment[] = [];
  #pending: string[] = [];
  #pendingCharacters = 0;
  #made = 0;
  #count = 0;

  constructor(directory: string | undefined) {
    this.#isOwn = directory === undefined;
    this.#directory = directory ?? mkdtempSync(join(tmpdir(), "plumbline-emulator-"));
    mkdirSync(this.#directory, { recursive: true });
  }

  get count(): number {
    return this.#count;
  }

  get bytes(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.bytes, this.#pendingCharacters);
  }

  add({ lines, minMs, maxMs }: StoredBatch): void {
    if (lines.length === 0) return;
    const segment = this.#segment();
    segment.minMs = Math.min(segment.minMs, minMs);
    segment.maxMs = Math.max(segment.maxMs, maxMs);
    const text = `${lines.join("\n")}\n`;
    this.#pending.push(text);
    this.#pendingCharacters += text.length;
    this.#count += lines.length;
    if (this.#pendingCharacters > WRITE_CHARACTERS) this.#flush();
  }

  swallow(count: number): void {
    this.#count += count;
  }

  #segment(): Segment {
    const last = this.#segments.at(-1);
    if (last && last.bytes < SEGMENT_BYTES) return last;
    this.#flush();
    this.#made += 1;
    const path = join(this.#directory, `events-${String(this.#made).padStart(6, "0")}.ndjson`);
    const segment: Segment = {
      path,
      file: openSync(path, "w"),
      bytes: 0,
      minMs: Number.POSITIVE_INFINITY,
      maxMs: Number.NEGATIVE_INFINITY,
    };
    this.#segments.push(segment);
    return segment;
  }

  #flush(): void {
    const segment = this.#segments.at(-1);
    if (!segment || this.#pending.length === 0) return;
    const bytes = Buffer.from(this.#pending.join(""));
    for (let written = 0; written < bytes.length; )
      written += writeSync(segment.file, bytes, written, bytes.length - written);
    segment.bytes += bytes.length;
    this.#pending = [];
    this.#pendingCharacters = 0;
  }

  async *read(fromMs: number, toMs: number): AsyncGenerator<readonly string[]> {
    this.#flush();
    const parts = this.#segments
      .filter((segment) => segment.maxMs >= fromMs && segment.minMs < toMs)
      .map(({ path, bytes }) => ({ path, bytes }));
    for (const part of parts) {
      for await (const lines of readLines(part.path, part.bytes)) {
        const wanted = within(lines, fromMs, toMs);
        if (wanted.length > 0) yield wanted;
      }
    }
  }

  clear(): void {
    for (const { file, path } of this.#segments) {
      closeSync(file);
      rmSync(path, { force: true });
    }
    this.#segments = [];
    this.#pending = [];
    this.#pendingCharacters = 0;
    this.#count = 0;
  }

  close(): void {
    this.#flush();
    for (const { file } of this.#segments) closeSync(file);
    this.#segments = [];
    if (this.#isOwn) rmSync(this.#directory, { recursive: true, force: true });
  }
}

/** Lines of a file up to `end` bytes, in chunks. */
async function* readLines(path: string, end: number): AsyncGenerator<string[]> {
  const file = await open(path, "r");
  try {
    let rest: Buffer = Buffer.alloc(0);
    for (let at = 0; at < end; ) {
      const chunk = Buffer.allocUnsafe(Math.min(READ_BYTES, end - at));
      const { bytesRead } = await file.read(chunk, 0, chunk.length, at);
      if (bytesRead === 0) return;
      at += bytesRead;
      const bytes = Buffer.concat([rest, chunk.subarray(0, bytesRead)]);
      const last = bytes.lastIndexOf(LINE_FEED);
      rest = bytes.subarray(last + 1);
      if (last >= 0) yield bytes.toString("utf8", 0, last).split("\n");
    }
  } finally {
    await file.close();
  }
}

/** Opens a store; without a directory the disk store makes its own and removes it on close. */
export function openEventStore(kind: EmulatorStore, directory: string | undefined): EventStore {
  return kind === "disk" ? new DiskStore(directory) : new MemoryStore();
}
