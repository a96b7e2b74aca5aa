// Hands what is known of old ids to a gateway, page by page, by the number of each row; what was handed over is on the gateway's disk, so that a
// start without the database knows it.
import { setTimeout as sleep } from "node:timers/promises";
import type { Log, OldIdTable } from "../../core/index.ts";
import { type Queryable, sqlState } from "../database/database.ts";

const PAGE_ROWS = 5000;
const LOOK_EVERY_MS = 250;
const RETRY_MS = 2000;

const CHANGED =
  "select hash, seq::text as seq from plumbline.old_ids where seq > $1::bigint order by seq limit $2";
/** All that a hash belongs to, not only what is new. */
const OWNERS =
  "select hash, user_id from plumbline.old_ids where hash = any($1::text[]) and user_id <> '' order by hash, user_id";
const LAST =
  "select (case when is_called then last_value else 0 end)::text as seq from plumbline.old_ids_seq";

export interface OldIdCopy {
  readonly state: Queryable;
  readonly table: OldIdTable;
  /** Names the key that the hashes were made with. */
  readonly key: string;
}

async function begin({ state, table, key }: OldIdCopy): Promise<string> {
  const progress = table.progress();
  if (progress === undefined) return "0";
  const [row] = await state.query(LAST);
  // Another key, or a state that was made anew: what is there means nothing any more.
  const isOther = progress.key !== key || BigInt(row?.["seq"] ?? 0) < BigInt(progress.cursor);
  if (!isOther) return progress.cursor;
  await table.clear();
  return "0";
}

/** Hands over one page; false when there was nothing. */
export async function copyOldIds(copy: OldIdCopy): Promise<boolean> {
  const { state, table, key } = copy;
  const cursor = await begin(copy);
  const changed = await state.query(CHANGED, [cursor, PAGE_ROWS], "plumbline-old-changed");
  const last = changed.at(-1)?.["seq"];
  if (last === undefined || last === null) return false;
  const hashes = [...new Set(changed.map(({ hash }) => hash ?? ""))];
  const owners = new Map<string, string[]>(hashes.map((hash) => [hash, []]));
  for (const row of await state.query(OWNERS, [hashes], "plumbline-old-owners"))
    owners.get(row["hash"] ?? "")?.push(row["user_id"] ?? "");
  await table.put(owners, { key, cursor: last });
  return true;
}

/** Hands over what is there and what comes, until `stop`; trouble is waited out. */
export async function followOldIds(copy: OldIdCopy, log: Log, stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    let waitMs = LOOK_EVERY_MS;
    try {
      if (await copyOldIds(copy)) waitMs = 0;
    } catch (error) {
      waitMs = RETRY_MS;
      log.warn({ code: sqlState(error) }, "old ids could not be handed to the gateway; tried again");
    }
    if (waitMs > 0) await sleep(waitMs, undefined, { signal: stop }).catch(() => undefined);
  }
}
