// What generated clients name their plan by on every event: the first characters of its lock's hash.

/** 48 bits: enough to tell the plans of one company apart. */
const STAMP_CHARACTERS = 12;
const STAMP = new RegExp(`^[0-9a-f]{${STAMP_CHARACTERS}}$`);

/** The stamp of a plan. */
export function planStamp({ hash }: { readonly hash: string }): string {
  return hash.slice(0, STAMP_CHARACTERS);
}

/** Tells whether a value has the form of a stamp. */
export function isPlanStamp(value: unknown): boolean {
  return typeof value === "string" && STAMP.test(value);
}
