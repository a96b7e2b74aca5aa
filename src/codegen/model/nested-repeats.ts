// Patterns that are linear in RE2 but may run for minutes where engines backtrack: a repeat without an end inside another one, like `(a+)+$`.

const REPEAT_WITHOUT_END = /^(?:[*+]|\{\d+,\})/;

/** Tells whether a pattern repeats a group that itself repeats something, both without an end. */
export function hasNestedRepeats(pattern: string): boolean {
  // One entry a group that is open: whether it holds a repeat so far.
  const open: boolean[] = [false];
  let inClass = false;
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at];
    if (character === "\\") at++;
    else if (inClass) inClass = character !== "]";
    else if (character === "[") inClass = true;
    else if (character === "(") open.push(false);
    else if (character === ")") {
      const holds = open.pop() === true;
      const repeats = REPEAT_WITHOUT_END.test(pattern.slice(at + 1));
      if (holds && repeats) return true;
      if (holds || repeats) open[open.length - 1] = true;
    } else if (REPEAT_WITHOUT_END.test(pattern.slice(at))) open[open.length - 1] = true;
  }
  return false;
}
