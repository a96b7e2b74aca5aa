// Names for the values of an enum, where a language wants names: made from the values, each once.
import { TakenNames } from "./taken-names.ts";

export interface EnumCase {
  readonly name: string;
  readonly value: string;
}

/** `spell` puts words together as the language does; `reserved` cannot be names. */
export function enumCases(
  values: readonly string[],
  spell: (text: string) => string,
  reserved: Iterable<string> = [],
): readonly EnumCase[] {
  const names = new TakenNames(reserved);
  return values.map((value) => ({
    // A value of signs alone has no words to make a name of.
    name: names.claim(spell(/[A-Za-z0-9]/.test(value) ? value : `value ${value}`)),
    value,
  }));
}
