// How long a command on ids waits for a provider that says "not now".
import { setTimeout as pause } from "node:timers/promises";
import { InvalidArgumentError } from "commander";
import type { WalkOptions } from "../../cleanup/index.ts";

/** Default of `--wait`. */
export const WAIT_DEFAULT_S = 3600;
const PAUSE_MIN_MS = 2000;

export function parseWait(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError("A number of seconds.");
  return Number(text);
}

/** Waits as long as the provider asks, until all waits together are longer than the command may take. */
export function makeWait(options: {
  readonly waitMaxMs: number;
  readonly signal: AbortSignal;
  readonly note: (line: string) => void;
}): WalkOptions["wait"] {
  let left = options.waitMaxMs;
  return async ({ message, retryAfterMs }) => {
    const ms = Math.max(PAUSE_MIN_MS, retryAfterMs);
    if (ms > left) return false;
    left -= ms;
    options.note(`ids: waiting ${Math.ceil(ms / 1000)} s: ${message}`);
    await pause(ms, undefined, { signal: options.signal }).catch(() => undefined);
    return true;
  };
}
