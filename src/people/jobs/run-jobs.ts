// Does the walks of `jobs.ts`, page by page. Each page is one transaction: marks, and how far the walk is. A crash repeats at most a page.
import { setTimeout as sleep } from "node:timers/promises";
import type { Log } from "../../core/index.ts";
import { sqlState } from "../database/database.ts";
import { quoteTable } from "../database/identifiers.ts";
import { keepOldIds } from "../ids/keep-old-ids.ts";
import { comparePage } from "../operate/compare.ts";
import type { PeopleContext } from "../people-context.ts";
import { type NewMark, writeMarks } from "../state/marks.ts";
import { holdMapping } from "../state/plan-in-force.ts";
import type { FaultPoint } from "../sync/fault-point.ts";
import { planRevisits } from "../sync/revisits.ts";
import { advanceJob, claimJob, type Job, type JobStep, noteMarked, noteTotal, releaseJobs } from "./jobs.ts";

const BACKFILL_PAGE_USERS = 5000;
const RECONCILE_PAGE_USERS = 2000;
const IDLE_MS = 500;
const RETRY_MS = 2000;

export interface JobRunnerOptions {
  /** The context of the plan in force. */
  readonly context: () => PeopleContext;
  readonly owner: string;
  readonly log: Log;
  readonly onMarked: () => void;
  readonly at?: FaultPoint;
}

/** Marks for one destination. */
interface Found {
  readonly destination: string;
  readonly marks: readonly NewMark[];
}

interface Page {
  /** Users looked at. */
  readonly ids: readonly string[];
  readonly next: JobStep;
  readonly found: readonly Found[];
}

const PROFILES = `
select destination, user_id from plumbline.profiles where (destination, user_id) > ($1, $2) and (prints <> '{}' or unsure)
order by destination, user_id limit $3`;

async function userPage(context: PeopleContext, job: Job, limit: number): Promise<readonly string[]> {
  const rows = await context.source.query(context.mapping.pageSql, [job.cursor, limit]);
  return rows.map(({ user_id: id }) => id ?? "");
}

/** Profiles known to a destination whose user is not in the database. */
async function gonePage(
  context: PeopleContext,
  job: Job,
): Promise<{ readonly gone: readonly string[]; readonly cursor: string | null }> {
  const [after = "", user = ""] = job.cursor === null ? [] : (JSON.parse(job.cursor) as readonly string[]);
  const rows = await context.state.query(PROFILES, [after, user, RECONCILE_PAGE_USERS]);
  const seen = rows.map(({ user_id: id }) => id ?? "");
  const last = rows.at(-1);
  const isLast = rows.length < RECONCILE_PAGE_USERS;
  const cursor = isLast || !last ? null : JSON.stringify([last["destination"], last["user_id"]]);
  if (seen.length === 0) return { gone: [], cursor };
  const there = await context.source.query(context.mapping.existsSql, [seen]);
  const known = new Set(there.map(({ user_id: id }) => id));
  return { gone: seen.filter((id) => !known.has(id)), cursor };
}

async function compare(context: PeopleContext, ids: readonly string[]): Promise<readonly Found[]> {
  if (ids.length === 0) return [];
  const found: Found[] = [];
  for (const destination of context.destinations) {
    const { differing, waiting, read } = await comparePage(context, destination, ids);
    // Who does not differ is read by nobody else: without this a moment that only the new mapping names would pass unnoticed.
    await planRevisits(context.state, {
      read,
      claims: [...read.users.keys()].map((userId) => ({ userId })),
      mapping: context.mapping,
      destination: destination.name,
    });
    const marks = differing
      .filter(({ kind }) => kind !== "unsendable")
      .map(({ userId, sets }): NewMark => ({ userId, sets }));
    // A mark that waits may name other properties than those that a gap has hidden, and so may the change that ends a quarantine.
    const whole = waiting.map((userId): NewMark => ({ userId, sets: -1n }));
    found.push({ destination: destination.name, marks: [...marks, ...whole] });
  }
  return found;
}

