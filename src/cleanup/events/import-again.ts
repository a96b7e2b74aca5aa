// Imports the events of a backup again, repaired, some at a time. Each lot is journaled when the provider has taken it: a lot that a crash cut off is
// sent again under the same insert ids and times, which the provider counts once. Invariant: exported = imported + set aside + left alone.
import { join } from "node:path";
import { isObject, type JsonValue } from "../../core/index.ts";
import { stoppedError } from "../apply/ask-provider.ts";
import type { StepContext } from "../apply/executor.ts";
import { sendEvents } from "../ids/send-people.ts";
import type { ExportedEvent } from "./exported-event.ts";
import { KeptLines } from "./kept-lines.ts";
import type { EventRepair } from "./repair-event.ts";
import { eventsOf, type Survey } from "./reimport-survey.ts";

/** Insert ids of everything that was imported, with name and time: an import cannot be taken back. */
export const IMPORTED_FILE = "imported.ndjson";
/** Events that could not be repaired, with what is wrong. */
export const SET_ASIDE_FILE = "set-aside.ndjson";
const KEY = "import";

/** How far an import is. */
export interface ImportTally {
  /** Of the backup's events. */
  readonly done: number;
  readonly imported: number;
  readonly setAside: number;
  /** Of names that need nothing, and the provider's own. */
  readonly left: number;
  readonly failed: Readonly<Record<string, number>>;
  readonly requests: number;
  /** Lengths of the two files. */
  readonly importedBytes: number;
  readonly setAsideBytes: number;
}

const NOTHING: ImportTally = {
  done: 0,
  imported: 0,
  setAside: 0,
  left: 0,
  failed: {},
  requests: 0,
  importedBytes: 0,
  setAsideBytes: 0,
};

/** How far the step's import is. */
export function readTally({ journal }: Pick<StepContext, "journal">): ImportTally {
  const value = journal.get(KEY);
  return isObject(value) ? (value as unknown as ImportTally) : NOTHING;
}

export interface Again {
  readonly repair: (event: ExportedEvent) => EventRepair;
  readonly survey: Survey;
}

interface Files {
  readonly imported: KeptLines;
  readonly setAside: KeptLines;
}

interface Lot {
  readonly fit: Extract<EventRepair, { kind: "fit" }>[];
  readonly originals: ExportedEvent[];
  readonly aside: object[];
  readonly reasons: Map<string, number>;
  left: number;
}

function reason(reasons: Map<string, number>, text: string): void {
  reasons.set(text, (reasons.get(text) ?? 0) + 1);
}

function sortOut(events: readonly ExportedEvent[], { repair, survey }: Again): Lot {
  const touched = new Set(survey.touched.map(({ name }) => name));
  const lot: Lot = { fit: [], originals: [], aside: [], reasons: new Map(), left: 0 };
  for (const event of events) {
    const repaired = repair(event);
    if (repaired.kind === "unfit") {
      const findings = repaired.findings.map(({ id, at, message }) => ({ id, at, message }));
      lot.aside.push({ findings, ...event });
      reason(lot.reasons, [...new Set(findings.map(({ id }) => id))].join(", "));
    } else if (repaired.kind === "fit" && touched.has(event.event)) {
      lot.fit.push(repaired);
      lot.originals.push(event);
    } else lot.left += 1;
  }
  return lot;
}

/** Sends a lot; what the provider refuses is set aside too. */
async function sendLot(
  context: StepContext,
  lot: Lot,
  files: Files,
): Promise<{ imported: number; requests: number }> {
  await files.imported.append(
    lot.fit.map(({ insertId, event, properties }) => ({
      insert_id: insertId,
      event,
      time: properties["time"],
    })),
  );
  const items = lot.fit.map(({ event, properties }, of) => ({
    of,
    bytes: Buffer.from(JSON.stringify({ event, properties })),
  }));
  const { refused, requests } = await sendEvents(context, items);
  for (const [index, message] of refused) {
    const original = lot.originals[index];
    lot.aside.push({ findings: [{ id: "provider", at: "event", message }], ...original });
    reason(lot.reasons, `the provider refused: ${message}`);
  }
  return { imported: items.length - refused.size, requests };
}

async function importLot(
  context: StepContext,
  events: readonly ExportedEvent[],
  { again, files }: { readonly again: Again; readonly files: Files },
): Promise<void> {
  const before = readTally(context);
  const lot = sortOut(events, again);
  const { imported, requests } = await sendLot(context, lot, files);
  await files.setAside.append(lot.aside);
  const failed = { ...before.failed };
  for (const [text, count] of lot.reasons) failed[text] = (failed[text] ?? 0) + count;
  const after: ImportTally = {
    done: before.done + events.length,
    imported: before.imported + imported,
    setAside: before.setAside + lot.aside.length,
    left: before.left + lot.left,
    failed,
    requests: before.requests + requests,
    importedBytes: files.imported.bytes,
    setAsideBytes: files.setAside.bytes,
  };
  await context.journal.put(KEY, after as unknown as JsonValue);
}

/** Imports what is left. @throws {AppError} `CLEANUP_REFUSED`, `CLEANUP_STOPPED`, `CLEANUP_WAIT_TOO_LONG`. */
export async function importAgain(context: StepContext, again: Again): Promise<ImportTally> {
  const { backup, provider, folder, signal } = context;
  const begun = readTally(context);
  const imported = await KeptLines.open(join(folder, IMPORTED_FILE), begun.importedBytes);
  const setAside = await KeptLines.open(join(folder, SET_ASIDE_FILE), begun.setAsideBytes);
  const parts = { again, files: { imported, setAside } };
  try {
    let lot: ExportedEvent[] = [];
    const flush = async (): Promise<void> => {
      if (lot.length === 0) return;
      if (signal.aborted) throw stoppedError();
      await importLot(context, lot, parts);
      lot = [];
      context.onProgress({ phase: "import", done: readTally(context).done, total: backup.count });
    };
    for await (const event of eventsOf(context, begun.done)) {
      lot.push(event);
      if (lot.length >= provider.limits.eventsPerRequest) await flush();
    }
    await flush();
    return readTally(context);
  } finally {
    await imported.close();
    await setAside.close();
  }
}
