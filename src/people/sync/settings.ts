// How the sync paces itself. Data only.
import type { PaceSettings } from "../../core/index.ts";

export interface SyncSettings extends PaceSettings {
  /** Users of one batch: read together, and sent in as few requests as the destination's limits allow. */
  readonly liveBatchUsers: number;
  readonly bulkBatchUsers: number;
  /** Requests under way at once; one of them is always left to the live lane, one to the bulk lane. */
  readonly parallelRequests: number;
  /** Longest wait before the marks are looked at again, where nobody wakes the worker. */
  readonly pollMs: number;
  /** How long a partition belongs to a worker that says nothing more. Longer than a request may take. */
  readonly leaseMs: number;
  /** Longest time that a request may take, in all. */
  readonly requestTimeoutMs: number;
  /** Pause after which a request without an answer can no longer be applied late. */
  readonly settleMs: number;
  /** How long requests under way may still take when the worker is asked to stop. */
  readonly stopGraceMs: number;
  /** Everybody is compared this long after the last time; what a capture has missed is found then. */
  readonly reconcileEveryMs: number;
}

/**
 * Defaults.
 * Source of the pauses (read 2026-11): Mixpanel "Import Events": 2 s doubling to 60 s, with jitter. 2,000 updates a request: "Create Profile".
 * Six requests at once: at 3,000 writes a second and a destination that answers after 50 ms, half of the changes were acknowledged within 71 ms; with
 * four within 99 and 139 ms, in alternating runs.
 */
export const SYNC_SETTINGS: SyncSettings = {
  backoffMs: 2000,
  backoffMaxMs: 60_000,
  unauthorizedPauseMs: 60_000,
  liveBatchUsers: 500,
  bulkBatchUsers: 2000,
  parallelRequests: 6,
  pollMs: 100,
  leaseMs: 30_000,
  requestTimeoutMs: 15_000,
  settleMs: 20_000,
  stopGraceMs: 5000,
  reconcileEveryMs: 24 * 3_600_000,
};
