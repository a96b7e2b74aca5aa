// One row of the table of changes.
import type { Axis, Grade } from "./plan-diff.ts";

type Entry = readonly [Exclude<Grade, "none">, string];

/** What a kind of change is called, and what it does; an axis that is not named feels nothing. */
export interface KindEntry extends Partial<Readonly<Record<Axis, Entry>>> {
  /** What happened, without a full stop. */
  readonly title: string;
  /** What to do about it. */
  readonly fix?: string;
  /** Error whatever the gates say: history would mean two things under one name. */
  readonly always?: true;
  /** Only words for people changed: a patch. */
  readonly words?: true;
}
