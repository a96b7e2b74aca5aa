// How often a destination may be read, where a project is allowed more or less than the provider documents.
import { type Command, InvalidArgumentError } from "commander";
import type { ProviderReadLimits } from "../../core/index.ts";

/** Limits that replace the documented ones. */
export type ReadLimits = Partial<Pick<ProviderReadLimits, "queriesPerHour" | "exportsPerHour">>;

function parseLimit(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError("A whole number above 0.");
  return Number(text);
}

/** Adds the options. */
export function withReadLimits(command: Command): Command {
  const other = "where the provider allows the project another number than documented";
  return command
    .option("--queries-per-hour <n>", other, parseLimit)
    .option("--exports-per-hour <n>", other, parseLimit);
}

/** What was asked for. */
export function readLimitsOf({ queriesPerHour, exportsPerHour }: ReadLimits): ReadLimits {
  return {
    ...(queriesPerHour === undefined ? {} : { queriesPerHour }),
    ...(exportsPerHour === undefined ? {} : { exportsPerHour }),
  };
}
