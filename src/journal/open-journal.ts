// Opens the embedded journal: one LMDB environment with a database per log and per table, and the consumers' positions.
// Invariant: a promise that resolves means flushed. Concurrent appends share one commit and one flush (group commit).
import { closeSync, existsSync, mkdirSync, openSync, readSync, renameSync, statfsSync } from "node:fs";
import { join } from "node:path";
import { open, type Database, type RootDatabase } from "lmdb";
import {
  AppError,
  type Clock,
  type Journal,
  type JournalRecord,
  type JournalWrite,
  lockFile,
  type Log,
  type LogStats,
  type Position,
} from "../core/index.ts";
import { frame, frameTime, unframe } from "./frame.ts";
import { makeJournalTable } from "./journal-table.ts";
import { trimLog, type RetentionPolicy } from "./retention.ts";

export interface JournalOptions {
  /** Folder of the journal; made when missing. */
  readonly directory: string;
  readonly clock: Clock;
  readonly log: Log;
  /** `primary` takes the folder's lock; the worker thread and other commands open as `secondary`. */
  readonly role?: "primary" | "secondary";
  /** Per log: how much may be kept. */
  readonly retention?: Readonly<Record<string, RetentionPolicy>>;
  /** Called for each record whose check sum does not fit; it is skipped. */
  readonly onCorrupt?: (log: string, position: Position) => void;
  /** Free room to keep on the disk; below it appends are refused. Default {@link RESERVE_BYTES}. */
  readonly reserveBytes?: number;
}

/** The embedded journal, with what only its owner calls. */
export interface EmbeddedJournal extends Journal {
  /** Removes what every consumer has settled and the policy no longer keeps. Returns how many records went. */
  applyRetention(signal?: AbortSignal): Promise<number>;
}

/**
 * Free room kept on the disk by default. It must be more than can be written between two looks at it: a write that fails for want of
 * room makes the native library overwrite its own memory (seen with lmdb 3.5.6: an aborted process, nothing acknowledged lost).
 */
export const RESERVE_BYTES = 128 * 2 ** 20;
const LOCK_FILE = "primary.lock";
const MAX_DATABASES = 64;
/** Of a new file; an existing one keeps its own. Small pages break free room into so many runs that keeping their list costs more than judging (ADR 0009). */
const PAGE_BYTES = 16 * 2 ** 10;
/** Runs of free pages that lmdb looks through, and keeps; it checks the whole list at every commit. */
const FREE_RUNS_LOADED = 1000;
const FREE_RUNS_RETAINED = 1500;
const FULL_CODES = /MDB_MAP_FULL|ENOSPC|EFBIG|EDQUOT|No space left|mapsize limit|File too large/i;
const FILL_CHECK_INTERVAL_MS = 250;
/** Part of the reserve that may be written before the disk is looked at again; pages are copied, so it is small. */
const UNSEEN_SHARE = 1 / 16;
const MAGIC = Buffer.from([0xde, 0xc0, 0xef, 0xbe]);
const MAGIC_SEARCH_BYTES = 64;

/** What `lmdb` rejects with when a commit fails: the reason is itself a promise that rejects. */
interface CommitError extends Error {
  readonly commitError?: Promise<unknown>;
}

async function asJournalError(error: unknown): Promise<AppError> {
  if (error instanceof AppError) return error;
  const reason: unknown = await (error as CommitError).commitError?.catch((cause: unknown) => cause);
  const cause = reason ?? error;
  const text =
    cause instanceof Error
      ? `${(cause as NodeJS.ErrnoException).code ?? ""} ${cause.message}`
      : String(cause);
  return FULL_CODES.test(text)
    ? new AppError("JOURNAL_FULL", "Cannot write to the journal: no room", { cause })
    : new AppError("JOURNAL_IO", "Cannot write to the journal: the disk refused", { cause });
}

/**
 * Refuses a file that is not LMDB's before the library maps it, which would end the process.
 * The first page starts with a page header (16 or 24 bytes), then the magic number (LMDB `mdb.c`, `MDB_MAGIC`).
 */
function checkMagic(path: string): void {
  if (!existsSync(path)) return;
  const file = openSync(path, "r");
  const head = Buffer.alloc(MAGIC_SEARCH_BYTES);
  const length = readSync(file, head, 0, MAGIC_SEARCH_BYTES, 0);
  closeSync(file);
  if (length > 0 && head.indexOf(MAGIC) < 0)
    throw new AppError("JOURNAL_UNREADABLE", `Cannot read ${path}: not a journal`);
}

