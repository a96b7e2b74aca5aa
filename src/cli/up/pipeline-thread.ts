// The main thread's side of the pipeline's thread. States: starting → running → failed (restarts after a pause) → running; closed.
// While it is down the gateway keeps receiving: what is acknowledged waits in the journal.
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { Log } from "../../core/index.ts";
import type { DeliveryState } from "../../delivery/index.ts";
import type { VerdictNotice } from "../../gateway/index.ts";
import type { Lock } from "../../plan/index.ts";
import type { Config } from "../config/config.ts";
import type { FromPipeline, PipelineStart, ToPipeline } from "./pipeline-messages.ts";

export interface PipelineReport {
  readonly metrics: readonly object[];
  readonly states: readonly DeliveryState[];
}

/** What `up` needs of the pipeline, wherever it runs. */
export interface RunningPipeline {
  readonly isRunning: boolean;
  wake(): void;
  setLock(lock: Lock): void;
  resume(destination: string): void;
  report(): Promise<PipelineReport>;
  close(): Promise<void>;
}

const RESTART_MS = 1000;
const RESTART_MAX_MS = 30_000;
const CLOSE_TIMEOUT_MS = 10_000;
const REPORT_TIMEOUT_MS = 2000;
/** Measured: with the default the thread keeps 120 MB more, and is no faster. */
const YOUNG_GENERATION_MB = 32;
const EMPTY_REPORT: PipelineReport = { metrics: [], states: [] };

class PipelineThread implements RunningPipeline {
  readonly #config: Config;
  readonly #log: Log;
  readonly #onVerdicts: ((notices: readonly VerdictNotice[]) => void) | undefined;
  readonly #reports = new Map<number, (report: PipelineReport) => void>();
  #lock: Lock;
  #worker: Worker | undefined;
  #running = false;
  #closed = false;
  #failures = 0;
  #nextReport = 1;
  #wakePending = false;

  constructor(options: ThreadOptions) {
    this.#config = options.config;
    this.#lock = options.lock;
    this.#log = options.log;
    this.#onVerdicts = options.onVerdicts;
  }

  get isRunning(): boolean {
    return this.#running;
  }

  async start(): Promise<void> {
    const start: PipelineStart = {
      config: this.#config,
      lock: this.#lock,
      verdicts: this.#onVerdicts !== undefined,
    };
    const worker = new Worker(new URL("pipeline-worker.js", import.meta.url), {
      workerData: start,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
    });
    this.#worker = worker;
    worker.on("message", (message: FromPipeline) => this.#receive(message));
    worker.on("error", (error) => {
      this.#log.error(
        { reason: error instanceof Error ? error.message : "" },
        "the pipeline's thread failed",
      );
    });
    worker.on("exit", () => this.#exited());
    await Promise.race([once(worker, "message"), once(worker, "exit")]);
  }

  #receive(message: FromPipeline): void {
    switch (message.kind) {
      case "ready":
        this.#running = true;
        break;
      case "verdicts":
        this.#onVerdicts?.(message.notices);
        break;
      case "report":
        this.#reports.get(message.id)?.(message);
        break;
      case "failed":
        this.#log.error({ reason: message.message }, "the pipeline stopped; it is started again");
        void this.#worker?.terminate();
        break;
    }
  }

  #exited(): void {
    this.#running = false;
    if (this.#closed) return;
    const waitMs = Math.min(RESTART_MAX_MS, RESTART_MS * 2 ** this.#failures);
    this.#failures += 1;
    setTimeout(() => {
      if (!this.#closed) void this.start();
    }, waitMs).unref();
  }

  #send(message: ToPipeline): void {
    this.#worker?.postMessage(message);
  }

  wake(): void {
    // Many appends end in one tick; one message is enough for all of them.
    if (this.#wakePending) return;
    this.#wakePending = true;
    setImmediate(() => {
      this.#wakePending = false;
      this.#send({ kind: "wake" });
    });
  }

  setLock(lock: Lock): void {
    this.#lock = lock;
    this.#send({ kind: "lock", lock });
  }

  resume(destination: string): void {
    this.#send({ kind: "resume", destination });
  }

  report(): Promise<PipelineReport> {
    if (!this.#running) return Promise.resolve(EMPTY_REPORT);
    const id = this.#nextReport++;
    return new Promise((resolve) => {
      const timer = setTimeout(() => done(EMPTY_REPORT), REPORT_TIMEOUT_MS);
      const done = (report: PipelineReport): void => {
        clearTimeout(timer);
        this.#reports.delete(id);
        resolve(report);
      };
      this.#reports.set(id, done);
      this.#send({ kind: "report", id });
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    const worker = this.#worker;
    if (!worker || !this.#running) return;
    const exited = once(worker, "exit");
    this.#send({ kind: "close" });
    const timer = setTimeout(() => void worker.terminate(), CLOSE_TIMEOUT_MS);
    await exited;
    clearTimeout(timer);
  }
}

export interface ThreadOptions {
  readonly config: Config;
  readonly lock: Lock;
  readonly log: Log;
  readonly onVerdicts: ((notices: readonly VerdictNotice[]) => void) | undefined;
}

/** Starts the pipeline in a thread of its own; resolves when it runs, or has failed and will be tried again. */
export async function startPipelineThread(options: ThreadOptions): Promise<RunningPipeline> {
  const thread = new PipelineThread(options);
  await thread.start();
  return thread;
}
