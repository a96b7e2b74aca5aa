// How a delivery worker paces itself. Data only.
import type { PaceSettings } from "../core/index.ts";

export interface DeliverySettings extends PaceSettings {
  /** Taken from the outbox at a time; memory is bounded by them. An entry holds many events. */
  readonly windowEntries: number;
  readonly windowBytes: number;
  /** How long requests under way may still take when the worker is asked to stop. */
  readonly stopGraceMs: number;
}

/** Defaults. Source of the pauses (read 2026-11): Mixpanel "Import Events": 2 s doubling to 60 s, with jitter. */
export const DELIVERY_SETTINGS: DeliverySettings = {
  backoffMs: 2000,
  backoffMaxMs: 60_000,
  unauthorizedPauseMs: 60_000,
  windowEntries: 10_000,
  windowBytes: 5 * 2 ** 20,
  stopGraceMs: 5000,
};
