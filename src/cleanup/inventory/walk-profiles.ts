// Walks all profiles, page by page, within the provider's limits, and goes on after an interruption where it stopped: after each page it is written
// down what the pages came to and where the next one is. Addresses are compared as keyed hashes. A walk that the provider forgot begins anew.
import { randomBytes } from "node:crypto";
import {
  type Clock,
  isObject,
  type ProfilePage,
  type ProviderReader,
  type StoredProfile,
} from "../../core/index.ts";
import { askProvider, stoppedError } from "../apply/ask-provider.ts";
import type { StepLimits } from "../apply/executor.ts";
import type { IdRules } from "../ids/id-shape.ts";
import { countDuplicates, personRecord } from "./duplicate-tally.ts";
import type { InventoryFiles } from "./inventory-files.ts";
import { emptyProfileSum, ProfileCounter, type ProfileSum } from "./profile-tally.ts";

/** Answers which of these ids are users of the application. */
export type UserExists = (ids: readonly string[]) => Promise<ReadonlySet<string>>;

export interface WalkProfilesOptions {
  readonly reader: ProviderReader;
  readonly limits: StepLimits;
  readonly clock: Clock;
  readonly random: () => number;
  readonly signal: AbortSignal;
  readonly files: InventoryFiles;
  readonly rules: IdRules;
  /** Property that tells a person. */
  readonly by: string;
  /** Properties with a date, of users or of the groups of a key. */
  readonly dates: (group: string | undefined) => ReadonlySet<string>;
  readonly userExists: UserExists | undefined;
  readonly onProgress: (done: number, total: number) => void;
}

/** What a walk came to, and whether it began anew on the way. */
export interface WalkedProfiles {
  readonly group: string | undefined;
  readonly sum: ProfileSum;
  /** File with ids of profiles without a user. */
  readonly idsFile: string;
  /** How often the provider forgot the walk, so that it began anew. */
  readonly restarts: number;
}

interface Mark {
  readonly sum: ProfileSum;
  readonly next: string | undefined;
  readonly isDone: boolean;
  readonly key: string;
  readonly hashesBytes: number;
  readonly idsBytes: number;
}

const NEVER: Omit<Mark, "sum" | "key"> = { next: undefined, isDone: false, hashesBytes: 0, idsBytes: 0 };

interface Names {
  readonly mark: string;
  readonly hashes: string;
  readonly ids: string;
}

function namesOf(index: number): Names {
  const base = `profiles-${index}`;
  return { mark: `${base}.json`, hashes: `${base}.hashes`, ids: `${base}-without-user.ids` };
}

class Walk {
  readonly #options: WalkProfilesOptions;
  readonly #group: string | undefined;
  readonly #names: Names;
  #mark: Mark;
  #restarts = 0;
  #counter: ProfileCounter;

  constructor(group: string | undefined, index: number, options: WalkProfilesOptions) {
    this.#options = options;
    this.#group = group;
    this.#names = namesOf(index);
    const known = options.files.read(this.#names.mark);
    this.#mark = isObject(known)
      ? (known as unknown as Mark)
      : { ...NEVER, sum: emptyProfileSum(), key: randomBytes(16).toString("hex") };
    this.#counter = this.#count();
    if (!this.#mark.isDone) this.#takeUp();
  }

  /** What was written after the last mark is taken back. */
  #takeUp(): void {
    const { files } = this.#options;
    files.cut(this.#names.hashes, this.#mark.hashesBytes);
    files.cut(this.#names.ids, this.#mark.idsBytes);
  }

  #count(): ProfileCounter {
    const { clock, dates } = this.#options;
    return new ProfileCounter(this.#mark.sum, { now: clock.now(), dates: dates(this.#group) });
  }

  #beginAnew(): void {
    this.#restarts += 1;
    this.#mark = { ...NEVER, sum: emptyProfileSum(), key: this.#mark.key };
    this.#counter = this.#count();
    this.#takeUp();
  }

  async run(): Promise<WalkedProfiles> {
    const { reader, signal, onProgress } = this.#options;
    const query = this.#group === undefined ? {} : { group: this.#group };
    while (!this.#mark.isDone) {
      if (signal.aborted) throw stoppedError();
      const { next } = this.#mark;
      const page = await askProvider(this.#options, "query", () =>
        reader.profiles(query, { signal, ...(next === undefined ? {} : { after: next }) }),
      );
      if (page.isRestarted === true) this.#beginAnew();
      await this.#take(page);
      onProgress(this.#counter.sum.count, page.total);
    }
    this.#options.files.remove(this.#names.hashes);
    return { group: this.#group, sum: this.#counter.sum, idsFile: this.#names.ids, restarts: this.#restarts };
  }

  async #take({ profiles, next }: ProfilePage): Promise<void> {
    const { files } = this.#options;
    const gone = this.#group === undefined ? await this.#withoutUser(profiles) : [];
    const hashes: string[] = [];
    for (const profile of profiles) {
      this.#counter.add(profile);
      if (this.#group === undefined) hashes.push(this.#takePerson(profile));
    }
    const { sum } = this.#counter;
    sum.withoutUser += gone.length;
    const hashesText = hashes.join("");
    const idsText = gone.map((id) => `${id}\n`).join("");
    files.append(this.#names.hashes, hashesText);
    files.append(this.#names.ids, idsText);
    if (next === undefined)
      Object.assign(sum, countDuplicates(files.text(this.#names.hashes) ?? "", this.#options.random));
    const { key, hashesBytes, idsBytes } = this.#mark;
    this.#mark = {
      sum,
      key: next === undefined ? "" : key,
      next,
      isDone: next === undefined,
      hashesBytes: hashesBytes + hashesText.length,
      idsBytes: idsBytes + Buffer.byteLength(idsText),
    };
    files.write(this.#names.mark, JSON.stringify(this.#mark));
  }

  #takePerson({ id, properties }: StoredProfile): string {
    const { rules, by } = this.#options;
    this.#counter.addId(id, rules);
    return personRecord(this.#mark.key, properties[by], this.#isUser(id));
  }

  #isUser(id: string): boolean {
    const { rules } = this.#options;
    return rules.tellsPeople && rules.canonical(id) !== undefined;
  }

  /** Ids that users have, of users whom the application does not have. */
  async #withoutUser(profiles: readonly StoredProfile[]): Promise<readonly string[]> {
    const { userExists, rules } = this.#options;
    if (userExists === undefined) return [];
    const ids = profiles.flatMap(({ id }) => {
      const canonical = rules.shape(id) === "device" ? undefined : rules.canonical(id);
      return canonical === undefined ? [] : [{ id, canonical }];
    });
    if (ids.length === 0) return [];
    const there = await userExists(ids.map(({ canonical }) => canonical));
    return ids.flatMap(({ id, canonical }) => (there.has(canonical) ? [] : [id]));
  }
}

/** Walks users (`undefined`) and the groups of each key, one after the other. */
export async function walkProfiles(
  groups: readonly (string | undefined)[],
  options: WalkProfilesOptions,
): Promise<readonly WalkedProfiles[]> {
  const walked: WalkedProfiles[] = [];
  for (const [index, group] of groups.entries()) walked.push(await new Walk(group, index, options).run());
  return walked;
}