function openEnvironment(options: JournalOptions): RootDatabase<Buffer, string> {
  const path = join(options.directory, "lmdb");
  const settings = {
    path,
    maxDbs: MAX_DATABASES,
    encoding: "binary" as const,
    noMemInit: true,
    pageSize: PAGE_BYTES,
    maxFreeSpaceToLoad: FREE_RUNS_LOADED,
    maxFreeSpaceToRetain: FREE_RUNS_RETAINED,
  };
  mkdirSync(path, { recursive: true });
  try {
    checkMagic(join(path, "data.mdb"));
    return open<Buffer, string>(settings);
  } catch (error) {
    if (options.role !== "primary")
      throw new AppError("JOURNAL_UNREADABLE", `Cannot open journal ${path}`, { cause: error });
    const aside = `${path}.broken-${options.clock.now()}`;
    renameSync(path, aside);
    options.log.error({ path, aside }, "the journal could not be opened; its files were moved aside");
    throw new AppError("JOURNAL_UNREADABLE", `Cannot open journal ${path}: files moved to ${aside}`, {
      cause: error,
    });
  }
}

/** One gateway per data folder. */
async function lockFolder({ directory, log }: JournalOptions): Promise<() => Promise<void>> {
  const answer = await lockFile(join(directory, LOCK_FILE), {
    onWait: ({ host, pid }) =>
      log.warn(
        { host, pid },
        "another machine or container has locked the data folder; waiting for a sign of it",
      ),
  });
  if (answer.kind === "held") return () => answer.release();
  const { host, pid } = answer.holder;
  throw new AppError(
    "JOURNAL_LOCKED",
    `Cannot open journal ${directory}: process ${pid} on ${host} uses it`,
    {
      details: { pid, host },
    },
  );
}

/**
 * Opens the journal in a folder.
 *
 * @throws {AppError} `JOURNAL_LOCKED` when another primary is alive; `JOURNAL_UNREADABLE` when the files are broken.
 */
export async function openJournal(options: JournalOptions): Promise<EmbeddedJournal> {
  mkdirSync(options.directory, { recursive: true });
  const release = options.role === "primary" ? await lockFolder(options) : () => Promise.resolve();
  try {
    return new LmdbJournal(options, openEnvironment(options), release);
  } catch (error) {
    await release();
    throw error;
  }
}

class LmdbJournal implements EmbeddedJournal {
  readonly #options: JournalOptions;
  readonly #root: RootDatabase<Buffer, string>;
  readonly #release: () => Promise<void>;
  readonly #positions: Database<number, string>;
  readonly #logs = new Map<string, Database<Buffer, number>>();
  readonly #tables = new Map<string, Database<Buffer, string>>();
  /** Last position given out by `append`, per log. */
  readonly #given = new Map<string, Position>();
  readonly #fill = new Map<string, { at: number; full: boolean }>();
  #room = { at: Number.NEGATIVE_INFINITY, freeBytes: 0, writtenBytes: 0 };

  constructor(options: JournalOptions, root: RootDatabase<Buffer, string>, release: () => Promise<void>) {
    this.#options = options;
    this.#root = root;
    this.#release = release;
    this.#positions = root.openDB<number, string>({ name: "positions", encoding: "json" });
  }

