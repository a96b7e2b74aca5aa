// How the changes of each table are noticed. Data only: `setup` decides it, the readers follow it.
import type { CatalogueTable } from "../mapping/catalogue.ts";
import type { Watch } from "../mapping/mapping.ts";

/**
 * `wal`: logical replication, keys only. `trigger`: statement-level triggers that append to `plumbline.outbox`. `touch`: the application calls
 * `plumbline.touch(…)` in its own transaction. `poll`: rows whose time column has grown, for read-only access; it misses deletions.
 */
export type CaptureMethod = "wal" | "trigger" | "touch" | "poll";

/** What the log carries of a table, for `wal`. */
export interface WalCapture {
  /**
   * Where the old link values of a row come from. `as-is`: the table's replica identity holds them already. `index`: a unique index of ours becomes
   * the identity. `full`: whole old rows, where a link can be null or no key is there.
   */
  readonly identity: "as-is" | "index" | "full";
  /** Columns of the identity; empty for `full`. */
  readonly identityColumns: readonly string[];
  /** Columns that are published; `undefined`: all, because a whole row as identity and a list of columns make the application's updates fail. */
  readonly published: readonly string[] | undefined;
}

/** How one table of a mapping is watched. */
export interface TableCapture {
  readonly table: CatalogueTable;
  readonly method: CaptureMethod;
  /** Link columns whose old and new values lead to users, each once. */
  readonly columns: readonly string[];
  readonly watches: readonly Watch[];
  /** `poll` alone: the column whose value grows with every change. */
  readonly pollColumn: string | undefined;
  /** `wal` alone. */
  readonly wal: WalCapture | undefined;
  /** Why this method, in a sentence. */
  readonly reason: string;
}

export interface CapturePlan {
  readonly tables: readonly TableCapture[];
  /** Names of the slot and the publication that `wal` uses. */
  readonly slot: string;
  readonly publication: string;
}

/** What a configuration asks for. */
export interface CaptureSettings {
  /** Method where a table says nothing; absent: `wal` where the server allows it and nothing of the application can break, else `trigger`. */
  readonly method?: CaptureMethod;
  /** By table, as people name it. */
  readonly tables?: Readonly<
    Record<string, { readonly method: CaptureMethod; readonly pollColumn?: string }>
  >;
  /** Default {@link CAPTURE_NAME}. */
  readonly slot?: string;
  /** Log that the slot may hold back before it is given up and everything compared instead; absent: no limit. */
  readonly slotBudgetBytes?: number;
}

/** Default name of slot and publication. */
export const CAPTURE_NAME = "plumbline";
