// Which part of the history is imported again: four weeks of what the plan can repair. Mixpanel gives 60 exports an hour, one a day of the
// window, so a longer window takes hours; and it deletes events for 180 days back, so older ones stay as they are.
const DAY_MS = 86_400_000;
const WINDOW_DAYS = 28;

/** Names in Mixpanel of which something has to be repaired. */
export const HISTORY_NAMES: readonly string[] = [
  "Checkout button clicked",
  "Item added to cart",
  "Product viewed",
  "User Signs Up",
  "User signs up",
  "productViewed",
  "product_viewed",
];

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
