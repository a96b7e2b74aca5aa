// The people sync as one running thing: captures that write marks, jobs that walk over everybody, one worker a destination.
import { AppError, type Finding } from "../core/index.ts";
import type { Lock } from "../plan/index.ts";
import type { PeopleContext } from "./people-context.ts";
import type { FaultPoint } from "./sync/fault-point.ts";
import type { AcknowledgedNotice, WorkerState } from "./sync/worker.ts";

/** How one capture stands. */
export interface CaptureState {
  readonly method: string;
  readonly kind: "waiting" | "running" | "failed";
  /** Position of the log up to which all marks are written; empty for captures without one. */
  readonly position: string;
  /** Why it waits or failed: a code and a sentence. */
  readonly reason: string;
}

export interface PeopleSyncState {
  readonly captures: readonly CaptureState[];
  readonly workers: readonly WorkerState[];
}

export interface PeopleSyncOptions {
  /** What was acknowledged, for a terminal. */
  readonly onAcknowledged?: (notices: readonly AcknowledgedNotice[]) => void;
  /** Tests end the process at a named point. */
  readonly at?: FaultPoint;
}

export interface PeopleSync {
  /** Captures, jobs and workers, until `stop`. Rejects when it cannot go on by itself; nothing is lost then. */
  run(stop: AbortSignal): Promise<void>;
  /** A changed plan; findings of level `error`: the old mapping stays. */
  setLock(lock: Lock): Promise<readonly Finding[]>;
  /** Marks users by hand; resolves once the marks are committed. */
  mark(userIds: readonly string[], cause: string): Promise<void>;
  /** Ends the pause of a destination, for example after its credential was corrected. */
  resume(destination: string): void;
  state(): PeopleSyncState;
}

/** Makes the sync of an opened context. It does nothing before `run`. */
export function createPeopleSync(context: PeopleContext, _options: PeopleSyncOptions = {}): PeopleSync {
  throw new AppError("INTERNAL", `Cannot sync ${context.destinations.length} destinations yet`);
}
