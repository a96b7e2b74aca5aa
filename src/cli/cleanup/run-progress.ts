// Progress of a change set for people: step, phase, how far, the time left; and why it waits.
import type { RequestKind, Step, StepProgress } from "../../cleanup/index.ts";
import { makeProgress } from "../terminal/output.ts";
import { durationText, makeTimeLeft } from "../terminal/time-left.ts";

export interface RunProgress {
  show(step: Step, progress: StepProgress): void;
  waiting(kind: RequestKind, waitMs: number): void;
  end(): void;
}

/** Makes it; nothing is shown with `--json`. */
export function makeRunProgress(json: boolean): RunProgress {
  const line = makeProgress(json);
  let at = "";
  let left = makeTimeLeft();
  return {
    show: ({ id }, { phase, done, total }) => {
      if (at !== `${id} ${phase}`) {
        at = `${id} ${phase}`;
        left = makeTimeLeft();
      }
      const of = total === undefined ? "" : ` of ${total.toLocaleString("en-US")}`;
      line.show(`${id}: ${phase}: ${done.toLocaleString("en-US")}${of}${left(done, total)}`);
    },
    waiting: (kind, waitMs) =>
      line.show(`${at}: waiting ${durationText(waitMs / 1000)} for the provider's limit of ${kind} requests`),
    end: () => line.end(),
  };
}
