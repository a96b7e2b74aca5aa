// Applies a change set in a process of its own, and kills itself when the n-th call of a port was answered. Started by `steps-process.ts`.
import { applySteps, type StepsSystem, undoSteps } from "./steps-system.ts";

export interface ChildRun {
  readonly system: StepsSystem;
  readonly work: "apply" | "undo";
  /** SIGKILL after so many calls. */
  readonly killAfter: number;
}

const { system, work, killAfter } = JSON.parse(process.argv[2] ?? "{}") as ChildRun;
let calls = 0;
const run = work === "apply" ? applySteps : undoSteps;
const { nowMs } = system;
await run({
  ...system,
  clock: { now: () => nowMs ?? Date.now() },
  onCall: () => {
    calls += 1;
    if (calls >= killAfter) process.kill(process.pid, "SIGKILL");
  },
});
