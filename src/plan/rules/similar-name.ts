// The form in which `check` calls two names one: wider than the validator's, which folds only case, spaces, `_` and `-`.

/** A name without case, spaces and punctuation. Names with an equal form must not stand side by side in a plan. */
export function similarName(name: string): string {
  return name.toLowerCase().replaceAll(/[^\p{L}\p{N}$]/gu, "");
}
