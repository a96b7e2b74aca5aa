// Names within one scope: each is given out once; a taken or reserved one gets an underscore at its end.
export class TakenNames {
  readonly #taken: Set<string>;

  constructor(reserved: Iterable<string> = []) {
    this.#taken = new Set(reserved);
  }

  claim(name: string): string {
    let free = name;
    while (this.#taken.has(free)) free = `${free}_`;
    this.#taken.add(free);
    return free;
  }
}
