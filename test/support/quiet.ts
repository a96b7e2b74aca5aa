// Ports with nothing behind them but memory: a log that remembers, metrics that add up, a clock that is set by the test.
import type { Clock, Labels, Log, Metrics } from "../../src/core/index.ts";

export interface RememberedLog extends Log {
  readonly lines: { readonly level: string; readonly fields: object; readonly message: string }[];
}

export function rememberingLog(): RememberedLog {
  const lines: RememberedLog["lines"] = [];
  const write = (level: string) => (fields: object, message: string) => {
    lines.push({ level, fields, message });
  };
  return { lines, debug: write("debug"), info: write("info"), warn: write("warn"), error: write("error") };
}

export interface AddingMetrics extends Metrics {
  /** Sum of a counter or last value of a gauge, over all label sets that contain these labels. */
  value(name: string, labels?: Labels): number;
}

export function addingMetrics(): AddingMetrics {
  const series: { name: string; labels: Labels; value: number }[] = [];
  const find = (name: string, labels: Labels) => {
    const key = JSON.stringify(labels);
    let one = series.find((entry) => entry.name === name && JSON.stringify(entry.labels) === key);
    if (!one) {
      one = { name, labels, value: 0 };
      series.push(one);
    }
    return one;
  };
  return {
    count: (name, labels, by = 1) => {
      find(name, labels).value += by;
    },
    gauge: (name, labels, value) => {
      find(name, labels).value = value;
    },
    observe: (name, labels) => {
      find(name, labels).value += 1;
    },
    value: (name, labels = {}) =>
      series
        .filter(
          (one) =>
            one.name === name && Object.entries(labels).every(([key, value]) => one.labels[key] === value),
        )
        .reduce((sum, one) => sum + one.value, 0),
  };
}

export interface SetClock extends Clock {
  set(now: number): void;
  advance(byMs: number): void;
}

export function setClock(start = Date.UTC(2026, 10, 23)): SetClock {
  let now = start;
  return {
    now: () => now,
    set: (at) => {
      now = at;
    },
    advance: (byMs) => {
      now += byMs;
    },
  };
}

export const systemClock: Clock = { now: () => Date.now() };
