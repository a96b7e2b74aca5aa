// What `clean inventory` reads from: the destination within its limits, its dictionary, the gateway's journal, and the application's users.
import {
  BACKOFF_DEFAULTS,
  type DictionaryEvent,
  type InventoryOptions,
  makeStepLimits,
  type RequestKind,
  type UserExists,
} from "../../cleanup/index.ts";
import { isObject } from "../../core/index.ts";
import { usersAmong } from "../../people/index.ts";
import { createLexiconClient, type StoredEntity } from "../../providers/index.ts";
import { systemClock } from "../adapters/system-clock.ts";
import type { ConfigDestination } from "../config/config.ts";
import type { OpenedSource } from "../commands/people/people-command.ts";
import { openBudgets, openReader } from "./open-run.ts";
import type { ReadLimits } from "./read-limits.ts";

/** How long the command waits, and whom it tells. */
export interface InventoryWaits {
  readonly waitMaxMs: number;
  readonly readLimits: ReadLimits;
  readonly signal: AbortSignal;
  readonly onWait: (kind: RequestKind, waitMs: number) => void;
}

/** Reads and limits of one destination. `budgets`: beginning of the names of the files that count its requests. */
export function openInventoryReader(
  destination: ConfigDestination,
  budgets: string,
  { waitMaxMs, readLimits, signal, onWait }: InventoryWaits,
): Pick<InventoryOptions, "reader" | "limits" | "clock" | "random" | "signal"> {
  const reader = openReader(destination, readLimits);
  const limits = makeStepLimits({
    budgets: openBudgets(budgets, reader),
    updatesPerSecond: undefined,
    exportsPerSecond: reader.limits.exportsPerSecond,
    backoffMs: destination.backoffMs ?? BACKOFF_DEFAULTS.backoffMs,
    backoffMaxMs: destination.backoffMaxMs ?? BACKOFF_DEFAULTS.backoffMaxMs,
    waitMaxMs,
    clock: systemClock,
    random: Math.random,
    signal,
    onWait,
  });
  return { reader, limits, clock: systemClock, random: Math.random, signal };
}

function dictionaryEvent({ name, schemaJson }: StoredEntity): DictionaryEvent {
  const { metadata, description } = schemaJson;
  const own = isObject(metadata) ? metadata["com.mixpanel"] : undefined;
  const flags = isObject(own) ? own : {};
  return {
    name,
    hidden: flags["hidden"] === true,
    dropped: flags["dropped"] === true,
    description: typeof description === "string" ? description : undefined,
  };
}

/** Events in the destination's dictionary. */
export function openDictionary(
  { host, projectId, serviceAccount }: ConfigDestination,
  waitMaxMs: number,
): InventoryOptions["dictionary"] {
  if (projectId === undefined || serviceAccount === undefined) return undefined;
  const client = createLexiconClient({ host, projectId, serviceAccount, clock: systemClock, waitMaxMs });
  return async () =>
    (await client.list()).filter(({ entityType }) => entityType === "event").map(dictionaryEvent);
}

/** Users of the application, asked by id. */
export function userExistsIn({ source, compiled }: OpenedSource): UserExists | undefined {
  const { mapping } = compiled;
  if (mapping === undefined) return undefined;
  return (ids) => usersAmong(source, mapping, ids);
}
