// The people sync as `up` runs it, in a thread or on the main one. States: starting → waiting (the database does not answer, the mapping has
// errors, or changes are not captured yet; looked at again and again) → running → waiting (it failed; pauses grow) …; closed.
import { AppError, type Finding, type OldIdTable, WakeUp } from "../../core/index.ts";
import {
  captureStanding,
  type AcknowledgedNotice,
  createPeopleSync,
  type PeopleSync,
  type PeopleSyncState,
} from "../../people/index.ts";
import type { Lock } from "../../plan/index.ts";
import { openPeople, type PeopleParts } from "./open-people.ts";

/** How the sync stands. */
export type PeopleServiceState =
  | { readonly kind: "starting" }
  | { readonly kind: "waiting"; readonly reason: string; readonly findings: readonly Finding[] }
  | { readonly kind: "running" };

export interface PeopleReport {
  readonly state: PeopleServiceState;
  /** Absent unless it runs. */
  readonly sync?: PeopleSyncState;
}

export interface PeopleServiceOptions extends PeopleParts {
  readonly onAcknowledged?: (notices: readonly AcknowledgedNotice[]) => void;
  readonly onState?: (state: PeopleServiceState) => void;
  /** Where the gateway looks up old ids. */
  readonly oldIds?: OldIdTable;
}

/** What is missing is looked for again after this long. */
const LOOK_AGAIN_MS = 3000;
const RESTART_MS = 1000;
const RESTART_MAX_MS = 30_000;

export class PeopleService {
  readonly #options: PeopleServiceOptions;
  readonly #stop = new AbortController();
  readonly #wakeUp = new WakeUp();
  #lock: Lock;
  #state: PeopleServiceState = { kind: "starting" };
  #running: PeopleSync | undefined;
  #failures = 0;
  #ended: Promise<void> | undefined;

  constructor(options: PeopleServiceOptions) {
    this.#options = options;
    this.#lock = options.lock;
  }

  /** Begins; what goes wrong from here on is told by the state. */
  start(): void {
    this.#ended = this.#run();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const startedAt = performance.now();
      let pauseMs = LOOK_AGAIN_MS;
      try {
        await this.#once(signal);
      } catch (error) {
        if (performance.now() - startedAt > RESTART_MAX_MS) this.#failures = 0;
        pauseMs = Math.min(RESTART_MAX_MS, RESTART_MS * 2 ** this.#failures);
        this.#failures += 1;
        const reason = error instanceof AppError ? error.message : "the sync failed; the log has the reason";
        this.#wait(reason, []);
        const code = error instanceof AppError ? error.code : "INTERNAL";
        const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
        this.#options.log.error(
          { code, reason: text, pauseMs },
          "the people sync stopped; it is started again",
        );
      }
      if (!signal.aborted) await this.#wakeUp.wait(pauseMs, signal);
    }
  }

  /** Opens, and runs until `stop`; comes back early when something is missing. */
  async #once(signal: AbortSignal): Promise<void> {
    const lock = this.#lock;
    const opened = await openPeople({ ...this.#options, lock });
    if (opened.kind === "findings") {
      this.#wait("the mapping has errors", opened.findings);
      return;
    }
    const { context } = opened;
    try {
      const { isReady, findings } = await captureStanding(context);
      if (!isReady) {
        const errors = findings.filter(({ level }) => level === "error");
        this.#wait("changes are not captured yet: run `plumbline people setup --apply`", errors);
        return;
      }
      const { onAcknowledged, oldIds } = this.#options;
      const sync = createPeopleSync(context, {
        ...(onAcknowledged === undefined ? {} : { onAcknowledged }),
        ...(oldIds === undefined ? {} : { oldIds }),
      });
      this.#running = sync;
      // A plan that came while the database was being opened found nobody to give it to.
      if (this.#lock !== lock) await this.setLock(this.#lock);
      this.#turn({ kind: "running" });
      await sync.run(signal);
      if (!signal.aborted) throw new AppError("PEOPLE_NOT_RUNNING", "Cannot go on: the sync ended by itself");
    } finally {
      this.#running = undefined;
      await opened.close();
    }
  }

  #turn(state: PeopleServiceState): void {
    this.#state = state;
    this.#options.onState?.(state);
  }

  /** Says why it waits, once for each reason. */
  #wait(reason: string, findings: readonly Finding[]): void {
    const before = this.#state.kind === "waiting" ? this.#state.reason : "";
    if (before !== reason && findings.length > 0) {
      const told = findings.map(({ id, at, message }) => `${message} (${id} at ${at})`);
      this.#options.log.error({ findings: told }, `no profile is sent: ${reason}`);
    }
    this.#turn({ kind: "waiting", reason, findings });
  }

  /** A changed plan. One with errors in its mapping is refused, and the old one stays. */
  async setLock(lock: Lock): Promise<void> {
    this.#lock = lock;
    const { log } = this.#options;
    if (!this.#running) return this.#wakeUp.wake();
    try {
      const findings = await this.#running.setLock(lock);
      const told = findings.map(({ id, at, message }) => `${message} (${id} at ${at})`);
      if (findings.some(({ level }) => level === "error"))
        log.error({ findings: told }, "the mapping of the changed plan has errors; the old one stays");
      else if (told.length > 0) log.warn({ findings: told }, "the mapping of the changed plan");
    } catch (error) {
      const code = error instanceof AppError ? error.code : "INTERNAL";
      log.error(
        { code },
        "the changed plan could not be taken over by the people sync; it is tried when it starts again",
      );
    }
  }

  /** Ends the pause of a destination, and of the sync itself. */
  resume(destination: string): void {
    this.#running?.resume(destination);
    this.#wakeUp.wake();
  }

  /**
   * Marks users; resolves once that is committed.
   *
   * @throws {AppError} `PEOPLE_NOT_RUNNING` while the sync waits for its database.
   */
  async mark(userIds: readonly string[], cause: string): Promise<void> {
    if (!this.#running) throw notRunning(this.#state);
    await this.#running.mark(userIds, cause);
  }

  report(): PeopleReport {
    return { state: this.#state, ...(this.#running ? { sync: this.#running.state() } : {}) };
  }

  /** Requests under way are finished or cut; nothing is lost. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#ended;
  }
}

/** The error of whoever asks a sync that does not run. */
export function notRunning(state: PeopleServiceState): AppError {
  const why = state.kind === "waiting" ? state.reason : "it is starting";
  return new AppError("PEOPLE_NOT_RUNNING", `Cannot note who changed: ${why}`);
}

/** Why `up` is not ready; empty when the sync runs. */
export function peopleUnready(state: PeopleServiceState): readonly string[] {
  if (state.kind === "running") return [];
  return [`people: ${state.kind === "waiting" ? state.reason : "starting"}`];
}
