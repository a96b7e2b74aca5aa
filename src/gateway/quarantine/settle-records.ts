// Writes what became of quarantine records, together with what goes out for them and what they wait for from now on.
// Invariant: a record that somebody else has settled meanwhile (the judge, a replay, a discard, retention) stays as it is, and nothing goes out for it twice.
import { appendOutbox, type Journal, type JournalWrite, OUTBOX_LOG } from "../../core/index.ts";
import { endWaiting, noteWaiting } from "../old-ids/waiting.ts";
import { decodeQuarantine, encodeQuarantine, QUARANTINE_TABLE, type QuarantineRecord } from "./record.ts";

/** What became of one record. */
export interface SettledRecord {
  /** As it was read. */
  readonly before: QuarantineRecord;
  readonly after: QuarantineRecord;
  /** What goes out for it. */
  readonly outbox?: string | undefined;
}

function isUnchanged(journal: Pick<Journal, "table">, { before }: SettledRecord): boolean {
  const bytes = journal.table(QUARANTINE_TABLE).get(before.id);
  if (bytes === undefined) return false;
  const { state, changedAt, plan } = decodeQuarantine(bytes);
  return state === before.state && changedAt === before.changedAt && plan === before.plan;
}

function entriesOf({ id, waitsFor = [] }: QuarantineRecord): readonly { hash: string; id: string }[] {
  return waitsFor.map((hash) => ({ hash, id }));
}

/**
 * Writes records in one transaction; answers those that were written.
 *
 * @param also What goes into the same transaction.
 */
export async function settleRecords(
  journal: Pick<Journal, "table" | "write">,
  settled: readonly SettledRecord[],
  also: (write: JournalWrite) => void = () => undefined,
): Promise<readonly SettledRecord[]> {
  let mine = settled;
  for (;;) {
    const { length } = mine;
    const trying = mine;
    await journal.write(
      (write) => {
        appendOutbox(
          write,
          OUTBOX_LOG,
          trying.flatMap(({ outbox }) => outbox ?? []),
        );
        for (const { before, after } of trying) {
          write.put(QUARANTINE_TABLE, after.id, encodeQuarantine(after));
          endWaiting(write, entriesOf(before));
          if (after.state === "waiting") noteWaiting(write, entriesOf(after));
        }
        also(write);
      },
      {
        when: () => {
          mine = trying.filter((one) => isUnchanged(journal, one));
          return mine.length === length;
        },
      },
    );
    if (mine.length === length) return mine;
  }
}
