// Measures what waits, again and again, for the metrics; and asks for the daily comparison.
import { setTimeout as sleep } from "node:timers/promises";
import { sqlState } from "../database/database.ts";
import { requestJob } from "../jobs/jobs.ts";
import type { PeopleContext } from "../people-context.ts";

const EVERY_MS = 5000;

const BACKLOG = `
select d.name as destination, l.lane, coalesce(m.marks, 0) as marks, coalesce(m.oldest, 0) as oldest
from unnest($1::text[]) d(name) cross join (values (0), (1)) l(lane)
left join lateral (
  select count(*) as marks, extract(epoch from clock_timestamp() - min(first_at)) as oldest from plumbline.marks where destination = d.name and lane = l.lane
) m on true`;
const QUARANTINE = `
select d.name as destination, count(q.user_id) as users from unnest($1::text[]) d(name) left join plumbline.quarantine q on q.destination = d.name group by d.name`;
const DUE = `
select 1 from plumbline.jobs having max(at) < clock_timestamp() - $1::interval and bool_and(phase = 'done')`;

async function measure(context: PeopleContext): Promise<void> {
  const { state, metrics, destinations, settings } = context;
  const names = destinations.map(({ name }) => name);
  for (const row of await state.query(BACKLOG, [names], "plumbline-backlog")) {
    const labels = { destination: row["destination"] ?? "", lane: row["lane"] === "0" ? "live" : "bulk" };
    metrics.gauge("plumbline_people_backlog_users", labels, Number(row["marks"]));
    metrics.gauge("plumbline_people_lag_oldest_seconds", labels, Number(row["oldest"]));
  }
  for (const row of await state.query(QUARANTINE, [names], "plumbline-quarantined"))
    metrics.gauge(
      "plumbline_people_quarantine_users",
      { destination: row["destination"] ?? "" },
      Number(row["users"]),
    );
  const due = await state.query(DUE, [`${settings.reconcileEveryMs} milliseconds`]);
  if (due.length > 0) await requestJob(state, { kind: "reconcile", cause: "daily" });
}

/** Until `stop`. */
export async function watchBacklog(context: PeopleContext, stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    try {
      await measure(context);
    } catch (error) {
      context.log.warn({ code: sqlState(error) }, "the backlog could not be measured; tried again");
    }
    await sleep(EVERY_MS, undefined, { signal: stop }).catch(() => undefined);
  }
}
