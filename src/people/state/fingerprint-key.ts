// The key of fingerprints where the configuration names none: made once, kept with the state, shared by all workers.
import { randomBytes } from "node:crypto";
import type { Queryable } from "../database/database.ts";

const KEY_BYTES = 32;

/** Reads the key, or makes it. */
export async function fingerprintKey(state: Queryable): Promise<string> {
  const made = randomBytes(KEY_BYTES).toString("base64url");
  await state.query(
    "insert into plumbline.meta (key, value) values ('fingerprint_key', $1) on conflict (key) do nothing",
    [made],
  );
  const [row] = await state.query("select value from plumbline.meta where key = 'fingerprint_key'");
  return row?.["value"] ?? made;
}
