// What a small edit changes in a file, by lines, with what stands around it.

const CONTEXT_LINES = 2;
/** An edit is a few lines; above this the whole middle is shown as gone and come. */
const CELLS_MAX = 1_000_000;

interface Middle {
  readonly start: number;
  readonly before: readonly string[];
  readonly after: readonly string[];
}

function middleOf(before: readonly string[], after: readonly string[]): Middle {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start += 1;
  let end = 0;
  const most = Math.min(before.length, after.length) - start;
  while (end < most && before[before.length - 1 - end] === after[after.length - 1 - end]) end += 1;
  return {
    start,
    before: before.slice(start, before.length - end),
    after: after.slice(start, after.length - end),
  };
}

/** Longest common part, from each place to the end. */
function commonLengths(before: readonly string[], after: readonly string[]): readonly (readonly number[])[] {
  const table = Array.from({ length: before.length + 1 }, () => Array<number>(after.length + 1).fill(0));
  for (let i = before.length - 1; i >= 0; i--)
    for (let j = after.length - 1; j >= 0; j--) {
      const row = table[i];
      if (row === undefined) continue;
      row[j] =
        before[i] === after[j]
          ? (table[i + 1]?.[j + 1] ?? 0) + 1
          : Math.max(table[i + 1]?.[j] ?? 0, row[j + 1] ?? 0);
    }
  return table;
}

function mixed(before: readonly string[], after: readonly string[]): readonly string[] {
  if (before.length * after.length > CELLS_MAX)
    return [...before.map((line) => `-${line}`), ...after.map((line) => `+${line}`)];
  const common = commonLengths(before, after);
  const lines: string[] = [];
  let [i, j] = [0, 0];
  while (i < before.length || j < after.length) {
    const isSame = i < before.length && j < after.length && before[i] === after[j];
    if (isSame) {
      lines.push(` ${before[i++] ?? ""}`);
      j += 1;
    } else if (
      j >= after.length ||
      (i < before.length && (common[i + 1]?.[j] ?? 0) >= (common[i]?.[j + 1] ?? 0))
    )
      lines.push(`-${before[i++] ?? ""}`);
    else lines.push(`+${after[j++] ?? ""}`);
  }
  return lines;
}

/** The changed lines as a unified diff. */
export function lineDiff(file: string, oldText: string, newText: string): string {
  const [old, now] = [oldText.split(/\r?\n/), newText.split(/\r?\n/)];
  const { start, before, after } = middleOf(old, now);
  const from = Math.max(0, start - CONTEXT_LINES);
  const above = old.slice(from, start).map((line) => ` ${line}`);
  const below = old
    .slice(start + before.length, start + before.length + CONTEXT_LINES)
    .map((line) => ` ${line}`);
  const around = above.length + below.length;
  return [
    `--- ${file}`,
    `+++ ${file}`,
    `@@ -${from + 1},${before.length + around} +${from + 1},${after.length + around} @@`,
    ...above,
    ...mixed(before, after),
    ...below,
  ].join("\n");
}
