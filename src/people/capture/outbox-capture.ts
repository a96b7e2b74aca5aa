// Reads what triggers and `plumbline.touch()` have noted, and writes marks. A row that can be seen is committed, and so is all that was committed
// with it: no gate is needed. Rows are taken with `skip locked`, never by a growing id: the order of ids is not the order of commits.
import { setTimeout as sleep } from "node:timers/promises";
import { type Queryable, type Row, sqlState } from "../database/database.ts";
import type { Watch } from "../mapping/mapping.ts";
import { canonicalUserId } from "../mapping/user-ids.ts";
import type { Capture, CaptureOptions, CaptureParts, CaptureState } from "./capture.ts";
import { ServerWatch } from "./exchange.ts";
import { allSets } from "../mapping/mapping.ts";
import { ChangeSet } from "./changes.ts";
import { resolveChanges, writeResolved } from "./mark-changes.ts";
import { holdMapping } from "../state/plan-in-force.ts";

/** Rows taken in one transaction. */
const TAKE_MAX = 5000;
const POLL_MS = 50;
const RETRY_MS = 1000;
/** A copy that is less than this older than the server is not told from it by its position. */
const CHECK_SERVER_MS = 2000;

/** From where the table begins, by the places of its rows: it has no index, which the application's triggers would pay for. */
const TAKE = `
delete from plumbline.outbox o where o.ctid = any(array(select ctid from plumbline.outbox limit $1 for update skip locked))
returning o.table_oid::text as table_oid, o.link, o.value`;

/** What the rows say of one mapping. A table that it does not know is no business of it. */
export function readOutbox(rows: readonly Row[], { mapping }: CaptureParts): ChangeSet {
  const changes = new ChangeSet();
  const byTable = new Map<string, readonly Watch[]>();
  for (const { table } of mapping.watches)
    byTable.set(
      table.oid,
      mapping.watches.filter((watch) => watch.table === table),
    );
  const users = mapping.watches.filter(
    ({ table, resolveSql }) => table === mapping.subject.table && resolveSql === undefined,
  );
  for (const { table_oid: oid, link, value } of rows) {
    // `touch` names users, not a table.
    const watches = oid === "0" ? users : (byTable.get(oid ?? "") ?? []);
    for (const watch of watches) {
      if (link === null || link === undefined) changes.addEveryone(watch);
      else if (oid === "0") {
        const id = canonicalUserId(mapping, value ?? "");
        if (id !== undefined) changes.add(watch, id);
      } else if (link === watch.column && typeof value === "string") changes.add(watch, value);
    }
  }
  return changes;
}

export class OutboxCapture implements Capture {
  readonly #options: CaptureOptions;
  readonly #parts: CaptureParts;
  readonly #server: ServerWatch;
  /** On this process's clock; 0: at once. */
  #checkServerAt = 0;
  #state: CaptureState = { method: "outbox", kind: "waiting", position: "", reason: "starting" };

  constructor(options: CaptureOptions, parts: CaptureParts) {
    this.#options = options;
    this.#parts = parts;
    this.#server = new ServerWatch(options, { name: "outbox", sets: allSets(parts.mapping) });
  }

  state(): CaptureState {
    return this.#state;
  }

  async run(stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      let waitMs = POLL_MS;
      try {
        if (performance.now() >= this.#checkServerAt) {
          await this.#server.check();
          this.#checkServerAt = performance.now() + CHECK_SERVER_MS;
        }
        if ((await this.#take()) === TAKE_MAX) waitMs = 0;
        this.#state = { ...this.#state, kind: "running", reason: "" };
      } catch (error) {
        waitMs = RETRY_MS;
        this.#checkServerAt = 0;
        this.#trouble(error);
      }
      if (waitMs > 0) await sleep(waitMs, undefined, { signal: stop }).catch(() => undefined);
    }
    this.#state = { ...this.#state, kind: "waiting", reason: "stopped" };
  }

  #trouble(error: unknown): void {
    const code = sqlState(error);
    const reason =
      code === "42P01"
        ? "there is no outbox: run `plumbline people setup`"
        : `the outbox cannot be read (${code})`;
    if (this.#state.reason !== reason) this.#options.log.warn({ capture: "outbox", code }, reason);
    this.#state = { ...this.#state, kind: "waiting", reason };
    this.#options.metrics.count("plumbline_people_capture_errors_total", { capture: "outbox", code });
  }

  /** Rows go in the transaction that writes the marks; with a state elsewhere they go after it, and a crash in between marks twice. */
  async #take(): Promise<number> {
    const { source, state, isSameDatabase } = this.#options;
    return source
      .transaction(async (tx) => {
        const rows = await tx.query(TAKE, [TAKE_MAX], "plumbline-outbox-take");
        if (rows.length === 0) return 0;
        if (isSameDatabase) await this.#mark(tx, tx, rows);
        else await state.transaction((other) => this.#mark(tx, other, rows));
        return rows.length;
      })
      .then((count) => {
        if (count > 0) this.#options.onMarked();
        return count;
      });
  }

  async #mark(source: Queryable, state: Queryable, rows: readonly Row[]): Promise<void> {
    const { destinations, metrics, at } = this.#options;
    await at?.("after-change");
    const marks = await resolveChanges(source, readOutbox(rows, this.#parts));
    const cause = `${marks.tables} by trigger or touch`;
    await at?.("before-marks");
    await holdMapping(state, this.#parts.mapping.hash);
    await writeResolved(state, marks, { destinations, cause });
    if (marks.everyone !== 0n)
      await this.#options.requestEveryone(state, { sets: marks.everyone, cause: `truncate: ${cause}` });
    await at?.("after-marks");
    metrics.count("plumbline_people_changes_total", { capture: "outbox" }, rows.length);
    metrics.count(
      "plumbline_people_marks_total",
      { capture: "outbox" },
      marks.live.length + marks.bulk.length,
    );
  }
}
