// The destination that a command is about.
import type { Config, ConfigDestination } from "../config/config.ts";
import { UsageError } from "../terminal/exit-codes.ts";

/**
 * The one that was named, or the only one.
 *
 * @throws {UsageError} when there is none, or more than one and no name.
 */
export function pickDestination({ destinations, file }: Config, name: string | undefined): ConfigDestination {
  const found = name === undefined ? destinations : destinations.filter((one) => one.name === name);
  const names = destinations.map((one) => one.name).join(", ");
  const [one] = found;
  if (one === undefined)
    throw new UsageError(
      name === undefined
        ? `${file} has no destination`
        : `There is no destination ${name}; there are: ${names}`,
    );
  if (found.length > 1) throw new UsageError(`Name one with --destination: ${names}`);
  return one;
}
