// Which spelling of a name becomes the plan's: the one in the style that most names have, else the most frequent.

const STYLES = {
  snake_case: /^[a-z\d]+(?:_[a-z\d]+)*$/,
  camelCase: /^[a-z][a-z\d]*(?:[A-Z][a-z\d]*)+$/,
  "kebab-case": /^[a-z\d]+(?:-[a-z\d]+)+$/,
  "Title Case": /^[A-Z][^\s_]*(?: [A-Z\d][^\s_]*)+$/,
  "Sentence case": /^[A-Z][^\s_]*(?: [^\sA-Z_]*)*$/,
} as const;
export type NameStyle = keyof typeof STYLES;

/** How often a spelling was seen. */
export interface Spelling {
  readonly name: string;
  readonly count: number;
}

/** A spelling must have this share of its name's events to be chosen for its style. */
const STYLE_MIN_SHARE = 0.1;

function styleOf(name: string): NameStyle | undefined {
  const styles = Object.keys(STYLES) as NameStyle[];
  return styles.find((style) => STYLES[style].test(name));
}

/** The style that most names have: each name votes once, for its most frequent spelling. */
export function commonStyle(names: readonly (readonly Spelling[])[]): NameStyle | undefined {
  const votes = new Map<NameStyle, number>();
  for (const spellings of names) {
    const style = styleOf(byCount(spellings)[0]?.name ?? "");
    if (style !== undefined) votes.set(style, (votes.get(style) ?? 0) + 1);
  }
  return [...votes].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))[0]?.[0];
}

/** Most frequent first; names decide between equals, so that the same data gives the same plan. */
export function byCount(spellings: readonly Spelling[]): readonly Spelling[] {
  return [...spellings].sort((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1));
}

/** The spelling that the plan takes. */
export function canonicalName(spellings: readonly Spelling[], style: NameStyle | undefined): string {
  const ordered = byCount(spellings);
  const total = ordered.reduce((sum, { count }) => sum + count, 0);
  const inStyle = ordered.find(
    ({ name, count }) => styleOf(name) === style && count >= total * STYLE_MIN_SHARE,
  );
  return (inStyle ?? ordered[0])?.name ?? "";
}
