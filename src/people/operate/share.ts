// A share of users as a number that says how sure it is. Pure.

export interface Share {
  readonly rate: number;
  /** Where the true share lies, 19 times of 20; both ends are the rate where everybody was looked at. */
  readonly interval: readonly [low: number, high: number];
}

/** Two-sided 95 %. */
const Z = 1.959963984540054;

/**
 * The Wilson interval of `hits` among `of`: sound for small samples and for shares near zero, where the textbook's normal interval is not.
 * Source: E. B. Wilson, "Probable inference" (1927).
 */
export function shareOf(hits: number, of: number, options: { readonly isEverybody: boolean }): Share {
  if (of === 0) return { rate: 0, interval: options.isEverybody ? [0, 0] : [0, 1] };
  const rate = hits / of;
  if (options.isEverybody) return { rate, interval: [rate, rate] };
  const square = Z * Z;
  const middle = (rate + square / (2 * of)) / (1 + square / of);
  const reach = (Z / (1 + square / of)) * Math.sqrt((rate * (1 - rate)) / of + square / (4 * of * of));
  return {
    rate,
    interval: [hits === 0 ? 0 : Math.max(0, middle - reach), hits === of ? 1 : Math.min(1, middle + reach)],
  };
}
