// Every item that the log `raw` still holds, in the order of receipt. Reads only; the journal may grow meanwhile.
import type { EpochMs, Journal } from "../../core/index.ts";
import { decodeRaw, RAW_LOG } from "../raw-record.ts";
import type { ReceivedItem, Receiver } from "../receiver.ts";

export interface Received {
  readonly item: ReceivedItem;
  readonly receivedAt: EpochMs;
}

const PAGE_RECORDS = 500;
const PAGE_BYTES = 4 * 2 ** 20;

/** Decodes what was received at or after `since`, page by page: memory stays bounded. */
export function* readReceived(
  journal: Journal,
  { receivers, since }: { readonly receivers: readonly Receiver[]; readonly since: EpochMs },
): Generator<Received> {
  const end = journal.stats(RAW_LOG).last;
  let after = 0;
  while (after < end) {
    const records = journal.read(RAW_LOG, { after, limit: PAGE_RECORDS, maxBytes: PAGE_BYTES });
    const last = records.at(-1);
    if (!last) return;
    for (const { bytes } of records) {
      const record = decodeRaw(bytes);
      const { receiver, receivedAt } = record.header;
      if (receivedAt < since) continue;
      const decoded = receivers.find(({ kind }) => kind === receiver)?.decode(record);
      if (decoded?.kind !== "items") continue;
      for (const item of decoded.items) yield { item, receivedAt };
    }
    after = last.position;
  }
}
