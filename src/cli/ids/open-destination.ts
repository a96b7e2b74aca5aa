// The destination that a command on ids is about, and what reads it.
import type { ProviderReader } from "../../core/index.ts";
import { createMixpanelReader } from "../../providers/index.ts";
import { systemClock } from "../adapters/system-clock.ts";
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

/**
 * Reads profiles and events back.
 *
 * @throws {UsageError} when the configuration has no credential for it.
 */
export function openReader({ name, host, projectId, serviceAccount }: ConfigDestination): ProviderReader {
  if (projectId === undefined || serviceAccount === undefined)
    throw new UsageError(
      `Destination ${name} needs \`project_id\` and \`service_account\`: profiles cannot be read with a token alone`,
    );
  return createMixpanelReader({ host, projectId, serviceAccount, clock: systemClock });
}
