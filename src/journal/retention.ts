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
}

/** How many of the oldest records the size limit asks to remove. */
function surplus(stats: LogStats, policy: RetentionPolicy): number {
  if (policy.maxBytes === undefined || stats.bytes <= policy.maxBytes) return 0;
  return Math.ceil(stats.records * (1 - policy.maxBytes / stats.bytes));
}

/** Removes settled records that the policy no longer keeps. Returns how many. A log without consumers is never trimmed. */
export async function trimLog(options: TrimOptions): Promise<number> {
  const { database, stats, policy, now, timeOf } = options;
  const settled: Position = Math.min(...Object.values(stats.consumers));
  if (!Number.isFinite(settled)) return 0;
  let tooMany = surplus(stats, policy);
  let removed = 0;
  for (;;) {
    const doomed: Position[] = [];
    for (const { key, value } of database.getRange({ limit: CHUNK_RECORDS })) {
      const tooOld = policy.maxAgeMs !== undefined && now - timeOf(value) > policy.maxAgeMs;
      if (key > settled || !(tooOld || tooMany > 0)) break;
      tooMany -= 1;
      doomed.push(key);
    }
    if (doomed.length === 0) return removed;
    await database.transaction(() => {
      for (const key of doomed) void database.remove(key);
    });
    removed += doomed.length;
  }
}
