// What the provider holds of the people of a mapping, by one walk over its profiles: found under old ids, under new ones, under both, under neither.
// Old ids are matched as people write them; the mapping that comes out spells them as the provider does.
import type { ProviderReader } from "../../core/index.ts";
import { askProvider, stoppedError } from "../apply/ask-provider.ts";
import type { StepContext } from "../apply/executor.ts";
import { foldedId, type IdRules } from "./id-shape.ts";
import type { MappedPerson } from "./mapping.ts";

/** Counts of profiles and people; no id. */
export interface ProfileFacts {
  readonly profiles: number;
  /** People with a profile under an old id. */
  readonly old: number;
  readonly new: number;
  /** People with profiles under both. */
  readonly both: number;
  /** Profiles whose id the plan refuses, and for which the mapping has no new id. */
  readonly unmapped: number;
}

export interface ComparedMapping {
  readonly people: readonly MappedPerson[];
  readonly facts: ProfileFacts;
}

export interface WalkOptions extends Pick<StepContext, "limits" | "clock" | "signal"> {
  readonly onProgress?: (done: number, total: number) => void;
}

/** `isFirst`: also of a walk that the provider forgot: all ids come again. */
export interface IdPage {
  readonly ids: readonly string[];
  readonly isFirst: boolean;
}

/**
 * Ids of all profiles, page by page, within the provider's limits.
 *
 * @throws {AppError} `CLEANUP_REFUSED`, `CLEANUP_STOPPED`, `CLEANUP_WAIT_TOO_LONG`.
 */
export async function* walkIds(
  reader: Pick<ProviderReader, "profiles">,
  options: WalkOptions,
): AsyncGenerator<IdPage> {
  const { signal, onProgress } = options;
  let after: string | undefined;
  let done = 0;
  do {
    if (signal.aborted) throw stoppedError();
    const where = { signal, ...(after === undefined ? {} : { after }) };
    const page = await askProvider(options, "query", () =>
      reader.profiles({ properties: ["$email"] }, where),
    );
    const isFirst = after === undefined || page.isRestarted === true;
    done = page.profiles.length + (isFirst ? 0 : done);
    onProgress?.(done, page.total);
    yield { ids: page.profiles.map(({ id }) => id), isFirst };
    after = page.next;
  } while (after !== undefined);
}

/** Walks and compares. */
export async function compareProfiles(
  people: readonly MappedPerson[],
  pages: AsyncIterable<IdPage>,
  rules: IdRules,
): Promise<ComparedMapping> {
  const byOld = new Map(
    people.flatMap((person) => person.olds.map((old) => [foldedId(old), person] as const)),
  );
  const byNew = new Map(people.map((person) => [person.new, person]));
  const spelled = new Map(people.map((person) => [person, new Set(person.olds)]));
  const [withOld, withNew] = [new Set<MappedPerson>(), new Set<MappedPerson>()];
  let profiles = 0;
  let unmapped = 0;
  for await (const { ids, isFirst } of pages) {
    if (isFirst) [profiles, unmapped] = [0, 0];
    for (const id of ids) {
      profiles += 1;
      const mine = byNew.get(id);
      const theirs = byOld.get(foldedId(id));
      if (mine !== undefined) withNew.add(mine);
      else if (theirs !== undefined) {
        withOld.add(theirs);
        spelled.get(theirs)?.add(id);
      } else if (rules.shape(id) !== "device" && rules.canonical(id) === undefined) unmapped += 1;
    }
  }
  return {
    people: people.map((person) => ({ new: person.new, olds: [...(spelled.get(person) ?? person.olds)] })),
    facts: {
      profiles,
      old: withOld.size,
      new: withNew.size,
      both: [...withOld].filter((person) => withNew.has(person)).length,
      unmapped,
    },
  };
}
