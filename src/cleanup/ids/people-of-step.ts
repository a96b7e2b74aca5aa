// What the steps on ids share: the people of the mapping, their profiles in the backup before anything is changed, and counts that survive a crash.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { AppError, isObject, type StoredProfile } from "../../core/index.ts";
import { askProvider, stoppedError } from "../apply/ask-provider.ts";
import type { StepContext, StepReport } from "../apply/executor.ts";
import { type MappedPerson, parseMapping } from "./mapping.ts";
import type { PersonRecord, ProfileProperties } from "./merged-profile.ts";

type Reading = Pick<StepContext, "limits" | "clock" | "signal" | "reader">;

/** Reads the people of a mapping file. @throws {AppError} `INPUT_UNREADABLE`. */
export function readPeople(file: string): {
  readonly people: readonly MappedPerson[];
  readonly hash: string;
} {
  let content: string;
  try {
    content = readFileSync(file, "utf8");
  } catch (cause) {
    throw new AppError("INPUT_UNREADABLE", "Cannot read the mapping of the step", { cause });
  }
  try {
    return { people: parseMapping(content), hash: createHash("sha256").update(content).digest("hex") };
  } catch (cause) {
    throw new AppError("INPUT_UNREADABLE", "Cannot read the mapping of the step: a line is no JSON", {
      cause,
    });
  }
}

/** The people of a step; a mapping that changed between two runs is refused. */
export async function peopleOf(context: StepContext, file: string): Promise<readonly MappedPerson[]> {
  const { people, hash } = readPeople(file);
  const before = context.journal.get("mapping");
  if (before === undefined) await context.journal.put("mapping", hash);
  else if (before !== hash)
    throw new AppError(
      "CLEANUP_CHANGED_SINCE",
      "Cannot go on: the mapping is not the one that it began with",
    );
  return people;
}

/** Profiles of these ids, in as many questions as it takes. */
export async function readProfiles(
  context: Reading,
  ids: readonly string[],
): Promise<{ readonly profiles: readonly StoredProfile[]; readonly requests: number }> {
  const { reader, signal } = context;
  const size = reader.limits.profilesPerPage;
  const profiles: StoredProfile[] = [];
  let requests = 0;
  for (let at = 0; at < ids.length; at += size) {
    const some = ids.slice(at, at + size);
    const page = await askProvider(context, "query", () => reader.profiles({ ids: some }, { signal }));
    requests += 1;
    profiles.push(...page.profiles);
  }
  return { profiles, requests };
}

/** People in batches whose ids fit one question. */
export function* batches<T extends MappedPerson>(people: Iterable<T>, idsMax: number): Generator<T[]> {
  let batch: T[] = [];
  let ids = 0;
  for (const person of people) {
    const own = person.olds.length + 1;
    if (batch.length > 0 && ids + own > idsMax) {
      yield batch;
      [batch, ids] = [[], 0];
    }
    batch.push(person);
    ids += own;
  }
  if (batch.length > 0) yield batch;
}

function recordOf(person: MappedPerson, byId: ReadonlyMap<string, ProfileProperties>): PersonRecord {
  const profiles: Record<string, ProfileProperties> = {};
  for (const id of [person.new, ...person.olds]) {
    const found = byId.get(id);
    if (found !== undefined) profiles[id] = found;
  }
  return { new: person.new, olds: person.olds, profiles };
}

/**
 * One round of people with the profiles of all their ids, which are in the backup when it resolves: read from the provider, or from the backup
 * where an earlier run had come so far. A round at a time, so that what is changed was read a moment ago.
 */
async function backedUp(
  context: StepContext,
  round: { readonly people: readonly MappedPerson[]; readonly from: number },
  tally: Tally,
): Promise<readonly PersonRecord[]> {
  const { backup } = context;
  const { people, from } = round;
  if (backup.count > from) {
    const records: PersonRecord[] = [];
    for await (const value of backup.read(from)) {
      records.push(personRecord(value));
      if (records.length === people.length) break;
    }
    return records;
  }
  const read = await readProfiles(
    context,
    people.flatMap((person) => [person.new, ...person.olds]),
  );
  tally.requests += read.requests;
  const byId = new Map(read.profiles.map(({ id, properties }) => [id, properties]));
  const records = people.map((person) => recordOf(person, byId));
  await backup.append(records);
  return records;
}

/** Carries out `work` for all people, a round at a time, each noted when it is done. */
export async function runRounds(
  context: StepContext,
  {
    people,
    key,
    phase,
  }: { readonly people: readonly MappedPerson[]; readonly key: string; readonly phase: string },
  work: (round: readonly PersonRecord[], tally: Tally) => Promise<void>,
): Promise<Tally> {
  const tally = openTally(context, key);
  for (const round of batches(people.slice(tally.done), context.reader.limits.profilesPerPage)) {
    if (context.signal.aborted) throw stoppedError();
    await work(await backedUp(context, { people: round, from: tally.done }, tally), tally);
    tally.done += round.length;
    await keepTally(context, key, tally);
    context.checkFailures(failures(tally), tally.done);
    context.onProgress({ phase, done: tally.done, total: people.length });
  }
  return tally;
}

/** A record of the backup. */
export function personRecord(value: object): PersonRecord {
  return value as PersonRecord;
}

/** Counts of a step, kept in the journal with the position that they belong to. */
export interface Tally {
  done: number;
  changed: number;
  skipped: number;
  checked: number;
  wrong: number;
  requests: number;
  readonly failed: Record<string, number>;
}

/** The tally as it was when the last batch was done. */
export function openTally({ journal }: StepContext, key: string): Tally {
  const kept = journal.get(key);
  const empty = { done: 0, changed: 0, skipped: 0, checked: 0, wrong: 0, requests: 0, failed: {} };
  return isObject(kept) ? { ...empty, ...structuredClone(kept) } : empty;
}

export function fail(tally: Tally, reason: string, count = 1): void {
  tally.failed[reason] = (tally.failed[reason] ?? 0) + count;
}

function failures({ failed }: Tally): number {
  return Object.values(failed).reduce((sum, count) => sum + count, 0);
}

/** Counts what was refused, by reason. */
export function failRefused(tally: Tally, refused: ReadonlyMap<unknown, string>): void {
  for (const message of refused.values()) fail(tally, message);
}

export async function keepTally({ journal }: StepContext, key: string, tally: Tally): Promise<void> {
  await journal.put(key, { ...tally, failed: { ...tally.failed } });
}

export function reportOf(
  { step }: StepContext,
  selected: number,
  { tally, notes = [] }: { readonly tally: Tally; readonly notes?: readonly string[] },
): StepReport {
  const { changed, skipped, checked, wrong, requests, failed } = tally;
  return {
    step: step.id,
    selected,
    changed,
    skipped,
    failed: Object.entries(failed).map(([reason, count]) => ({ reason, count })),
    verified: { checked, wrong },
    requests,
    ...(notes.length === 0 ? {} : { notes }),
  };
}
