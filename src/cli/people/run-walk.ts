// A walk over everybody, done by this process beside a running sync: the job, and a worker for what it marked, until nothing of it waits.
// Several processes share the work by their leases; one that is stopped leaves the job where it is, for the next.
import { setTimeout as sleep } from "node:timers/promises";
import {
  createPeopleSync,
  type Job,
  type JobKind,
  type PeopleContext,
  readJobs,
  requestJob,
} from "../../people/index.ts";

export interface WalkProgress {
  readonly job: Job;
  /** Marks that were there when the job ended, or before, and are not settled. */
  readonly waiting: number;
}

export interface WalkOptions {
  readonly kind: JobKind;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: WalkProgress) => void;
}

export interface WalkResult {
  readonly kind: JobKind;
  readonly isDone: boolean;
  readonly users: number;
  readonly marked: number;
  readonly waiting: number;
  readonly quarantined: number;
}

const LOOK_EVERY_MS = 250;
const WAITING = `
select count(*) as marks from plumbline.marks where destination = any($1::text[]) and first_at <= $2::timestamptz`;
const QUARANTINED = `
select count(*) as users from plumbline.quarantine where destination = any($1::text[]) and property is null`;

/**
 * Asks for a walk; a running sync takes it up.
 *
 * @param isAnew False: one that was begun and is not done goes on where it is.
 * @returns The walk that goes on; `undefined`: a new one begins.
 */
export async function askForWalk(
  context: PeopleContext,
  kind: JobKind,
  isAnew = true,
): Promise<Job | undefined> {
  const begun = (await readJobs(context.state)).find((job) => job.kind === kind && job.phase !== "done");
  if (begun && !isAnew) return begun;
  await requestJob(context.state, { kind, cause: "by command" });
  return undefined;
}

async function readProgress(context: PeopleContext, kind: JobKind): Promise<WalkProgress | undefined> {
  const job = (await readJobs(context.state)).find((one) => one.kind === kind);
  if (!job) return undefined;
  const names = context.destinations.map(({ name }) => name);
  const [row] = await context.state.query(WAITING, [names, job.at]);
  return { job, waiting: Number(row?.["marks"] ?? 0) };
}

/**
 * Waits until a walk that was asked for is done, and does its share of the work.
 *
 * @throws {AppError} `PEOPLE_PLAN_NOT_IN_FORCE` when the running sync works by another plan.
 */
export async function runWalk(context: PeopleContext, options: WalkOptions): Promise<WalkResult> {
  const { kind, signal, onProgress } = options;
  const stop = new AbortController();
  const sync = createPeopleSync(context, { isLeading: false });
  const running = sync.run(AbortSignal.any([signal, stop.signal]));
  let failure: unknown;
  const ended = running.catch((error: unknown) => {
    failure = error;
    stop.abort();
  });
  let progress: WalkProgress | undefined;
  const isSettled = (): boolean => progress?.job.phase === "done" && progress.waiting === 0;
  try {
    while (!signal.aborted && !stop.signal.aborted && !isSettled()) {
      progress = await readProgress(context, kind);
      if (progress) onProgress(progress);
      if (!isSettled())
        await sleep(LOOK_EVERY_MS, undefined, { signal: AbortSignal.any([signal, stop.signal]) }).catch(
          () => undefined,
        );
    }
  } finally {
    stop.abort();
    await ended;
  }
  if (failure !== undefined) throw failure;
  const names = context.destinations.map(({ name }) => name);
  const [row] = await context.state.query(QUARANTINED, [names]);
  return {
    kind,
    isDone: isSettled(),
    users: progress?.job.done ?? 0,
    marked: progress?.job.found ?? 0,
    waiting: progress?.waiting ?? 0,
    quarantined: Number(row?.["users"] ?? 0),
  };
}
