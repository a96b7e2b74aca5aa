// How long quarantine is kept. What was replayed or discarded goes by the same age as what still waits: counted from its receipt.
import type { EpochMs, Journal } from "../../core/index.ts";
import { endWaiting, type WaitingRecord } from "../old-ids/waiting.ts";
import { decodeQuarantine, QUARANTINE_TABLE, quarantineIdFrom } from "./record.ts";

/** Records removed in one transaction. */
const CHUNK_RECORDS = 1000;

/** Removes records received before `before`. Returns how many. */
export async function trimQuarantine(journal: Journal, before: EpochMs): Promise<number> {
  const end = quarantineIdFrom(before);
  const table = journal.table(QUARANTINE_TABLE);
  let removed = 0;
  for (;;) {
    const doomed: string[] = [];
    const waited: WaitingRecord[] = [];
    for (const { key, value } of table.entries({ limit: CHUNK_RECORDS })) {
      if (key >= end) break;
      doomed.push(key);
      waited.push(...(decodeQuarantine(value).waitsFor ?? []).map((hash) => ({ hash, id: key })));
    }
    if (doomed.length === 0) return removed;
    await journal.write((write) => {
      for (const key of doomed) write.delete(QUARANTINE_TABLE, key);
      endWaiting(write, waited);
    });
    removed += doomed.length;
  }
}
