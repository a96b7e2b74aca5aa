// How many requests may still go in a rolling window, remembered in a file so that a new process does not begin with a full one.
// One file for a destination: every run and every command that counts there shares it.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Clock, EpochMs } from "../../core/index.ts";

const HOUR_MS = 3_600_000;
/** Above this many an hour nobody counts: it is no limit that a file could keep up with. */
const COUNTED_MAX_PER_HOUR = 5000;

export interface RequestBudget {
  /** How long until the next may go; 0 when one may go now. */
  waitMs(): number;
  /** Counts one that goes now. */
  take(): void;
}

function readTimes(file: string): EpochMs[] {
  try {
    const times: unknown = JSON.parse(readFileSync(file, "utf8"));
    return Array.isArray(times) ? times.filter((time) => typeof time === "number") : [];
  } catch {
    // None yet, or torn: the provider's own answer corrects a count that is too low.
    return [];
  }
}

/** A budget of so many an hour, kept in a file. */
export function openRequestBudget(options: {
  readonly file: string;
  readonly perHour: number;
  readonly clock: Clock;
}): RequestBudget {
  const { file, perHour, clock } = options;
  if (perHour > COUNTED_MAX_PER_HOUR) return { waitMs: () => 0, take: () => undefined };
  const recent = (): EpochMs[] => readTimes(file).filter((time) => time > clock.now() - HOUR_MS);
  return {
    waitMs: () => {
      const times = recent();
      const oldest = times.length < perHour ? undefined : times.at(-perHour);
      return oldest === undefined ? 0 : Math.max(0, oldest + HOUR_MS - clock.now());
    },
    take: () => {
      const next = `${file}.${process.pid}`;
      // A dry run counts too, and may be the first thing that is written here.
      mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
      writeFileSync(next, JSON.stringify([...recent(), clock.now()]), { mode: 0o600 });
      renameSync(next, file);
    },
  };
}
