// Stored events, in order of arrival: lines of JSON in a file, in memory, or only counted. Memory stays bounded: a full store says so.
// A line is `<time in ms>\t<JSON>`, so that a date range is filtered without parsing.
import { closeSync, createReadStream, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

export type EmulatorStore = "disk" | "memory" | "swallow";

export interface StoredEvent {
  readonly timeMs: number;
  readonly event: string;
  readonly json: string;
}

/** Bytes collected before they are written. */
const BUFFER_BYTES = 1 << 20;

export interface EventStore {
  readonly count: number;
  /** False when there is no room: nothing of it is kept. */
  add(lines: readonly { readonly timeMs: number; readonly json: string }[]): boolean;
  /** Counts without keeping; for a store that swallows. */
  swallow(count: number): void;
  /** Lines of JSON whose time lies in [from, to), in order of arrival. */
  read(from: number, to: number): AsyncIterable<string>;
  clear(): void;
  close(): void;
}

class MemoryStore implements EventStore {
  readonly #max: number;
  #lines: { readonly timeMs: number; readonly json: string }[] = [];
  #swallowed = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get count(): number {
    return this.#lines.length + this.#swallowed;
  }

  add(lines: readonly { readonly timeMs: number; readonly json: string }[]): boolean {
    if (this.#lines.length + lines.length > this.#max) return false;
    this.#lines.push(...lines);
    return true;
  }

  swallow(count: number): void {
    this.#swallowed += count;
  }

  async *read(from: number, to: number): AsyncGenerator<string> {
    await Promise.resolve();
    for (const { timeMs, json } of this.#lines) if (timeMs >= from && timeMs < to) yield json;
  }

  clear(): void {
    this.#lines = [];
    this.#swallowed = 0;
  }

  close(): void {
    this.clear();
  }
}

class DiskStore implements EventStore {
  readonly #max: number;
  readonly #directory: string;
  readonly #isOwn: boolean;
  #file: number;
  #pending: string[] = [];
  #pendingCharacters = 0;
  #count = 0;

  constructor(max: number, directory: string | undefined) {
    this.#max = max;
    this.#isOwn = directory === undefined;
    this.#directory = directory ?? mkdtempSync(join(tmpdir(), "plumbline-emulator-"));
    this.#file = openSync(this.#path, "w");
  }

  get #path(): string {
    return join(this.#directory, "events.ndjson");
  }

  get count(): number {
    return this.#count;
  }

  add(lines: readonly { readonly timeMs: number; readonly json: string }[]): boolean {
    if (this.#count + lines.length > this.#max) return false;
    for (const { timeMs, json } of lines) {
      const line = `${timeMs}\t${json}\n`;
      this.#pending.push(line);
      this.#pendingCharacters += line.length;
    }
    this.#count += lines.length;
    if (this.#pendingCharacters > BUFFER_BYTES) this.#flush();
    return true;
  }

  swallow(count: number): void {
    this.#count += count;
  }

  #flush(): void {
    if (this.#pending.length === 0) return;
    writeSync(this.#file, this.#pending.join(""));
    this.#pending = [];
    this.#pendingCharacters = 0;
  }

  async *read(from: number, to: number): AsyncGenerator<string> {
    this.#flush();
    const lines = createInterface({ input: createReadStream(this.#path, "utf8"), crlfDelay: Infinity });
    for await (const line of lines) {
      const tab = line.indexOf("\t");
      const timeMs = Number(line.slice(0, tab));
      if (timeMs >= from && timeMs < to) yield line.slice(tab + 1);
    }
  }

  clear(): void {
    closeSync(this.#file);
    this.#file = openSync(this.#path, "w");
    this.#pending = [];
    this.#pendingCharacters = 0;
    this.#count = 0;
  }

  close(): void {
    this.#flush();
    closeSync(this.#file);
    if (this.#isOwn) rmSync(this.#directory, { recursive: true, force: true });
  }
}

/** Opens a store. */
export function openEventStore(kind: EmulatorStore, max: number, directory: string | undefined): EventStore {
  return kind === "disk" ? new DiskStore(max, directory) : new MemoryStore(max);
}
