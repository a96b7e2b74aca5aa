// What a run remembers across a crash: a small map of JSON values, kept as a file of `[key, value]` where the last of a key holds.
import type { JsonValue } from "../../core/index.ts";
import { openLineFile } from "./durable-file.ts";
import type { StepJournal } from "./executor.ts";

/** An open journal; whoever opened it closes it. */
export interface OpenJournal extends StepJournal {
  close(): Promise<void>;
}

/** Opens a journal, or begins one. */
export async function openStepJournal(file: string): Promise<OpenJournal> {
  const { entries, lines } = await openLineFile(file);
  const values = new Map<string, unknown>();
  for (const entry of entries)
    if (Array.isArray(entry) && typeof entry[0] === "string") values.set(entry[0], entry[1]);
  return {
    get: (key) => values.get(key),
    keys: () => values.keys(),
    put: async (key, value: JsonValue) => {
      await lines.append([key, value]);
      values.set(key, value);
    },
    close: () => lines.close(),
  };
}
