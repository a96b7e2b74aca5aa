// Groups of duplicates out of a backup of any size: one pass finds which values occur twice, then each part of them is gathered by a pass of its own,
// so that memory holds 16 bytes a profile and one part.
import type { StepContext } from "../apply/executor.ts";
import { type Deduplicate, groupKey } from "./duplicate-groups.ts";
import { IdSet } from "./id-set.ts";
import { asRecord, type ProfileRecord } from "./profile-record.ts";

/** Profiles that are held at once. */
const PART_PROFILES = 20_000;

/** All groups, in parts of stable order. */
export interface Duplicates {
  /** Profiles that share their value with another. */
  readonly profiles: number;
  readonly parts: number;
  /** Groups of one part, each of two profiles at least. */
  part(index: number): Promise<readonly (readonly ProfileRecord[])[]>;
}

/** A hash that is the same in every process. */
function partOf(key: string, parts: number): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < key.length; at += 1) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193);
  return (hash >>> 0) % parts;
}

async function repeatedKeys(
  { backup, random }: StepContext,
  operation: Deduplicate,
): Promise<{ readonly keys: IdSet; readonly profiles: number }> {
  const [once, keys] = [new IdSet(random), new IdSet(random)];
  let profiles = 0;
  for await (const record of backup.read()) {
    const key = groupKey(operation, asRecord(record).had);
    if (key === undefined || once.add(key)) continue;
    profiles += keys.add(key) ? 2 : 1;
  }
  return { keys, profiles };
}

/** Finds them; the backup must be whole. */
export async function findDuplicates(context: StepContext, operation: Deduplicate): Promise<Duplicates> {
  const { keys, profiles } = await repeatedKeys(context, operation);
  const parts = Math.ceil(profiles / PART_PROFILES);
  return {
    profiles,
    parts,
    part: async (index) => {
      const groups = new Map<string, ProfileRecord[]>();
      for await (const value of context.backup.read()) {
        const record = asRecord(value);
        const key = groupKey(operation, record.had);
        if (key === undefined || !keys.has(key) || partOf(key, parts) !== index) continue;
        const group = groups.get(key);
        if (group) group.push(record);
        else groups.set(key, [record]);
      }
      return [...groups.values()].filter(({ length }) => length > 1);
    },
  };
}
