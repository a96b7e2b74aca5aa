// Reads profiles until they are as they should be, a few times: a provider shows what it took a moment later.
import type { StepContext } from "../apply/executor.ts";
import { type ProfileProperties, sameValue } from "./merged-profile.ts";
import { readProfiles } from "./people-of-step.ts";

const ATTEMPTS_MAX = 4;

export interface ReadBack {
  /** Ids whose profile is not as it should be. */
  readonly wrong: ReadonlySet<string>;
  readonly requests: number;
}

/** `isExact`: values count; else it is enough that the property is there. */
export interface Expected {
  readonly expected: ReadonlyMap<string, ProfileProperties>;
  readonly isExact: boolean;
}

/** Holds profiles to what they should contain; more in them is no mistake. */
export async function readBack(context: StepContext, { expected, isExact }: Expected): Promise<ReadBack> {
  let wrong = new Set(expected.keys());
  let requests = 0;
  for (let attempt = 1; wrong.size > 0; attempt += 1) {
    const sentAt = context.clock.now();
    const read = await readProfiles(context, [...wrong]);
    requests += read.requests;
    const byId = new Map(read.profiles.map(({ id, properties }) => [id, properties]));
    wrong = new Set(
      [...wrong].filter((id) => {
        const found = byId.get(id);
        const should = Object.entries(expected.get(id) ?? {});
        if (found === undefined) return true;
        return should.some(([name, value]) =>
          isExact ? !sameValue(found[name], value) : !Object.hasOwn(found, name),
        );
      }),
    );
    if (wrong.size === 0 || attempt >= ATTEMPTS_MAX) break;
    context.limits.busy("query", { message: "profiles are not visible yet", sentAt });
  }
  return { wrong, requests };
}
