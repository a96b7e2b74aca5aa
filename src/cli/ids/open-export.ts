// The raw export of a configured destination, as events.
import { openExport, type TrafficInput } from "../infer/open-traffic.ts";
import type { ConfigDestination } from "../config/config.ts";
import { UsageError } from "../terminal/exit-codes.ts";

const DAY = /^\d{4}-\d{2}-\d{2}$/;

/** @throws {UsageError} for missing days or credentials. @throws {AppError} `EXPORT_REFUSED`. */
export async function openDestinationExport(
  { name, host, projectId, serviceAccount }: ConfigDestination,
  { from = "", to = "" }: { readonly from?: string; readonly to?: string },
): Promise<TrafficInput> {
  if (!DAY.test(from) || !DAY.test(to))
    throw new UsageError("--export needs --from and --to, each as YYYY-MM-DD");
  if (projectId === undefined || serviceAccount === undefined)
    throw new UsageError(`Destination ${name} needs \`project_id\` and \`service_account\` for an export`);
  return openExport({ host, projectId, ...serviceAccount, from, to });
}
