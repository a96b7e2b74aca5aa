// Events of a window that stand under old ids are imported again under the new ones, an export at a time. One that was not finished is imported
// again whole: times and insert ids are the same, so the provider counts it once. The old events stay until somebody deletes them.
import { AppError } from "../../core/index.ts";
import { EventLines } from "../../infer/index.ts";
import { stoppedError } from "../apply/ask-provider.ts";
import type { StepContext, StepExecutor, StepReport } from "../apply/executor.ts";
import type { IdOperation, Step } from "../change-set/change-set.ts";
import { daysOf, type ExportSpan, spansOf } from "../events/export-spans.ts";
import { wholeExport } from "../events/whole-export.ts";
import { foldedId } from "./id-shape.ts";
import type { MappedPerson } from "./mapping.ts";
import { failRefused, keepTally, openTally, peopleOf, reportOf, type Tally } from "./people-of-step.ts";
import { type PersonEvent, requireImport, sendEvents } from "./send-people.ts";
import { translateEvent } from "./translate-event.ts";

type ReimportIds = Extract<IdOperation, { do: "reimport_ids" }>;

const REIMPORTED = "reimported";
const HOUR_MS = 3_600_000;

function reimportOf({ operation }: Step): ReimportIds {
  if (operation.do === "reimport_ids") return operation;
  throw new AppError("CLEANUP_OPERATION_UNKNOWN", `Cannot re-import events by ${operation.do}`);
}

/** Old id, folded → new one. */
export function newIdsOf(people: readonly MappedPerson[]): ReadonlyMap<string, string> {
  return new Map(people.flatMap((person) => person.olds.map((old) => [foldedId(old), person.new] as const)));
}

interface Part {
  readonly span: ExportSpan;
  readonly newIds: ReadonlyMap<string, string>;
}

async function importSpan(context: StepContext, { span, newIds }: Part, tally: Tally): Promise<void> {
  const { reader, signal, provider } = context;
  const { events: names } = reimportOf(context.step);
  let batch: PersonEvent<number>[] = [];
  let sent = 0;
  let others = 0;
  const lines = new EventLines((event) => {
    const translated = translateEvent(event, newIds);
    if (translated === undefined) others += 1;
    else {
      batch.push({ of: sent, bytes: Buffer.from(JSON.stringify(translated)) });
      sent += 1;
    }
  });
  const send = async (): Promise<void> => {
    const some = batch;
    batch = [];
    const { refused, requests } = await sendEvents(context, some);
    failRefused(tally, refused);
    tally.changed += some.length - refused.size;
    tally.requests += requests;
  };
  const { from, to } = span;
  const window = { from, to, ...(names === undefined ? {} : { events: names }) };
  for await (const bytes of reader.events(window, { signal })) {
    lines.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
    if (batch.length >= provider.limits.eventsPerRequest) await send();
  }
  lines.end();
  if (lines.brokenOff || lines.unreadable > 0)
    throw new AppError("EXPORT_REFUSED", `Cannot read the export of ${from} to ${to}: it ended early`);
  await send();
  tally.skipped += others;
  tally.requests += 1;
}

/** An export that breaks is begun anew: what it brought so far is the same events again. */
function importWhole(context: StepContext, part: Part, tally: Tally): Promise<Tally> {
  return wholeExport(context, async () => {
    const begun = structuredClone(tally);
    await importSpan(context, part, begun);
    return begun;
  });
}

async function apply(context: StepContext): Promise<StepReport> {
  const operation = reimportOf(context.step);
  requireImport(context);
  const newIds = newIdsOf(await peopleOf(context, operation.mapping));
  const spans = spansOf(daysOf(operation));
  let tally = openTally(context, REIMPORTED);
  for (const span of spans.slice(tally.done)) {
    if (context.signal.aborted) throw stoppedError();
    tally = await importWhole(context, { span, newIds }, tally);
    tally.done += 1;
    await keepTally(context, REIMPORTED, tally);
    context.onProgress({ phase: "re-import", done: tally.done, total: spans.length });
  }
  return reportOf(context, tally.changed + tally.skipped, {
    tally,
    notes: [
      "The events under the old ids are still there, and count twice until they are deleted: by a privacy deletion of the old ids, or by name and window.",
    ],
  });
}

/** Nothing is sent: an import cannot be taken back. */
function undo(context: StepContext): Promise<StepReport> {
  const { changed } = openTally(context, REIMPORTED);
  const tally = { done: 0, changed: 0, skipped: 0, checked: 0, wrong: 0, requests: 0 };
  return Promise.resolve(
    reportOf(context, changed, {
      tally: { ...tally, failed: changed === 0 ? {} : { "imported events stay": changed } },
    }),
  );
}

/** Executor of `reimport_ids`. */
export const reimportIds: StepExecutor = {
  operations: ["reimport_ids"],
  estimate: (step, { reader }) => {
    const exports = spansOf(daysOf(reimportOf(step))).length;
    const beyond = Math.max(0, exports - reader.exportsPerHour);
    return {
      count: step.expect?.count,
      requests: exports,
      durationMs: Math.round((beyond / reader.exportsPerHour) * HOUR_MS),
      reversibility: { kind: "not", because: "an import cannot be taken back" },
    };
  },
  count: ({ step }) => Promise.resolve(step.expect?.count),
  apply,
  undo,
};
