// How long a walk still takes, from how fast it went so far.

/** Seconds as people say them. */
export function durationText(seconds: number): string {
  if (seconds < 90) return `${Math.max(0, Math.ceil(seconds))} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}

/** Tells the time left of one walk; the first call sets its start. */
export function makeTimeLeft(): (done: number, total: number | undefined) => string {
  let start: { readonly at: number; readonly done: number } | undefined;
  return (done, total) => {
    const now = performance.now();
    start ??= { at: now, done };
    const perMs = (done - start.done) / (now - start.at);
    if (total === undefined || !(perMs > 0)) return "";
    return `, ${durationText(Math.max(0, total - done) / perMs / 1000)} left`;
  };
}
