// What became of events over the days of the data: not seen any more, sent under another name since, or meaning something else since.
// These are guesses from counts; each is a finding for a person, and only the first two write into the plan, without changing what passes.
import type { EventCluster } from "./event-cluster.ts";
import { presentIn } from "./presence.ts";

/** Days without an event after which it counts as unseen. */
export const UNSEEN_DAYS = 30;
/** A change needs this many events and days on either side to be one. */
const SIDE_MIN_EVENTS = 30;
const SIDE_MIN_DAYS = 3;
/** The old name may still come from old releases for this long after the new one began, and end this long before. */
const HANDOVER_BEFORE_DAYS = 3;
/** Rates of the old and the new name must be within this factor. */
const RATE_FACTOR = 3;
const SHARED_MIN = 0.5;
/** A property that is there on one side is in this share of its events. */
const STEADY_SHARE = 0.8;
const ALONE_MIN = 2;

export interface DataSpan {
  readonly firstDay: number;
  readonly lastDay: number;
}

/** Days since the event was last seen, when they are at least `unseenDays`. */
export function unseenFor(cluster: EventCluster, span: DataSpan, unseenDays: number): number | undefined {
  const days = span.lastDay - cluster.lastDay;
  return Number.isFinite(days) && days >= unseenDays ? days : undefined;
}

function steadyProperties(cluster: EventCluster): ReadonlySet<string> {
  return new Set(
    [...cluster.properties]
      .filter(([, profiles]) => presentIn(profiles) >= cluster.count * STEADY_SHARE)
      .map(([key]) => key),
  );
}

function overlap(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  const both = [...a].filter((item) => b.has(item)).length;
  const all = a.size + b.size - both;
  return all === 0 ? 0 : both / all;
}

const STOP_WORDS: ReadonlySet<string> = new Set(["the", "a", "to", "of", "in", "on", "is", "user", "event"]);

function wordsOf(cluster: EventCluster): ReadonlySet<string> {
  const words = cluster.profiles.flatMap(({ name }) =>
    name
      .replaceAll(/([a-z\d])([A-Z])/g, "$1 $2")
      .toLowerCase()
      .split(/[^\p{L}\p{N}]+/u)
      // Simple English endings, so that "viewed" and "view" are one word.
      .map((word) => word.replace(/(?:ed|ing|s)$/, ""))
      .filter((word) => word.length > 1 && !STOP_WORDS.has(word)),
  );
  return new Set(words);
}

function rate(cluster: EventCluster): number {
  return cluster.count / (cluster.lastDay - cluster.firstDay + 1);
}

/** How much two events look like one that was renamed; 0 for not at all. */
function likeness(from: EventCluster, to: EventCluster): number {
  const factor = rate(from) / rate(to);
  if (factor > RATE_FACTOR || factor < 1 / RATE_FACTOR) return 0;
  if (!from.bySource.some((count, source) => count > 0 && (to.bySource[source] ?? 0) > 0)) return 0;
  const names = overlap(wordsOf(from), wordsOf(to));
  const a = steadyProperties(from);
  const b = steadyProperties(to);
  const properties = overlap(a, b);
  if (a.size + b.size > 0 && properties < SHARED_MIN) return 0;
  // A common property or two says little: without it the names must share a word.
  return properties >= SHARED_MIN && Math.min(a.size, b.size) > 2 ? 1 + names : names;
}

/** The event that took the place of one that ended: it begins about when the other ends, and carries the same. */
export function replacementOf(
  cluster: EventCluster,
  all: readonly EventCluster[],
  span: DataSpan,
): EventCluster | undefined {
  const hasEnded = span.lastDay - cluster.lastDay >= SIDE_MIN_DAYS;
  if (!hasEnded || cluster.count < SIDE_MIN_EVENTS) return undefined;
  const candidates = all
    .filter(
      (to) =>
        to !== cluster &&
        to.count >= SIDE_MIN_EVENTS &&
        to.firstDay - span.firstDay >= SIDE_MIN_DAYS &&
        to.firstDay > cluster.firstDay &&
        to.firstDay <= cluster.lastDay + HANDOVER_BEFORE_DAYS &&
        to.lastDay > cluster.lastDay,
    )
    .map((to) => ({ to, like: likeness(cluster, to) }))
    .filter(({ like }) => like > 0)
    .sort((a, b) => b.like - a.like || (a.to.key < b.to.key ? -1 : 1));
  return candidates[0]?.to;
}

export interface Repurposed {
  /** First day of the new meaning. */
  readonly day: number;
  readonly gone: readonly string[];
  readonly come: readonly string[];
}

/** An event whose properties were replaced by others from one day to the next: one name, two meanings. */
export function repurposedSince(cluster: EventCluster, span: DataSpan): Repurposed | undefined {
  const gone: { key: string; day: number }[] = [];
  const come: { key: string; day: number }[] = [];
  for (const [key, profiles] of cluster.properties) {
    const first = Math.min(...profiles.map(({ firstDay }) => firstDay));
    const last = Math.max(...profiles.map(({ lastDay }) => lastDay));
    if (presentIn(profiles) < SIDE_MIN_EVENTS) continue;
    if (cluster.lastDay - last >= SIDE_MIN_DAYS && first - cluster.firstDay < SIDE_MIN_DAYS)
      gone.push({ key, day: last });
    if (first - cluster.firstDay >= SIDE_MIN_DAYS && span.lastDay - last < SIDE_MIN_DAYS)
      come.push({ key, day: first });
  }
  if (gone.length < 1 || come.length < 1 || gone.length + come.length < ALONE_MIN + 1) return undefined;
  const day = Math.min(...come.map((one) => one.day));
  const last = Math.max(...gone.map((one) => one.day));
  if (Math.abs(day - last) > SIDE_MIN_DAYS) return undefined;
  return { day, gone: gone.map(({ key }) => key).sort(), come: come.map(({ key }) => key).sort() };
}
