// What a run came to, as data and as text. Names, counts and reasons; never a value or an id.
import type { StepReport } from "./executor.ts";

/** How far a run is. `stopped`: a surprise, a limit or a person; it can go on. */
export type RunState =
  | { readonly kind: "applied" }
  | { readonly kind: "undone" }
  | { readonly kind: "stopped"; readonly code: string; readonly message: string };

export interface RunReport {
  readonly version: 1;
  readonly changeSet: string;
  readonly destination: string;
  readonly work: "apply" | "undo";
  readonly state: RunState;
  readonly startedAt: string;
  readonly endedAt: string;
  readonly steps: readonly StepReport[];
  /** Steps that were not begun. */
  readonly left: readonly string[];
  /** Where backup and journal are. */
  readonly folder: string;
}

/** A report without anything that a person has to look at. */
export function isClean({ state, steps }: RunReport): boolean {
  return (
    state.kind !== "stopped" &&
    steps.every(({ failed, verified }) => failed.length === 0 && verified.wrong === 0)
  );
}

function stepText(step: StepReport, work: RunReport["work"]): string {
  const { selected, changed, skipped, failed, verified, requests, notes = [] } = step;
  const failures = failed.reduce((sum, { count }) => sum + count, 0);
  const read =
    verified.checked === 0 ? "nothing read back" : `${verified.checked} read back, ${verified.wrong} wrong`;
  const verb = work === "apply" ? "changed" : "restored";
  return [
    `${step.step}: ${selected} selected, ${changed} ${verb}, ${skipped} needed nothing, ${failures} failed; ${read}; ${requests} requests`,
    ...failed.map(({ reason, count }) => `    failed ${count}: ${reason}`),
    ...notes.map((note) => `    ${note}`),
  ].join("\n");
}

/** The report for people. */
export function runReportText(report: RunReport): string {
  const { changeSet, destination, state, steps, left, folder, work } = report;
  const end =
    state.kind === "stopped"
      ? `${work} of ${changeSet} stopped: ${state.message}`
      : `${changeSet} on ${destination}: ${state.kind}`;
  return [
    ...steps.map((step) => stepText(step, work)),
    ...(left.length === 0 ? [] : [`not begun: ${left.join(", ")}`]),
    end,
    `backup and journal: ${folder}`,
  ].join("\n");
}
