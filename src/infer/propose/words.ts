// Numbers as people read them in comments and findings. No locale: the same data gives the same bytes on every machine.

const DAY_MS = 86_400_000;

/** Share of a whole, as "12 %"; a little is never nothing, and nearly all is never all. */
export function share(part: number, whole: number): string {
  if (part <= 0 || whole <= 0) return "0 %";
  const percent = (part / whole) * 100;
  if (percent < 0.1) return "< 0.1 %";
  if (part < whole && percent > 99.9) return "> 99.9 %";
  return `${percent < 10 ? Math.round(percent * 10) / 10 : Math.round(percent)} %`;
}

/** "1 event", "2,000 events". */
export function counted(count: number, noun: string): string {
  const digits = String(count).replaceAll(/\B(?=(?:\d{3})+$)/g, ",");
  return `${digits} ${noun}${count === 1 ? "" : "s"}`;
}

/** A day since 1970 as `YYYY-MM-DD`; empty for no day. */
export function dayText(day: number): string {
  return Number.isFinite(day) ? new Date(day * DAY_MS).toISOString().slice(0, 10) : "";
}

/** A name for a comment or a message: on one line, not too long. */
export function shown(name: string): string {
  const line = name.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, "?");
  return line.length > 60 ? `${line.slice(0, 59)}…` : line;
}
