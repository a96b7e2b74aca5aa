// Failures of a step: counted by reason for the report, and by id in a file of the step's folder, which is as private as the backup.
import { open } from "node:fs/promises";
import { join } from "node:path";
import type { StepContext, StepReport } from "../apply/executor.ts";
import { asRecord } from "./profile-record.ts";

/** Reasons and how often, the commonest first. */
export function failedOf(failed: ReadonlyMap<number, string>): StepReport["failed"] {
  const counts = new Map<string, number>();
  for (const reason of failed.values()) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return [...counts].map(([reason, count]) => ({ reason, count })).sort((a, b) => b.count - a.count);
}

/** Writes whom it was about into `failed.ndjson`; a note that says so, or none. */
export async function writeFailures(
  { backup, folder }: StepContext,
  failed: ReadonlyMap<number, string>,
): Promise<readonly string[]> {
  if (failed.size === 0) return [];
  const file = await open(join(folder, "failed.ndjson"), "w", 0o600);
  try {
    let at = 0;
    for await (const record of backup.read()) {
      const reason = failed.get(at);
      at += 1;
      if (reason !== undefined) await file.write(`${JSON.stringify({ id: asRecord(record).id, reason })}\n`);
    }
  } finally {
    await file.close();
  }
  return ["which profiles failed: failed.ndjson in the step's folder"];
}
