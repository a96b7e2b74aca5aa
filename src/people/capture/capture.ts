// What all captures share: they turn changes of tables into marks, and never wait for a destination.
import type { Clock, Log, Metrics } from "../../core/index.ts";
import type { Database, Queryable } from "../database/database.ts";
import type { Mapping } from "../mapping/mapping.ts";
import type { FaultPoint } from "../sync/fault-point.ts";
import type { CapturePlan } from "./capture-plan.ts";

/** What a capture works on; a changed plan makes a new capture. */
export interface CaptureParts {
  readonly mapping: Mapping;
  readonly plan: CapturePlan;
}

export interface CaptureOptions {
  readonly source: Database;
  readonly state: Database;
  readonly isSameDatabase: boolean;
  readonly destinations: readonly string[];
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Marks were written: workers have something to do. */
  readonly onMarked: () => void;
  /** Everybody's state may have changed, in the transaction that moves the capture's position. */
  readonly requestEveryone: (
    tx: Queryable,
    ask: {
      readonly sets: bigint;
      readonly cause: string;
      /** What was acknowledged may be of another history: everything is sent again. */
      readonly isUnsure?: boolean;
    },
  ) => Promise<void>;
  readonly at?: FaultPoint;
}

/** How one capture stands. */
export interface CaptureState {
  readonly method: string;
  readonly kind: "waiting" | "running" | "failed";
  /** Position up to which all marks are written; empty for captures without one. */
  readonly position: string;
  /** Why it waits or failed: a code and a sentence. */
  readonly reason: string;
}

export interface Capture {
  /** Until `stop`; trouble with a database is waited out and told by `state`. */
  run(stop: AbortSignal): Promise<void>;
  state(): CaptureState;
}
