// Whether an event made by an older plan is still judged by it: `support` says how long releases live, by source. Pure: the event tells its own time.
import { eventTimeMs } from "./datetime.ts";
import { releaseOf } from "./release.ts";

const DAY_MS = 86_400_000;
/** Compares dotted numbers: `7.10` is after `7.9`. What is no number counts as 0. */
function compareReleases(a: string, b: string): number {
  const [left, right] = [a.split("."), b.split(".")];
  for (let at = 0; at < Math.max(left.length, right.length); at++) {
    const difference =
      (Number.parseInt(left[at] ?? "0", 10) || 0) - (Number.parseInt(right[at] ?? "0", 10) || 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/**
 * Tells whether an event is inside the window of its source.
 *
 * @param support `14d`: so long after the plan was replaced. `>=7.1`: releases from this one on, however old their plan. Undefined: always.
 * @param retiredAt When the plan was replaced, in milliseconds.
 */
export function isSupported(
  support: string | undefined,
  retiredAt: number,
  properties: Readonly<Record<string, unknown>>,
): boolean {
  if (support === undefined) return true;
  const days = /^(\d+)d$/.exec(support)?.[1];
  if (days !== undefined) {
    // Without a time it happened when it arrived; a plan that is kept says that somebody still sends by it.
    const at = eventTimeMs(properties["time"]);
    return Number.isNaN(at) || at <= retiredAt + Number(days) * DAY_MS;
  }
  const oldest = support.replace(/^>=\s*/, "");
  const release = releaseOf(properties);
  return release !== "" && compareReleases(release, oldest) >= 0;
}
