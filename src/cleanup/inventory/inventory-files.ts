// The folder of an inventory that is under way: what has been read already, so that an interrupted one goes on. It holds ids of profiles without a
// user and keyed hashes of addresses until the walk is over: treat it as the database.
import {
  appendFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { isObject } from "../../core/index.ts";

/** What an inventory is bound to: an unfinished one of something else is begun anew. */
export interface InventoryBinding {
  readonly target: string;
  readonly plan: string;
  readonly by: string;
  readonly from: string;
  readonly to: string;
  readonly every: number;
}

const BINDING = "under-way.json";

export class InventoryFiles {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  }

  /** What an unfinished inventory here is bound to. */
  binding(): InventoryBinding | undefined {
    const value = this.read(BINDING);
    return isObject(value) ? (value as unknown as InventoryBinding) : undefined;
  }

  /** Begins, or goes on with one that has the same binding. */
  bind(binding: InventoryBinding): void {
    if (JSON.stringify(this.binding()) === JSON.stringify(binding)) return;
    rmSync(this.folder, { recursive: true, force: true });
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
    this.write(BINDING, JSON.stringify(binding));
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** JSON of a file; undefined: not there, or torn. */
  read(name: string): unknown {
    const text = this.text(name);
    try {
      return text === undefined ? undefined : JSON.parse(text);
    } catch {
      // Written by another version: it is read again from the provider.
      return undefined;
    }
  }

  text(name: string): string | undefined {
    try {
      return readFileSync(this.path(name), "utf8");
    } catch {
      // Nothing has been read yet.
      return undefined;
    }
  }

  /** Whole or not at all. */
  write(name: string, text: string): void {
    const next = `${this.path(name)}.next`;
    writeFileSync(next, text, { mode: 0o600 });
    renameSync(next, this.path(name));
  }

  append(name: string, text: string): void {
    appendFileSync(this.path(name), text, { mode: 0o600 });
  }

  /** Takes back what was appended after so many bytes. */
  cut(name: string, bytes: number): void {
    appendFileSync(this.path(name), "", { mode: 0o600 });
    truncateSync(this.path(name), bytes);
  }

  remove(name: string): void {
    rmSync(this.path(name), { force: true });
  }

  /** The next inventory here begins anew. */
  finish(): void {
    this.remove(BINDING);
  }
}
