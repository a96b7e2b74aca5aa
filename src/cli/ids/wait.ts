// How long a command waits for a provider that says "not now".
import { InvalidArgumentError } from "commander";

/** Default of `--wait`. */
export const WAIT_DEFAULT_S = 3600;

export function parseWait(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError("A number of seconds.");
  return Number(text);
}
