// For tables that can only be read: asks again and again for rows whose time column has grown. Deletions and old owners are not seen this way; the
// daily comparison covers them. Reads overlap, because a transaction that began early may commit late.
import { setTimeout as sleep } from "node:timers/promises";
import { sqlState } from "../database/database.ts";
import { quoteName, quoteTable, shortName } from "../database/identifiers.ts";
import type { Capture, CaptureOptions, CaptureParts, CaptureState } from "./capture.ts";
import type { TableCapture } from "./capture-plan.ts";
import { ChangeSet } from "./changes.ts";
import { resolveChanges, writeResolved } from "./mark-changes.ts";
import { holdMapping } from "../state/plan-in-force.ts";

const POLL_MS = 2000;
const RETRY_MS = 5000;
const PAGE_ROWS = 5000;
/** A change that commits later than this after its time column was set waits for the daily comparison. */
const OVERLAP = "5 minutes";

const POSITION = "select position from plumbline.positions where source = $1";
const NOTE = `
insert into plumbline.positions (source, position) values ($1, $2)
on conflict (source) do update set position = excluded.position, at = clock_timestamp()`;

/** Rows of one table that have grown: key `row` names the row and its version, so that the overlap marks nobody twice. */
function pollSql({ table, columns, pollColumn }: TableCapture): string {
  const time = quoteName(pollColumn ?? "");
  const links = columns.map((column, index) => `, ${quoteName(column)}::text as c${index}`).join("");
  return `select ctid::text || ' ' || xmin::text as row, ${time}::text as grown, least(${time}::timestamptz, clock_timestamp())::text as reached${links} from ${quoteTable(table)}
where ${time} >= $1::timestamptz - interval '${OVERLAP}' and ($2::timestamptz is null or (${time}, ctid) > ($2::timestamptz, $3::tid)) order by ${time}, ctid limit ${PAGE_ROWS}`;
}

interface Poll {
  /** Greatest time seen, and never one of the future. */
  from: string;
  /** Rows of the overlap, with the time at which each can be forgotten. */
  readonly seen: Map<string, string>;
}

export class PollCapture implements Capture {
  readonly #options: CaptureOptions;
  readonly #parts: CaptureParts;
  #state: CaptureState = { method: "poll", kind: "waiting", position: "", reason: "starting" };
  readonly #polls = new Map<string, Poll>();

  constructor(options: CaptureOptions, parts: CaptureParts) {
    this.#options = options;
    this.#parts = parts;
  }

  state(): CaptureState {
    return this.#state;
  }

  async run(stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      let waitMs = POLL_MS;
      try {
        for (const capture of this.#parts.plan.tables)
          if (capture.method === "poll" && capture.pollColumn !== undefined) await this.#poll(capture, stop);
        this.#state = { ...this.#state, kind: "running", reason: "" };
      } catch (error) {
        waitMs = RETRY_MS;
        // What was seen and not marked must be seen again.
        this.#polls.clear();
        const code = sqlState(error);
        const reason = `a table cannot be polled (${code})`;
        if (this.#state.reason !== reason) this.#options.log.warn({ capture: "poll", code }, reason);
        this.#state = { ...this.#state, kind: "waiting", reason };
        this.#options.metrics.count("plumbline_people_capture_errors_total", { capture: "poll", code });
      }
      await sleep(waitMs, undefined, { signal: stop }).catch(() => undefined);
    }
    this.#state = { ...this.#state, kind: "waiting", reason: "stopped" };
  }

  /** From where it stopped; a table never polled begins now: what is older is for the backfill. */
  async #open(name: string): Promise<Poll> {
    const known = this.#polls.get(name);
    if (known) return known;
    const { source, state } = this.#options;
    const [row] = await state.query(POSITION, [name]);
    let from = row?.["position"];
    if (typeof from !== "string") {
      const [now] = await source.query("select clock_timestamp()::text as now");
      from = now?.["now"] ?? "now";
    }
    const poll: Poll = { from, seen: new Map() };
    this.#polls.set(name, poll);
    return poll;
  }

  async #poll(capture: TableCapture, stop: AbortSignal): Promise<void> {
    const { source, state, destinations } = this.#options;
    const name = `poll:${capture.table.schema}.${capture.table.table}`;
    const poll = await this.#open(name);
    const sql = pollSql(capture);
    const started = poll.from;
    let [after, row]: [string | null, string | null] = [null, null];
    for (;;) {
      if (stop.aborted) return;
      const rows = await source.query(sql, [started, after, row]);
      const changes = new ChangeSet();
      for (const found of rows) {
        const key = found["row"] ?? "";
        if (poll.seen.has(key)) continue;
        poll.seen.set(key, found["grown"] ?? "");
        for (const watch of capture.watches) {
          const value = found[`c${capture.columns.indexOf(watch.column)}`];
          if (typeof value === "string") changes.add(watch, value);
        }
      }
      const last = rows.at(-1);
      // A row of the future is no place to go on from: what is written until then would not be asked for.
      if (last?.["reached"] && last["reached"] > poll.from) poll.from = last["reached"];
      const marks = await resolveChanges(source, changes);
      await state.transaction(async (tx) => {
        await holdMapping(tx, this.#parts.mapping.hash);
        await writeResolved(tx, marks, { destinations, cause: `${shortName(capture.table)} by polling` });
        await tx.query(NOTE, [name, poll.from]);
      });
      if (marks.live.length + marks.bulk.length > 0) this.#options.onMarked();
      if (rows.length < PAGE_ROWS) break;
      [after, row] = [last?.["grown"] ?? null, (last?.["row"] ?? "").split(" ")[0] ?? null];
    }
    await this.#forget(poll);
  }

  /** Rows behind the overlap are not asked for again. */
  async #forget(poll: Poll): Promise<void> {
    const [row] = await this.#options.source.query(
      `select ($1::timestamptz - interval '${OVERLAP}')::text as edge`,
      [poll.from],
    );
    const edge = row?.["edge"] ?? "";
    for (const [key, grown] of poll.seen) if (grown < edge) poll.seen.delete(key);
  }
}
