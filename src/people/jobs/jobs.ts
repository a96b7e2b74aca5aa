// Walks over everybody, kept in the state so that they survive a restart and only one process does each. States: users → gone → done; a new
// request begins from the start, because what made it may concern users already passed.
import type { Queryable, Row } from "../database/database.ts";

/**
 * `backfill`: marks every user. `reconcile`: compares every user, and every profile whose user is gone, with what was acknowledged, and marks
 * those who differ.
 */
export type JobKind = "backfill" | "reconcile";

export interface JobRequest {
  readonly kind: JobKind;
  /** Why, in one line; never a value. */
  readonly cause: string;
  /** Bits of property sets; all by default. */
  readonly sets?: bigint;
}

export interface Job {
  readonly kind: JobKind;
  readonly cause: string;
  readonly sets: bigint;
  readonly generation: string;
  readonly phase: "users" | "gone" | "done";
  readonly cursor: string | null;
  /** Users looked at so far, and how many of them were marked. */
  readonly done: number;
  readonly found: number;
  /** Estimate of how many there are. */
  readonly total: number | undefined;
  readonly requestedAt: string;
  readonly at: string;
}

const REQUEST = `
insert into plumbline.jobs as j (kind, cause, sets) values ($1, $2, $3::bigint)
on conflict (kind) do update set cause = excluded.cause, sets = case when j.phase = 'done' then excluded.sets else j.sets | excluded.sets end,
  generation = j.generation + 1, phase = 'users', cursor = null, done = 0, found = 0, total = null, owner = null, until = '-infinity',
  requested_at = clock_timestamp(), at = clock_timestamp()`;

/** Asks for a walk; the caller decides in which transaction. */
export async function requestJob(tx: Queryable, { kind, cause, sets = -1n }: JobRequest): Promise<void> {
  await tx.query(REQUEST, [kind, cause, String(sets)]);
}

function readJob(row: Row): Job {
  const total = row["total"];
  return {
    kind: row["kind"] === "backfill" ? "backfill" : "reconcile",
    cause: row["cause"] ?? "",
    sets: BigInt(row["sets"] ?? -1),
    generation: row["generation"] ?? "0",
    phase: row["phase"] === "done" ? "done" : row["phase"] === "gone" ? "gone" : "users",
    cursor: row["cursor"] ?? null,
    done: Number(row["done"]),
    found: Number(row["found"]),
    total: total === null || total === undefined ? undefined : Number(total),
    requestedAt: row["requested_at"] ?? "",
    at: row["at"] ?? "",
  };
}

/** All walks that were ever asked for, with how far each is. */
export async function readJobs(state: Queryable): Promise<readonly Job[]> {
  const rows = await state.query("select * from plumbline.jobs order by kind");
  return rows.map(readJob);
}

const CLAIM = `
update plumbline.jobs set owner = $1, until = clock_timestamp() + $2::interval
where kind = (select kind from plumbline.jobs where phase <> 'done' and (until < clock_timestamp() or owner = $1) order by requested_at limit 1 for update skip locked)
returning *`;

/** Takes a walk that nobody does; `undefined`: there is none. */
export async function claimJob(state: Queryable, owner: string, leaseMs: number): Promise<Job | undefined> {
  const [row] = await state.query(CLAIM, [owner, `${leaseMs} milliseconds`]);
  return row && readJob(row);
}

/** Gives back what a process that ends was doing: the next one need not wait for its lease. */
export async function releaseJobs(state: Queryable, owner: string): Promise<void> {
  await state.query("update plumbline.jobs set owner = null, until = '-infinity' where owner = $1", [owner]);
}

export interface JobStep {
  readonly phase: Job["phase"];
  readonly cursor: string | null;
  readonly done: number;
  readonly found: number;
}

const ADVANCE = `
update plumbline.jobs set phase = $4, cursor = $5, done = done + $6::bigint, found = found + $7::bigint, until = clock_timestamp() + $8::interval, at = clock_timestamp()
where kind = $1 and owner = $2 and generation = $3::bigint returning kind`;

/** Notes a step; false when the walk was asked for anew, or belongs to another process by now. */
export async function advanceJob(
  tx: Queryable,
  job: Job,
  by: { readonly step: JobStep; readonly owner: string; readonly leaseMs: number },
): Promise<boolean> {
  const { step, owner, leaseMs } = by;
  const values = [job.kind, owner, job.generation, step.phase, step.cursor, step.done, step.found];
  return (await tx.query(ADVANCE, [...values, `${leaseMs} milliseconds`], "plumbline-job-step")).length > 0;
}

/** Notes that the marks of a step are written: whoever waits for a walk waits for every mark that is not younger than this. */
export async function noteMarked(tx: Queryable, kind: JobKind): Promise<void> {
  await tx.query(
    "update plumbline.jobs set at = clock_timestamp() where kind = $1",
    [kind],
    "plumbline-job-marked",
  );
}

/** Notes how many users there are, for a progress bar. */
export async function noteTotal(state: Queryable, kind: JobKind, total: number): Promise<void> {
  await state.query("update plumbline.jobs set total = $2::bigint where kind = $1", [kind, total]);
}
