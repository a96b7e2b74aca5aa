// Events of a window into a step's backup, a few days at a time: each export is written to a file until it is whole, then appended. One that broke
// off is asked for again; one that was appended in part goes on where it stopped. The backup's mark says how far it is.
import { createReadStream } from "node:fs";
import { open, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { AppError, isObject } from "../../core/index.ts";
import { EventLines } from "../../infer/index.ts";
import { stoppedError } from "../apply/ask-provider.ts";
import { makeFolder } from "../apply/durable-file.ts";
import type { StepContext } from "../apply/executor.ts";
import type { ExportedEvent } from "./exported-event.ts";
import { daysOf, type ExportSpan, spansOf } from "./export-spans.ts";
import { eachExported, wholeExport } from "./whole-export.ts";

type Backing = Pick<
  StepContext,
  "reader" | "limits" | "backup" | "clock" | "signal" | "folder" | "onProgress"
>;

/** Which events: days are inclusive, as `2026-11-25`. */
export interface EventWindow {
  readonly from: string;
  readonly to: string;
  readonly events: readonly string[] | undefined;
}

interface Mark {
  /** First day of the export. */
  readonly day: string;
  /** Of its events that are in the backup. */
  readonly events: number;
  readonly isWhole: boolean;
}

/** Records appended at once. */
const RECORDS_AT_ONCE = 2000;

function isMark(value: unknown): value is Mark {
  return isObject(value) && typeof value["day"] === "string" && typeof value["events"] === "number";
}

function windowOf({ from, to }: ExportSpan, names: readonly string[] | undefined) {
  return { from, to, ...(names === undefined ? {} : { events: names }) };
}

async function writeExport(
  context: Backing,
  window: ReturnType<typeof windowOf>,
  file: string,
): Promise<void> {
  const { reader, signal } = context;
  const handle = await open(file, "w", 0o600);
  try {
    for await (const bytes of reader.events(window, { signal })) await handle.appendFile(bytes);
    await handle.datasync();
  } finally {
    await handle.close();
  }
}

/** A whole export, in a file. */
async function spool(
  context: Backing,
  span: ExportSpan,
  names: readonly string[] | undefined,
): Promise<string> {
  const folder = join(context.folder, "export");
  await makeFolder(folder);
  const file = join(folder, `${span.from}.ndjson`);
  if (
    await stat(file).then(
      () => true,
      () => false,
    )
  )
    return file;
  await wholeExport(context, () => writeExport(context, windowOf(span, names), `${file}.part`));
  await rename(`${file}.part`, file);
  return file;
}

/** Reads a file of exported lines, some at a time. */
export async function* readExported(file: string): AsyncGenerator<readonly ExportedEvent[]> {
  let events: ExportedEvent[] = [];
  const lines = new EventLines((event) => events.push(event));
  for await (const bytes of createReadStream(file) as AsyncIterable<Buffer>) {
    lines.push(bytes);
    if (events.length > 0) yield events;
    events = [];
  }
  lines.end();
  if (lines.brokenOff || lines.unreadable > 0)
    throw new AppError("EXPORT_REFUSED", "Cannot read an export: it has lines that are no events");
  if (events.length > 0) yield events;
}

async function appendExport(context: Backing, file: string, begun: Mark): Promise<void> {
  const { backup } = context;
  let [seen, records]: [number, object[]] = [0, []];
  const flush = async (isWhole: boolean): Promise<void> => {
    await backup.append(records, { day: begun.day, events: seen, isWhole });
    records = [];
  };
  for await (const events of readExported(file))
    for (const { event, properties } of events) {
      seen += 1;
      if (seen > begun.events) records.push({ event, properties });
      if (records.length >= RECORDS_AT_ONCE) await flush(false);
    }
  await flush(true);
}

/**
 * Brings every event of the window into the backup. Answers how many exports it took.
 *
 * @throws {AppError} `EXPORT_REFUSED` when an export breaks off again and again, `CLEANUP_STOPPED`, `CLEANUP_WAIT_TOO_LONG`.
 */
export async function backUpEvents(context: Backing, window: EventWindow): Promise<number> {
  const days = daysOf(window);
  const spans = spansOf(days);
  const { mark } = context.backup;
  const last = isMark(mark) ? mark : undefined;
  const at = last === undefined ? 0 : spans.findIndex((span) => span.from === last.day);
  if (at < 0)
    throw new AppError("CLEANUP_BACKUP_BROKEN", "Cannot go on with the backup: it is of another window");
  const rest = spans.slice(at + (last?.isWhole === true ? 1 : 0));
  for (const span of rest) {
    if (context.signal.aborted) throw stoppedError();
    context.onProgress({ phase: "export, days", done: days.indexOf(span.from), total: days.length });
    const file = await spool(context, span, window.events);
    const begun =
      last && last.day === span.from && !last.isWhole ? last : { day: span.from, events: 0, isWhole: false };
    await appendExport(context, file, begun);
    await rm(file);
  }
  return rest.length;
}

/** Reads a whole window by one export and counts; nothing is kept. */
export async function countEvents(
  context: Pick<StepContext, "reader" | "limits" | "clock" | "signal">,
  { from, to, events }: EventWindow,
): Promise<number> {
  daysOf({ from, to });
  const window = { from, to, ...(events === undefined ? {} : { events }) };
  return wholeExport(context, async () => {
    let count = 0;
    await eachExported(context, window, () => {
      count += 1;
    });
    return count;
  });
}
