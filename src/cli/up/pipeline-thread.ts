// The main thread's side of the pipeline's thread. While it is down the gateway keeps receiving: what is acknowledged waits in the journal.
import type { Log } from "../../core/index.ts";
import type { DeliveryState } from "../../delivery/index.ts";
import type { VerdictNotice } from "../../gateway/index.ts";
import type { Lock } from "../../plan/index.ts";
import type { Config } from "../config/config.ts";
import type { FromPipeline, PipelineStart, ToPipeline } from "./pipeline-messages.ts";
import { Questions, SupervisedThread } from "./supervised-thread.ts";

export interface PipelineReport {
  readonly metrics: readonly object[];
  readonly states: readonly DeliveryState[];
}

/** What `up` needs of the pipeline, wherever it runs. */
export interface RunningPipeline {
  readonly isRunning: boolean;
  wake(): void;
  /** Resolves once it judges by this plan, or does not answer: then it does as soon as it can. */
  setLock(lock: Lock): Promise<void>;
  resume(destination: string): void;
  report(): Promise<PipelineReport>;
  close(): Promise<void>;
}

/** Half of what Prometheus waits for by default. */
const ANSWER_TIMEOUT_MS = 5000;
const EMPTY_REPORT: PipelineReport = { metrics: [], states: [] };

export interface PipelineThreadOptions {
  readonly config: Config;
  readonly lock: Lock;
  readonly log: Log;
  readonly onVerdicts: ((notices: readonly VerdictNotice[]) => void) | undefined;
}

/** Starts the pipeline in a thread of its own; resolves when it runs, or has failed and will be tried again. */
export async function startPipelineThread(options: PipelineThreadOptions): Promise<RunningPipeline> {
  const { config, log, onVerdicts } = options;
  let { lock } = options;
  let isWakePending = false;
  const reports = new Questions<PipelineReport>();
  const locks = new Questions<true>();
  const thread = new SupervisedThread<ToPipeline, FromPipeline>({
    name: "the pipeline",
    file: new URL("pipeline-worker.js", import.meta.url),
    workerData: (): PipelineStart => ({ config, lock, verdicts: onVerdicts !== undefined }),
    receive: (message) => {
      if (message.kind === "verdicts") onVerdicts?.(message.notices);
      else if (message.kind === "locked") locks.answer(message.id, true);
      else reports.answer(message.id, message);
    },
    log,
  });
  await thread.start();
  return {
    get isRunning() {
      return thread.isRunning;
    },
    wake: () => {
      // Many appends end in one tick; one message is enough for all of them.
      if (isWakePending) return;
      isWakePending = true;
      setImmediate(() => {
        isWakePending = false;
        thread.send({ kind: "wake" });
      });
    },
    setLock: async (next) => {
      lock = next;
      // One that is starting has it in its queue.
      const answer = locks.ask((id) => thread.send({ kind: "lock", id, lock: next }), ANSWER_TIMEOUT_MS);
      if (thread.isRunning) await answer;
    },
    resume: (destination) => thread.send({ kind: "resume", destination }),
    report: async () => {
      if (!thread.isRunning) return EMPTY_REPORT;
      const report = await reports.ask((id) => thread.send({ kind: "report", id }), ANSWER_TIMEOUT_MS);
      return report ?? EMPTY_REPORT;
    },
    close: () => thread.close({ kind: "close" }),
  };
}
