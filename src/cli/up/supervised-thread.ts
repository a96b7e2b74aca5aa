// A worker thread that is started again when it fails. States: starting → running → failed (a pause that doubles) → starting; closed.
// What it is for is its owner's: this file knows only that it says `ready` once, and `failed` when it cannot go on.
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { Log } from "../../core/index.ts";

/** What every thread says of itself. */
export type ThreadNotice = { readonly kind: "ready" } | { readonly kind: "failed"; readonly message: string };

export interface ThreadOptions<Own> {
  /** For the log: `the pipeline`. */
  readonly name: string;
  readonly file: URL;
  /** What it is started with; asked for at every start. */
  readonly workerData: () => unknown;
  readonly receive: (message: Own) => void;
  readonly log: Log;
}

const RESTART_MS = 1000;
const RESTART_MAX_MS = 30_000;
const CLOSE_TIMEOUT_MS = 10_000;
/** Measured on the pipeline: with the default the thread keeps 120 MB more, and is no faster. */
const YOUNG_GENERATION_MB = 32;

/** `Command`: what it is told. `Own`: what it says beside {@link ThreadNotice}. */
export class SupervisedThread<Command, Own extends { readonly kind: string }> {
  readonly #options: ThreadOptions<Own>;
  #worker: Worker | undefined;
  #isRunning = false;
  #isClosed = false;
  #failures = 0;
  #startedAt = 0;

  constructor(options: ThreadOptions<Own>) {
    this.#options = options;
  }

  get isRunning(): boolean {
    return this.#isRunning;
  }

  /** Resolves when it runs, or has failed and will be tried again. */
  async start(): Promise<void> {
    const { file, name, log, workerData } = this.#options;
    const worker = new Worker(file, {
      workerData: workerData(),
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
    });
    this.#worker = worker;
    this.#startedAt = performance.now();
    worker.on("message", (message: ThreadNotice | Own) => this.#receive(message));
    worker.on("error", (error) => {
      log.error({ reason: error instanceof Error ? error.message : "" }, `${name}'s thread failed`);
    });
    worker.on("exit", () => this.#exited());
    // Not `once` of node:events: that rejects when the thread fails, and a failure is no reason to give up.
    await new Promise<void>((resolve) => {
      worker.once("message", () => resolve());
      worker.once("exit", () => resolve());
    });
  }

  #receive(message: ThreadNotice | Own): void {
    if (message.kind === "ready") this.#isRunning = true;
    else if (message.kind === "failed") {
      const { message: reason } = message as Extract<ThreadNotice, { readonly kind: "failed" }>;
      this.#options.log.error({ reason }, `${this.#options.name} stopped; it is started again`);
      void this.#worker?.terminate();
    } else this.#options.receive(message as Own);
  }

  #exited(): void {
    this.#isRunning = false;
    if (this.#isClosed) return;
    if (performance.now() - this.#startedAt > RESTART_MAX_MS) this.#failures = 0;
    const waitMs = Math.min(RESTART_MAX_MS, RESTART_MS * 2 ** this.#failures);
    this.#failures += 1;
    setTimeout(() => {
      if (!this.#isClosed) void this.start();
    }, waitMs).unref();
  }

  send(command: Command): void {
    this.#worker?.postMessage(command);
  }

  /** Asks it to end; one that does not is ended. */
  async close(command: Command): Promise<void> {
    this.#isClosed = true;
    const worker = this.#worker;
    if (!worker || !this.#isRunning) {
      await worker?.terminate();
      return;
    }
    const exited = once(worker, "exit");
    this.send(command);
    const timer = setTimeout(() => void worker.terminate(), CLOSE_TIMEOUT_MS);
    await exited;
    clearTimeout(timer);
  }
}

/** Questions to a thread, and which answer belongs to which. */
export class Questions<Answer> {
  readonly #waiting = new Map<number, (answer: Answer | undefined) => void>();
  #next = 1;

  /** `undefined`: no answer within the time. */
  ask(send: (id: number) => void, withinMs: number): Promise<Answer | undefined> {
    const id = this.#next++;
    return new Promise((resolve) => {
      const done = (answer: Answer | undefined): void => {
        clearTimeout(timer);
        this.#waiting.delete(id);
        resolve(answer);
      };
      const timer = setTimeout(() => done(undefined), withinMs);
      this.#waiting.set(id, done);
      send(id);
    });
  }

  answer(id: number, answer: Answer): void {
    this.#waiting.get(id)?.(answer);
  }
}
