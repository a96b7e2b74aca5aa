// Reads imported events back by export: those of one day, or of all days that have some. A raw export may lag behind an import.
import { createReadStream } from "node:fs";
import { join } from "node:path";
import { isObject } from "../../core/index.ts";
import { eventTimeMs } from "../../plan/index.ts";
import type { StepContext, StepReport } from "../apply/executor.ts";
import { daysOf, spansOf } from "./export-spans.ts";
import { IMPORTED_FILE } from "./import-again.ts";
import { eachExported, wholeExport } from "./whole-export.ts";

/** Ids of one export that are looked for. */
const IDS_MAX = 200_000;

interface Span {
  readonly from: string;
  readonly to: string;
}

interface SpanIds extends Span {
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

/** The imported ids of some days; of the first day that has some where none are named. */
async function idsOf(file: string, wanted?: Span): Promise<SpanIds | undefined> {
  let found: SpanIds | undefined;
  for await (const { insert_id: id, time } of importedLines(file)) {
    const ms = eventTimeMs(time);
    if (typeof id !== "string" || Number.isNaN(ms)) continue;
    const day = new Date(ms).toISOString().slice(0, 10);
    const { from, to } = wanted ?? found ?? { from: day, to: day };
    if (day < from || day > to) continue;
    found ??= { from, to, ids: new Set() };
    if (found.ids.size < IDS_MAX) found.ids.add(id);
  }
  return found;
}

async function missingOf(context: StepContext, { from, to, ids }: SpanIds): Promise<number> {
  return wholeExport(context, async () => {
    const left = new Set(ids);
    await eachExported(context, { from, to }, ({ properties }) =>
      left.delete(String(properties["$insert_id"])),
    );
    return left.size;
  });
}

/** What an export has of what was imported. */
export async function verifyImport(
  context: StepContext,
  window: { readonly from: string; readonly to: string },
): Promise<StepReport["verified"] & { readonly requests: number }> {
  const file = join(context.folder, IMPORTED_FILE);
  const spans = context.settings.verify === "all" ? spansOf(daysOf(window)) : [undefined];
  let [checked, wrong, requests] = [0, 0, 0];
  for (const [index, span] of spans.entries()) {
    const found = await idsOf(file, span);
    if (!found) continue;
    checked += found.ids.size;
    wrong += await missingOf(context, found);
    requests += 1;
    context.onProgress({ phase: "verify", done: index + 1, total: spans.length });
  }
  return { checked, wrong, requests };
}
