// Who has several profiles, by keyed hashes of what tells a person: counted as `deduplicate` would change them, so that an inventory after it has none.
import { createHmac } from "node:crypto";
import { GROUP_MAX } from "../profiles/duplicate-groups.ts";
import { IdSet } from "../profiles/id-set.ts";

const HASH_CHARACTERS = 23;
const USER = "u";
const NO_USER = "-";
/** A hash, and whether the id is a user's. */
const RECORD_CHARACTERS = HASH_CHARACTERS + 1;

export interface DuplicateCounts {
  /** People with several profiles. */
  readonly people: number;
  /** Their profiles beyond the one that stays. */
  readonly duplicates: number;
  /** Values that several profiles share and that are left alone: several users' own, or too many to be one person's. */
  readonly leftAlone: number;
}

/** One profile, to be written down; empty for one without anything that tells a person. */
export function personRecord(key: string, value: unknown, isUser: boolean): string {
  const text = typeof value === "number" ? String(value) : typeof value === "string" ? value.trim() : "";
  if (text === "") return "";
  const hash = createHmac("sha256", key).update(text.toLowerCase()).digest("hex");
  return `${hash.slice(0, HASH_CHARACTERS)}${isUser ? USER : NO_USER}`;
}

function* hashesOf(records: string): Generator<readonly [hash: string, isUser: boolean]> {
  for (let at = 0; at < records.length; at += RECORD_CHARACTERS)
    yield [records.slice(at, at + HASH_CHARACTERS), records[at + HASH_CHARACTERS] === USER];
}

/** Counts over all records. Memory: 16 bytes a profile, and the values that come several times. */
export function countDuplicates(records: string, random: () => number): DuplicateCounts {
  const once = new IdSet(random);
  const groups = new Map<string, { profiles: number; users: number }>();
  for (const [hash] of hashesOf(records)) if (!once.add(hash)) groups.set(hash, { profiles: 0, users: 0 });
  for (const [hash, isUser] of hashesOf(records)) {
    const group = groups.get(hash);
    if (group === undefined) continue;
    group.profiles += 1;
    if (isUser) group.users += 1;
  }
  const all = [...groups.values()];
  const joined = all.filter(({ profiles, users }) => profiles <= GROUP_MAX && users <= 1);
  return {
    people: joined.length,
    duplicates: joined.reduce((sum, { profiles }) => sum + profiles - 1, 0),
    leftAlone: all.length - joined.length,
  };
}
