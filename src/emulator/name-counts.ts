// How often each event, property and value was seen, for the query endpoints. Bounded: what is over a limit is not counted.

const NAMES_MAX = 2000;
const PROPERTIES_MAX = 500;
const VALUES_MAX = 255;
/** Values are looked at in the first events of a name only: a million events must not be counted value by value. */
const LOOKED_AT_MAX = 2000;
const VALUE_MAX_CHARACTERS = 255;

interface PropertyCount {
  count: number;
  readonly values: Map<string, { count: number; readonly value: unknown }>;
}

interface NameCount {
  count: number;
  readonly properties: Map<string, PropertyCount>;
}

/** Counts since the start or the last reset. */
export class NameCounts {
  readonly #names = new Map<string, NameCount>();

  note(event: string, properties: Readonly<Record<string, unknown>>): void {
    let name = this.#names.get(event);
    if (!name) {
      if (this.#names.size >= NAMES_MAX) return;
      name = { count: 0, properties: new Map() };
      this.#names.set(event, name);
    }
    name.count += 1;
    if (name.count > LOOKED_AT_MAX) return;
    for (const [key, value] of Object.entries(properties)) if (key !== "token") notice(name, key, value);
  }

  /** Names, most frequent first. */
  names(): { readonly event: string; readonly count: number }[] {
    return [...this.#names].map(([event, { count }]) => ({ event, count })).sort((a, b) => b.count - a.count);
  }

  /** Properties of an event, most frequent first. */
  properties(event: string): { readonly name: string; readonly count: number }[] {
    return [...(this.#names.get(event)?.properties ?? [])]
      .map(([name, { count }]) => ({ name, count }))
      .sort((a, b) => b.count - a.count);
  }

  /** Values of a property, most frequent first. */
  values(event: string, property: string): unknown[] {
    return [...(this.#names.get(event)?.properties.get(property)?.values.values() ?? [])]
      .sort((a, b) => b.count - a.count)
      .map(({ value }) => value);
  }

  clear(): void {
    this.#names.clear();
  }
}

function notice(name: NameCount, key: string, value: unknown): void {
  let property = name.properties.get(key);
  if (!property) {
    if (name.properties.size >= PROPERTIES_MAX) return;
    property = { count: 0, values: new Map() };
    name.properties.set(key, property);
  }
  property.count += 1;
  const shown = (JSON.stringify(value) ?? "null").slice(0, VALUE_MAX_CHARACTERS);
  const seen = property.values.get(shown);
  if (seen) seen.count += 1;
  else if (property.values.size < VALUES_MAX) property.values.set(shown, { count: 1, value });
}
