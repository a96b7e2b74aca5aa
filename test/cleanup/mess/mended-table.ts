// The table of the acceptance: what was planted, found, repaired and brought back. The guide shows it.
import { TROUBLES } from "./troubles.ts";

type Counts = Readonly<Record<string, number>>;

export interface Mended {
  readonly planted: Counts;
  /** No entry: not looked at. */
  readonly found: Counts;
  readonly left: Counts;
  readonly restored: Counts;
}

/** Markdown, one line a trouble. */
export function mendedTable({ planted, found, left, restored }: Mended): string {
  const of = (counts: Counts, id: string): number => counts[id] ?? 0;
  const rows = TROUBLES.map(({ id, trouble }) => {
    const repaired = of(planted, id) - of(left, id);
    const back = of(restored, id) - of(left, id);
    return `| ${trouble} | ${of(planted, id)} | ${found[id] ?? "not looked at"} | ${repaired} | ${back} |`;
  });
  return [
    "| trouble | planted | found | repaired | brought back by undo |",
    "|---|---|---|---|---|",
    ...rows,
    "",
  ].join("\n");
}
