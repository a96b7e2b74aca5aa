// What a log may keep. Only whole records go, only from the old end, and only what every consumer has settled.
import type { Database } from "lmdb";
import type { EpochMs, LogStats, Position } from "../core/index.ts";

export interface RetentionPolicy {
  /** Settled records go, oldest first, while the log is larger than this. A backlog over it refuses appends. */
  readonly maxBytes?: number;
  /** Settled records older than this go. */
  readonly maxAgeMs?: number;
}

/** Records removed in one transaction, so that no write waits long. */
const CHUNK_RECORDS = 2000;

export interface TrimOptions {
  readonly database: Database<Buffer, number>;
  readonly stats: LogStats;
  readonly policy: RetentionPolicy;
  readonly now: EpochMs;
  readonly timeOf: (framed: Buffer) => EpochMs;
  /** Ends the work between two transactions. */
  readonly signal?: AbortSignal;
}

/** Last position that the size limit asks to remove; 0 for none. */
function lastSurplus({ first, last, bytes }: LogStats, { maxBytes }: RetentionPolicy): Position {
  if (maxBytes === undefined || bytes <= maxBytes) return 0;
  return first + Math.ceil((last - first + 1) * (1 - maxBytes / bytes)) - 1;
}

/** Last position that is older than the age limit; 0 for none. Records are in the order of their time, so it is searched by halves. */
function lastTooOld({ database, stats, policy, now, timeOf }: TrimOptions): Position {
  const { maxAgeMs } = policy;
  if (maxAgeMs === undefined) return 0;
  const isTooOld = (position: Position): boolean => {
    for (const { value } of database.getRange({ start: position, limit: 1 }))
      return now - timeOf(value) > maxAgeMs;
    return false;
  };
  let [old, young] = [stats.first - 1, stats.last + 1];
  while (young - old > 1) {
    const middle = Math.floor((old + young) / 2);
    if (isTooOld(middle)) old = middle;
    else young = middle;
  }
  return old;
}

/** Removes settled records that the policy no longer keeps. Returns how many. A log without consumers is never trimmed. */
export async function trimLog(options: TrimOptions): Promise<number> {
  const { database, stats, policy, signal } = options;
  const settled: Position = Math.min(...Object.values(stats.consumers));
  if (!Number.isFinite(settled) || stats.records === 0) return 0;
  const last = Math.min(settled, Math.max(lastSurplus(stats, policy), lastTooOld(options)));
  let removed = 0;
  for (;;) {
    if (signal?.aborted === true) break;
    const doomed = [...database.getKeys({ end: last + 1, limit: CHUNK_RECORDS })];
    if (doomed.length === 0) break;
    await database.transaction(() => {
      for (const key of doomed) void database.remove(key);
    });
    removed += doomed.length;
  }
  return removed;
}
