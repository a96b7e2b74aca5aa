// Which part of the history is repaired: what Mixpanel still lets be deleted, which is 180 days back and ten names a month.
const DAY_MS = 86_400_000;
const WINDOW_DAYS = 170;

/** Names that give people away; the plan does not have them. */
export const DELETED_NAMES: readonly string[] = ["Contact requested", "Search used"];

/** First and last day, both inclusive, and the first instant. */
export function historyWindow(now: number): {
  readonly from: string;
  readonly to: string;
  readonly beginsAt: number;
} {
  const day = (ago: number): string => new Date(now - ago * DAY_MS).toISOString().slice(0, 10);
  const from = day(WINDOW_DAYS);
  return { from, to: day(1), beginsAt: Date.parse(from) };
}
