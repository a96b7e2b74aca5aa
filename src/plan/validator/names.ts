// From the name in a payload to the plan's entry: exact, then old names (`was`), then names equal but for case, spaces, `_` and `-`.
// A fold that two entries share matches neither: guessing would mix two meanings.

/** Names longer than this are compared exactly and never folded or remembered. */
export const FOLDED_NAME_MAX_CHARACTERS = 255;
/** Names from payloads that one validator remembers, over all its tables: attackers send endless new ones. */
export const MEMO_MAX_NAMES = 20_000;

/** How many more names may be remembered; shared by all tables of a validator. */
export interface MemoBudget {
  left: number;
}

/** The form in which spellings of one name are equal. Empty means: cannot be folded. */
export function foldName(name: string): string {
  return name.toLowerCase().replace(/[ _-]/g, "");
}

/** Something that has a name and old names. */
export interface Named {
  readonly name: string;
  readonly was: readonly string[];
}

/** Looks up entries by any spelling. Built once a plan; does not remember what it answered. */
export class NameIndex<Entry extends Named> {
  readonly #exact = new Map<string, Entry>();
  readonly #was = new Map<string, Entry>();
  readonly #folded = new Map<string, Entry | undefined>();

  constructor(entries: Iterable<Entry>) {
    for (const entry of entries) {
      this.#exact.set(entry.name, entry);
      this.#fold(entry.name, entry);
      for (const old of entry.was) {
        this.#was.set(old, entry);
        this.#fold(old, entry);
      }
    }
  }

  /** By the plan's name or a listed old one. */
  listed(name: string): Entry | undefined {
    return this.#exact.get(name) ?? this.#was.get(name);
  }

  /** By a spelling that is equal once folded. */
  folded(name: string): Entry | undefined {
    return name.length > FOLDED_NAME_MAX_CHARACTERS ? undefined : this.#folded.get(foldName(name));
  }

  #fold(name: string, entry: Entry): void {
    const key = foldName(name);
    if (key === "") return;
    if (this.#folded.has(key) && this.#folded.get(key) !== entry) this.#folded.set(key, undefined);
    else this.#folded.set(key, entry);
  }
}
