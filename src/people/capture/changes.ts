// What every capture says, and nothing more: rows of a table changed, and these were the values of its link columns, old and new.
import type { Watch } from "../mapping/mapping.ts";

/** Changed link values of one flush: watch → values; and watches whose every user may have changed (truncate). */
export class ChangeSet {
  readonly values = new Map<Watch, Set<string>>();
  readonly everyone = new Set<Watch>();
  #size = 0;

  /** Different values so far. */
  get size(): number {
    return this.#size;
  }

  get isEmpty(): boolean {
    return this.#size === 0 && this.everyone.size === 0;
  }

  add(watch: Watch, value: string): void {
    let values = this.values.get(watch);
    if (!values) {
      values = new Set();
      this.values.set(watch, values);
    }
    const before = values.size;
    values.add(value);
    this.#size += values.size - before;
  }

  addEveryone(watch: Watch): void {
    this.everyone.add(watch);
  }
}
