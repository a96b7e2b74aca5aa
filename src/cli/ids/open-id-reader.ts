// What a command on ids reads of a destination, within the limits of an hour.
import { join } from "node:path";
import { folderName } from "../../cleanup/index.ts";
import { openInventoryReader } from "../cleanup/open-inventory.ts";
import { cleanupFolder } from "../cleanup/open-run.ts";
import type { Config, ConfigDestination } from "../config/config.ts";

/** Reads the destination within its limits, which are counted together with those of `clean`. @throws {UsageError} without a credential. */
export function openIdReader(
  config: Config,
  destination: ConfigDestination,
  options: {
    readonly waitMaxMs: number;
    readonly signal: AbortSignal;
    readonly note: (line: string) => void;
  },
): ReturnType<typeof openInventoryReader> {
  const { waitMaxMs, signal, note } = options;
  const budgets = join(cleanupFolder(config), folderName(destination.name));
  return openInventoryReader(destination, budgets, {
    waitMaxMs,
    readLimits: {},
    signal,
    onWait: (kind, waitMs) =>
      note(`ids: waiting ${Math.ceil(waitMs / 1000)} s for the provider's limit of ${kind} requests`),
  });
}