  #log(name: string): Database<Buffer, number> {
    let database = this.#logs.get(name);
    if (!database) {
      database = this.#root.openDB<Buffer, number>({
        name: `log:${name}`,
        encoding: "binary",
        keyEncoding: "uint32",
      });
      this.#logs.set(name, database);
    }
    return database;
  }

  #table(name: string): Database<Buffer, string> {
    let database = this.#tables.get(name);
    if (!database) {
      database = this.#root.openDB<Buffer, string>({ name: `table:${name}`, encoding: "binary" });
      this.#tables.set(name, database);
    }
    return database;
  }

  /** The newest position in a log; a position that trimming removed is never given again, so consumers count too. */
  #last(name: string): Position {
    for (const key of this.#log(name).getKeys({ reverse: true, limit: 1 })) return key;
    return Math.max(0, ...Object.values(this.#consumers(name)));
  }

  #consumers(log: string): Record<string, Position> {
    const found: Record<string, Position> = {};
    const prefix = `${log}\n`;
    for (const { key, value } of this.#positions.getRange({ start: prefix, end: `${log}\v` }))
      found[key.slice(prefix.length)] = value;
    return found;
  }

  /** Refuses to write while the disk has less room than `share` of the reserve; looks often enough that the reserve is never used up unseen. */
  #refuseWithoutRoom(bytes: number, share: number): void {
    const now = performance.now();
    const reserveBytes = this.#options.reserveBytes ?? RESERVE_BYTES;
    this.#room.writtenBytes += bytes;
    if (
      now - this.#room.at >= FILL_CHECK_INTERVAL_MS ||
      this.#room.writtenBytes > reserveBytes * UNSEEN_SHARE
    ) {
      const { bavail, bsize } = statfsSync(this.#options.directory);
      this.#room = { at: now, freeBytes: bavail * bsize, writtenBytes: 0 };
    }
    if (this.#room.freeBytes < reserveBytes * share)
      throw new AppError("JOURNAL_FULL", "Cannot write to the journal: the disk is nearly full", {
        details: { freeBytes: this.#room.freeBytes },
      });
  }

  /** Refuses appends while the unsettled backlog alone is over the log's limit; looked at a few times a second. */
  #refuseWhenFull(name: string): void {
    const maxBytes = this.#options.retention?.[name]?.maxBytes;
    if (maxBytes === undefined) return;
    const now = this.#options.clock.now();
    let fill = this.#fill.get(name);
    if (!fill || now - fill.at >= FILL_CHECK_INTERVAL_MS) {
      const { bytes, records, first, last, consumers } = this.stats(name);
      const settled = Math.min(last, ...Object.values(consumers));
      const unsettledShare = records === 0 ? 0 : Math.min(1, (last - settled) / (last - first + 1));
      fill = { at: now, full: bytes * unsettledShare > maxBytes };
      this.#fill.set(name, fill);
    }
    if (fill.full)
      throw new AppError("JOURNAL_FULL", `Cannot append to ${name}: the backlog is over ${maxBytes} bytes`);
  }

  async append(log: string, bytes: Uint8Array): Promise<Position> {
    this.#refuseWithoutRoom(bytes.length, 1);
    this.#refuseWhenFull(log);
    const database = this.#log(log);
    const position = (this.#given.get(log) ?? this.#last(log)) + 1;
    this.#given.set(log, position);
    try {
      await database.put(position, frame(bytes, this.#options.clock.now()));
      await database.flushed;
      return position;
    } catch (error) {
      throw await asJournalError(error);
    }
  }

  async write(
    collect: (write: JournalWrite) => void,
    options: { readonly flush?: boolean; readonly when?: () => boolean } = {},
  ): Promise<void> {
    let bytes = 0;
    const steps: (() => void)[] = [];
    const appends = new Map<string, { framed: Buffer; span: number }[]>();
    const now = this.#options.clock.now();
    collect({
      append: (log, record, span = 1) => {
        const entry = { framed: frame(record, now), span };
        bytes += record.length;
        const records = appends.get(log);
        if (records) records.push(entry);
        else appends.set(log, [entry]);
      },
      advance: (log, consumer, position) => {
        const key = `${log}\n${consumer}`;
        steps.push(() => {
          // Position 0 registers a consumer: from then on nothing is trimmed that it has not settled.
          if (position > (this.#positions.get(key) ?? -1)) void this.#positions.put(key, position);
        });
      },
      put: (table, key, value) => {
        const database = this.#table(table);
        const copy = Buffer.from(value);
        steps.push(() => void database.put(key, copy));
      },
      delete: (table, key) => {
        const database = this.#table(table);
        steps.push(() => void database.remove(key));
      },
    });
    // Half the reserve is for the judge and for settling, so that a full gateway can still drain.
    this.#refuseWithoutRoom(bytes, 0.5);
    try {
      await this.#root.transaction(() => {
        if (options.when?.() === false) return;
        for (const [log, records] of appends) {
          const database = this.#log(log);
          let position = this.#last(log);
          for (const { framed, span } of records) {
            position += span;
            void database.put(position, framed);
          }
        }
        for (const step of steps) step();
      });
      if (options.flush !== false) await this.#root.flushed;
    } catch (error) {
      throw await asJournalError(error);
    }
  }

  read(
    log: string,
    options: { after: Position; limit: number; maxBytes?: number },
  ): readonly JournalRecord[] {
    const database = this.#log(log);
    database.resetReadTxn();
    const records: JournalRecord[] = [];
    let bytes = 0;
    for (const { key, value } of database.getRange({ start: options.after + 1, limit: options.limit })) {
      const payload = unframe(value);
      if (payload === undefined) {
        this.#options.log.error({ log, position: key }, "a corrupt journal record was skipped");
        this.#options.onCorrupt?.(log, key);
        continue;
      }
      records.push({ position: key, bytes: payload });
      bytes += payload.length;
      if (options.maxBytes !== undefined && bytes >= options.maxBytes) break;
    }
    return records;
  }

  position(log: string, consumer: string): Position {
    this.#positions.resetReadTxn();
    return this.#positions.get(`${log}\n${consumer}`) ?? 0;
  }

  table(name: string): ReturnType<Journal["table"]> {
    return makeJournalTable(this.#table(name));
  }

  stats(log: string): LogStats {
    const database = this.#log(log);
    database.resetReadTxn();
    const stats = database.getStats() as Record<
      "entryCount" | "pageSize" | "treeLeafPageCount" | "overflowPages",
      number
    >;
    const [first = 0] = database.getKeys({ limit: 1 });
    return {
      log,
      first,
      last: this.#last(log),
      records: stats.entryCount,
      bytes: (stats.treeLeafPageCount + stats.overflowPages) * stats.pageSize,
      consumers: this.#consumers(log),
    };
  }

  async applyRetention(signal?: AbortSignal): Promise<number> {
    let removed = 0;
    for (const [log, policy] of Object.entries(this.#options.retention ?? {}))
      removed += await trimLog({
        database: this.#log(log),
        stats: this.stats(log),
        policy,
        now: this.#options.clock.now(),
        timeOf: frameTime,
        ...(signal === undefined ? {} : { signal }),
      });
    return removed;
  }

  async close(): Promise<void> {
    // The library resets its read transaction a moment after each read, and ends the process when it finds it closed.
    this.#root.resetReadTxn();
    await this.#root.close();
    await this.#release();
  }
}