async function readPage(context: PeopleContext, job: Job): Promise<Page> {
  if (job.phase === "gone") {
    const { gone, cursor } = await gonePage(context, job);
    const found = await compare(context, gone);
    return {
      ids: [],
      found,
      next: { phase: cursor === null ? "done" : "gone", cursor, done: 0, found: countOf(found) },
    };
  }
  const isBackfill = job.kind === "backfill";
  const limit = isBackfill ? BACKFILL_PAGE_USERS : RECONCILE_PAGE_USERS;
  const ids = await userPage(context, job, limit);
  const found = isBackfill
    ? context.destinations.map(
        ({ name }): Found => ({
          destination: name,
          marks: ids.map((userId) => ({ userId, sets: job.sets })),
        }),
      )
    : await compare(context, ids);
  const isLast = ids.length < limit;
  const phase = isLast ? (isBackfill ? "done" : "gone") : "users";
  return {
    ids,
    found,
    next: { phase, cursor: isLast ? null : (ids.at(-1) ?? null), done: ids.length, found: countOf(found) },
  };
}

function countOf(found: readonly Found[]): number {
  return found.reduce((sum, { marks }) => sum + marks.length, 0);
}

/** Rows of the users' table as the planner guesses them; exact only when it is small. */
async function estimateUsers(context: PeopleContext): Promise<number> {
  const { table } = context.mapping.subject;
  const [row] = await context.source.query(
    `select case when c.reltuples >= 10000 then c.reltuples::bigint else (select count(*) from ${quoteTable(table)}) end as users from pg_catalog.pg_class c where c.oid = $1::oid`,
    [table.oid],
  );
  return Number(row?.["users"] ?? 0);
}

async function runJob(job: Job, options: JobRunnerOptions, stop: AbortSignal): Promise<void> {
  const { owner, log, onMarked } = options;
  let current = job;
  if (current.total === undefined)
    await noteTotal(options.context().state, job.kind, await estimateUsers(options.context()));
  while (!stop.aborted && current.phase !== "done") {
    const context = options.context();
    const { leaseMs } = context.settings;
    const page = await readPage(context, current);
    // Of every user, whether or not a profile differs: nothing else says which addresses are known.
    await keepOldIds(
      context,
      page.ids.map((userId) => ({ userId, sets: -1n })),
    );
    await options.at?.("after-page-read");
    const isMine = await context.state.transaction(async (tx) => {
      await holdMapping(tx, context.mapping.hash);
      // First the fence: a walk that is somebody else's by now writes no marks.
      if (!(await advanceJob(tx, current, { step: page.next, owner, leaseMs }))) return false;
      for (const { destination, marks } of page.found)
        await writeMarks(tx, marks, {
          destinations: [destination],
          lane: "bulk",
          cause: `${current.kind}: ${current.cause}`,
        });
      if (countOf(page.found) > 0) await noteMarked(tx, current.kind);
      return true;
    });
    if (!isMine) return;
    await options.at?.("after-page");
    if (countOf(page.found) > 0) onMarked();
    current = {
      ...current,
      phase: page.next.phase,
      cursor: page.next.cursor,
      done: current.done + page.next.done,
      found: current.found + page.next.found,
    };
  }
  if (current.phase === "done")
    log.info({ kind: job.kind, users: current.done, marked: current.found }, "everybody was looked at");
}

/** Does walks until `stop`, one at a time; trouble is waited out. */
export async function runJobs(options: JobRunnerOptions, stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    let waitMs = IDLE_MS;
    try {
      const { state, settings } = options.context();
      const job = await claimJob(state, options.owner, settings.leaseMs);
      if (job) {
        await runJob(job, options, stop);
        waitMs = 0;
      }
    } catch (error) {
      waitMs = RETRY_MS;
      options.log.error({ code: sqlState(error) }, "a walk over everybody stopped; it goes on where it was");
    }
    if (waitMs > 0) await sleep(waitMs, undefined, { signal: stop }).catch(() => undefined);
  }
  try {
    await releaseJobs(options.context().state, options.owner);
  } catch (error) {
    options.log.warn({ code: sqlState(error) }, "a walk could not be given back; its lease ends by itself");
  }
}
