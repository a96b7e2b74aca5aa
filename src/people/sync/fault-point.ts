// Named points between two steps of the sync. Production passes none; the fault proof ends the process at one of them.

export const FAULT_POINTS = [
  "after-change",
  "before-marks",
  "after-marks",
  "after-read",
  "before-send",
  "after-send",
  "before-ack",
  "after-ack",
  "after-refusal",
  "in-renewal",
  "after-renewal",
  "after-slot",
  "after-page-read",
  "after-page",
] as const;

export type FaultPointName = (typeof FAULT_POINTS)[number];

export type FaultPoint = (name: FaultPointName) => void | Promise<void>;
