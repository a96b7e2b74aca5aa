// Before streaming: is the slot the one that we left, on the server that we left? What cannot be known from the log is compared instead.
// A loss is noted before the slot is made anew, so that a crash in between does not hide it.
import type { Queryable } from "../../database/database.ts";
import type { CaptureOptions } from "../capture.ts";
import { findExchange, type SystemIdentity } from "../exchange.ts";
import { createSlot, dropSlot, readSlot } from "./slot.ts";

interface Ask {
  readonly slot: string;
  /** Name of the capture's position. */
  readonly name: string;
  readonly identity: SystemIdentity;
  readonly sets: bigint;
  /** Position up to which this process has written marks; 0: none yet. */
  readonly writtenLsn: bigint;
}

/** Why everybody has to be compared. `isExchanged`: server or state are of another history, and the destination may hold what neither knows of. */
interface Gap {
  readonly cause: string;
  readonly isExchanged: boolean;
}

const WRITE_POSITION = `
insert into plumbline.positions (source, position, system_id, timeline) values ($1, '0/0', $2, $3::int)
on conflict (source) do update set system_id = excluded.system_id, timeline = excluded.timeline, at = clock_timestamp()`;
const RESET_POSITION = "update plumbline.positions set position = '0/0' where source = $1";
const LOST = "insert into plumbline.meta (key, value) values ($1, $2) on conflict (key) do nothing";
const READ_LOST = "select value from plumbline.meta where key = $1";
const FOUND = "delete from plumbline.meta where key = $1";
function lostKey(name: string): string {
  return `lost:${name}`;
}

/** Makes the slot where there is none that can be read; what was lost with the old one stays noted until everybody's comparison is. */
async function readySlot(options: CaptureOptions, { slot, name }: Ask, isKnown: boolean): Promise<void> {
  const { source, state, log, at } = options;
  const found = await readSlot(source, slot);
  if (found && !found.isLost) return;
  if (isKnown || found)
    await state.query(LOST, [
      lostKey(name),
      found ? `the slot was lost: ${found.lostBecause}` : "the slot was gone",
    ]);
  if (found) {
    log.error(
      { slot, reason: found.lostBecause },
      "the server gave the slot up; a new one is made, and everybody is compared",
    );
    await dropSlot(source, slot);
  }
  await createSlot(source, slot);
  await at?.("after-slot");
}

async function findGap(options: CaptureOptions, ask: Ask): Promise<Gap | undefined> {
  const { state } = options;
  const { isKnown, exchange } = await findExchange(options, ask);
  await readySlot(options, ask, isKnown || exchange !== undefined);
  if (exchange !== undefined) return { cause: exchange, isExchanged: true };
  const [lost] = await state.query(READ_LOST, [lostKey(ask.name)]);
  return lost && { cause: lost["value"] ?? "the slot was lost", isExchanged: false };
}

async function requestComparison(options: CaptureOptions, tx: Queryable, ask: Ask & Gap): Promise<void> {
  const { name, sets, cause, isExchanged } = ask;
  await options.requestEveryone(tx, { sets, cause, isUnsure: isExchanged });
  await tx.query(FOUND, [lostKey(name)]);
  await tx.query(RESET_POSITION, [name]);
}

/**
 * Makes sure that there is a slot to read from; whatever may have been missed leads to a comparison of everybody, asked for in the
 * transaction that notes the new server.
 *
 * @returns Why there is a gap, where there is one.
 */
export async function recoverSlot(
  options: CaptureOptions,
  ask: Ask,
): Promise<{ readonly gap: string | undefined }> {
  const { identity, name } = ask;
  const gap = await findGap(options, ask);
  await options.state.transaction(async (tx) => {
    await tx.query(WRITE_POSITION, [name, identity.systemId, identity.timeline]);
    if (gap) await requestComparison(options, tx, { ...ask, ...gap });
  });
  return { gap: gap?.cause };
}
