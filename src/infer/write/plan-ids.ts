// Ids for names: what a plan's keys may be, each once. In the order given, so that the same names get the same ids.

const ID_MAX_CHARACTERS = 60;

function asciiWords(name: string): readonly string[] {
  return name
    .normalize("NFKD")
    .replaceAll(/\p{M}/gu, "")
    .replaceAll(/([a-z\d])([A-Z])/g, "$1 $2")
    .split(/[^A-Za-z0-9]+/)
    .filter((word) => word !== "");
}

/** `Sign Up` → `signUp`. */
export function camelId(name: string): string {
  return asciiWords(name)
    .map((word, index) =>
      index === 0 ? word.toLowerCase() : `${word.slice(0, 1).toUpperCase()}${word.slice(1).toLowerCase()}`,
    )
    .join("")
    .slice(0, ID_MAX_CHARACTERS);
}

/** `Plan Tier` → `plan_tier`; a name that can be an id stays as it is. */
export function propertyId(name: string): string {
  if (/^[A-Za-z][A-Za-z0-9_-]{0,59}$/.test(name)) return name;
  return asciiWords(name).join("_").toLowerCase().slice(0, ID_MAX_CHARACTERS);
}

/** Gives ids to keys: no id twice, whatever the case. */
export function assignIds(
  names: readonly (readonly [key: string, name: string])[],
  make: (name: string) => string,
  otherwise: string,
): ReadonlyMap<string, string> {
  const taken = new Set<string>();
  const ids = new Map<string, string>();
  for (const [key, name] of names) {
    const made = make(name);
    const base = /^[A-Za-z]/.test(made) ? made : `${otherwise}${made === "" ? "" : `_${made}`}`;
    let id = base;
    for (let turn = 2; taken.has(id.toLowerCase()); turn++) id = `${base}_${turn}`;
    taken.add(id.toLowerCase());
    ids.set(key, id);
  }
  return ids;
}
