// Reads back what a step wrote: a sample of it spread over the backup, or all. What differs is looked at once more after a moment, because a provider
// may show a change later than it takes it.
import { setTimeout as sleep } from "node:timers/promises";
import type { StoredProfile } from "../../core/index.ts";
import { askProvider } from "../apply/ask-provider.ts";
import type { StepContext } from "../apply/executor.ts";
import { asRecord, isSame, type ProfileRecord, type Properties, valueOf } from "./profile-record.ts";
import { runBatches } from "./run-batches.ts";

/** What a profile is to be; `undefined`: there is to be none. */
export type Expected = (record: ProfileRecord) => Properties | undefined;

export interface ReadBackPlan {
  /** Compared, and nothing else; `undefined`: all that is expected. */
  readonly names: readonly string[] | undefined;
  readonly expected: Expected;
  /** Places in the backup that are known not to be as they should. */
  readonly except: ReadonlyMap<number, string>;
}

export interface ReadBack {
  readonly checked: number;
  readonly wrong: number;
  readonly requests: number;
}

/** Profiles in a sample, read in as many places of the backup. */
const SAMPLE_PROFILES = 1000;
const SAMPLE_PLACES = 20;
const SECOND_LOOK_MS = 2000;

/** Profiles by id, at most a page of them. */
export async function readProfiles(
  context: StepContext,
  ids: readonly string[],
  properties: readonly string[] | undefined,
): Promise<ReadonlyMap<string, StoredProfile>> {
  const { reader, signal, step } = context;
  if (ids.length === 0) return new Map();
  const query = {
    ids,
    ...(properties === undefined ? {} : { properties }),
    ...(step.group === undefined ? {} : { group: step.group }),
  };
  const page = await askProvider(context, "query", () => reader.profiles(query, { signal }));
  return new Map(page.profiles.map((profile) => [profile.id, profile]));
}

function isAsExpected(
  profile: StoredProfile | undefined,
  expected: Properties | undefined,
  compared: readonly string[] | undefined,
): boolean {
  if (expected === undefined) return profile === undefined;
  const names = compared ?? Object.keys(expected);
  if (profile === undefined) return names.every((name) => valueOf(expected, name) === undefined);
  return names.every((name) => isSame(valueOf(profile.properties, name), valueOf(expected, name)));
}

async function wrongOf(
  context: StepContext,
  records: readonly ProfileRecord[],
  plan: ReadBackPlan,
): Promise<{ readonly wrong: readonly ProfileRecord[]; readonly requests: number }> {
  const look = async (some: readonly ProfileRecord[]): Promise<readonly ProfileRecord[]> => {
    const found = await readProfiles(
      context,
      some.map(({ id }) => id),
      plan.names,
    );
    return some.filter((record) => !isAsExpected(found.get(record.id), plan.expected(record), plan.names));
  };
  const first = await look(records);
  if (first.length === 0) return { wrong: first, requests: 1 };
  await sleep(SECOND_LOOK_MS, undefined, { signal: context.signal }).catch(passAbort);
  return { wrong: await look(first), requests: 2 };
}

/** An aborted pause is a short one; the next question says that the command is to stop. */
function passAbort(error: unknown): void {
  if (!(error instanceof Error) || error.name !== "AbortError") throw error;
}

async function readSample(context: StepContext, plan: ReadBackPlan): Promise<ReadBack> {
  const { backup, reader } = context;
  const size = Math.min(SAMPLE_PROFILES, reader.limits.profilesPerPage);
  const records: ProfileRecord[] = [];
  const places = backup.count <= size ? 1 : SAMPLE_PLACES;
  const each = Math.ceil(size / places);
  for (let place = 0; place < places; place += 1) {
    const start = places === 1 ? 0 : Math.floor((place * (backup.count - each)) / (places - 1));
    let at = start;
    for await (const record of backup.read(start)) {
      if (at - start >= each || records.length >= size) break;
      if (!plan.except.has(at)) records.push(asRecord(record));
      at += 1;
    }
  }
  if (records.length === 0) return { checked: 0, wrong: 0, requests: 0 };
  const { wrong, requests } = await wrongOf(context, records, plan);
  context.onProgress({ phase: "reading back", done: records.length, total: records.length });
  return { checked: records.length, wrong: wrong.length, requests };
}

/** Reads back as the command was asked to. `key` begins the keys in the journal. */
export async function readBack(context: StepContext, key: string, plan: ReadBackPlan): Promise<ReadBack> {
  if (context.settings.verify === "sample") return readSample(context, plan);
  const { changed, failed, requests } = await runBatches(
    { ...context, checkFailures: () => undefined },
    {
      key,
      phase: "reading back",
      size: context.reader.limits.profilesPerPage,
      parallel: 1,
      run: async ({ records, first }) => {
        const known = records.filter((_, offset) => !plan.except.has(first + offset));
        const { wrong, requests } = await wrongOf(context, known, plan);
        const places = new Map(records.map(({ id }, offset) => [id, offset]));
        return {
          changed: known.length - wrong.length,
          skipped: records.length - known.length,
          requests,
          failed: wrong.map(({ id }) => [places.get(id) ?? 0, "not as written when read back"] as const),
        };
      },
    },
  );
  return { checked: changed + failed.size, wrong: failed.size, requests };
}
