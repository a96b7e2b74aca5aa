// A year of the shop's traffic before it had a plan: its month of history, stretched, so that what was renamed in its middle was renamed half a year ago.
import type { TrafficEvent } from "../../../src/infer/index.ts";

interface History {
  playHistory(options: {
    readonly days: number;
    readonly visitsPerDay: number;
    readonly emit: (event: TrafficEvent) => void;
  }): void;
}

const DAY_S = 86_400;
const PLAYED_DAYS = 30;
const STRETCHED_DAYS = 365;

/** Plays it so that it ends yesterday. The last day of `now` stays empty: windows have to end before today. */
export async function yearOfEvents(visitsPerDay: number, now: number): Promise<readonly TrafficEvent[]> {
  const history = (await import(
    new URL("../../../examples/shop/history.mjs", import.meta.url).href
  )) as History;
  const events: TrafficEvent[] = [];
  const emit = (event: TrafficEvent): void => {
    // Mixpanel itself refuses the id that `String(undefined)` makes.
    if (event.properties["distinct_id"] !== "undefined") events.push(event);
  };
  history.playHistory({ days: PLAYED_DAYS, visitsPerDay, emit });
  const secondsOf = ({ properties }: TrafficEvent): number => Number(properties["time"]);
  const first = Math.min(...events.map(secondsOf));
  const today = Math.floor(now / 1000 / DAY_S) * DAY_S;
  const begin = today - STRETCHED_DAYS * DAY_S;
  return events.map((event) => ({
    event: event.event,
    properties: {
      // Strict import wants the key, not a value.
      distinct_id: "",
      ...event.properties,
      time: Math.floor(begin + ((secondsOf(event) - first) * STRETCHED_DAYS) / PLAYED_DAYS),
    },
  }));
}
