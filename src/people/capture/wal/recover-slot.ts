// Before streaming: is the slot the one that we left, on the server that we left? What cannot be known from the log is compared instead.
import type { CaptureOptions } from "../capture.ts";
import { createSlot, dropSlot, readSlot } from "./slot.ts";
import type { SystemIdentity } from "./replication-client.ts";

interface Ask {
  readonly slot: string;
  /** Name of the capture's position. */
  readonly name: string;
  readonly identity: SystemIdentity;
  readonly sets: bigint;
}

const READ_POSITION =
  "select position, system_id, timeline::text as timeline from plumbline.positions where source = $1";
const WRITE_POSITION = `
insert into plumbline.positions (source, position, system_id, timeline) values ($1, $2, $3, $4::int)
on conflict (source) do update set system_id = excluded.system_id, timeline = excluded.timeline, at = clock_timestamp()`;

/** Why everybody has to be compared; `undefined`: the slot goes on where it was. */
async function findGap(options: CaptureOptions, { slot, name, identity }: Ask): Promise<string | undefined> {
  const { source, state, log } = options;
  const [known] = await state.query(READ_POSITION, [name]);
  let found = await readSlot(source, slot);
  let gap: string | undefined;
  if (found?.isLost === true) {
    log.error(
      { slot, reason: found.lostBecause },
      "the server gave the slot up; a new one is made, and everybody is compared",
    );
    gap = `the slot was lost: ${found.lostBecause}`;
    await dropSlot(source, slot);
    found = undefined;
  }
  if (!found) {
    const isMade = await createSlot(source, slot);
    if (isMade && known && gap === undefined) gap = "the slot was gone";
  }
  if (!known) return undefined;
  if (known["system_id"] !== identity.systemId)
    return "another server: its data is not the one that was followed";
  if (Number(known["timeline"]) !== identity.timeline)
    return "the primary was exchanged: it may lack the last commits of the old one";
  return gap;
}

/**
 * Makes sure that there is a slot to read from; whatever may have been missed leads to a comparison of everybody, asked for in the
 * transaction that notes the new server.
 */
export async function recoverSlot(options: CaptureOptions, ask: Ask): Promise<void> {
  const { identity, name, sets } = ask;
  const gap = await findGap(options, ask);
  await options.state.transaction(async (tx) => {
    if (gap !== undefined) await options.requestEveryone(tx, { sets, cause: gap });
    await tx.query(WRITE_POSITION, [name, "0/0", identity.systemId, identity.timeline]);
  });
}
