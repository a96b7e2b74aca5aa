// Reads imported events back by export: those of one day, or of every day that has some. A raw export may lag behind an import.
import { createReadStream } from "node:fs";
import { join } from "node:path";
import { isObject } from "../../core/index.ts";
import { EventLines } from "../../infer/index.ts";
import { eventTimeMs } from "../../plan/index.ts";
import { stoppedError } from "../apply/ask-provider.ts";
import type { StepContext, StepReport } from "../apply/executor.ts";
import { daysOf } from "./back-up-events.ts";
import { IMPORTED_FILE } from "./import-again.ts";

/** Ids of one day that are looked for. */
const IDS_MAX = 200_000;

interface DayIds {
  readonly day: string;
  readonly ids: Set<string>;
}

async function* importedLines(file: string): AsyncGenerator<Readonly<Record<string, unknown>>> {
  let held = "";
  for await (const text of createReadStream(file, { encoding: "utf8" }) as AsyncIterable<string>) {
    const lines = (held + text).split("\n");
    held = lines.pop() ?? "";
    for (const line of lines) {
      const value: unknown = JSON.parse(line);
      if (isObject(value)) yield value;
    }
  }
}

/** The imported ids of a day; of the first day that has some where none is named. */
async function idsOf(file: string, wanted?: string): Promise<DayIds | undefined> {
  let found: DayIds | undefined;
  for await (const { insert_id: id, time } of importedLines(file)) {
    const ms = eventTimeMs(time);
    if (typeof id !== "string" || Number.isNaN(ms)) continue;
    const day = new Date(ms).toISOString().slice(0, 10);
    if ((wanted ?? found?.day ?? day) !== day) continue;
    found ??= { day, ids: new Set() };
    if (found.ids.size < IDS_MAX) found.ids.add(id);
  }
  return found;
}

async function missingOf(context: StepContext, { day, ids }: DayIds): Promise<number> {
  const { reader, limits, signal } = context;
  if (!(await limits.turn("export", 1))) throw stoppedError();
  const left = new Set(ids);
  const lines = new EventLines(({ properties }) => left.delete(String(properties["$insert_id"])));
  for await (const bytes of reader.events({ from: day, to: day }, { signal })) lines.push(Buffer.from(bytes));
  lines.end();
  limits.succeeded("export");
  return left.size;
}

/** What an export has of what was imported. */
export async function verifyImport(
  context: StepContext,
  window: { readonly from: string; readonly to: string },
): Promise<StepReport["verified"] & { readonly requests: number }> {
  const file = join(context.folder, IMPORTED_FILE);
  const days = context.settings.verify === "all" ? daysOf(window) : [undefined];
  let [checked, wrong, requests] = [0, 0, 0];
  for (const [index, day] of days.entries()) {
    const found = await idsOf(file, day);
    if (!found) continue;
    checked += found.ids.size;
    wrong += await missingOf(context, found);
    requests += 1;
    context.onProgress({ phase: "verify", done: index + 1, total: days.length });
  }
  return { checked, wrong, requests };
}
