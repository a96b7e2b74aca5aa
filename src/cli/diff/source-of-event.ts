// Which source of the plan an event in a file came from. A gateway knows by the token; an export has only the library's name.
import { sourceOfLibrary } from "../../infer/index.ts";
import type { Lock } from "../../plan/index.ts";

/** The source's id; undefined where nobody can tell. */
export type SourceOfEvent = (properties: Readonly<Record<string, unknown>>) => string | undefined;

/**
 * Makes the function for a plan: the source that was named; else the plan's only one; else the one called as the library's
 * platform; else the only one of the library's trust.
 */
export function makeSourceOfEvent({ sources }: Lock, named: string | undefined): SourceOfEvent {
  const ids = Object.keys(sources);
  const [only, ...others] = ids;
  const fixed = named ?? (others.length === 0 ? only : undefined);
  if (fixed !== undefined) return () => fixed;
  const known = new Map<string, string | undefined>();
  const find = (library: string): string | undefined => {
    const { id, trust } = sourceOfLibrary(library);
    if (sources[id] !== undefined) return id;
    const [first, ...rest] = ids.filter((one) => sources[one]?.trust === trust);
    return library === "" || rest.length > 0 ? undefined : first;
  };
  return (properties) => {
    const library = typeof properties["mp_lib"] === "string" ? properties["mp_lib"] : "";
    if (known.has(library)) return known.get(library);
    const found = find(library);
    // Names come from outside: what is remembered has a bound.
    if (known.size < 1000) known.set(library, found);
    return found;
  };
}
