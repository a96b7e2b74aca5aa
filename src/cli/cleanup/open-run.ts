// What `clean apply` and `clean undo` work with: the change set, the plan as it is now, the destination, its limits and the executors.
import { join } from "node:path";
import {
  BACKOFF_DEFAULTS,
  type ChangeSet,
  folderName,
  idExecutors,
  makeIdRules,
  makeStepLimits,
  openRequestBudget,
  profileExecutors,
  type RequestBudget,
  type RequestKind,
  type RunOptions,
  type StepExecutor,
  type StepSettings,
} from "../../cleanup/index.ts";
import type { ProviderReader } from "../../core/index.ts";
import type { Lock } from "../../plan/index.ts";
import { createMixpanelReader } from "../../providers/index.ts";
import { makePinoLog } from "../adapters/pino-log.ts";
import { systemClock } from "../adapters/system-clock.ts";
import type { Config, ConfigDestination } from "../config/config.ts";
import { UsageError } from "../terminal/exit-codes.ts";
import { makeProvider } from "../up/make-provider.ts";
import type { ReadLimits } from "./read-limits.ts";
import { makeStepExecutors } from "./step-executors.ts";

/** How the command was asked to work. */
export interface RunFlags {
  readonly waitMaxMs: number;
  readonly readLimits: ReadLimits;
  readonly settings: StepSettings;
}

export interface RunParts {
  readonly config: Config;
  readonly lock: Lock;
  readonly changeSet: ChangeSet;
  readonly flags: RunFlags;
  readonly signal: AbortSignal;
  readonly onWait: (kind: RequestKind, waitMs: number) => void;
}

/** All that the engine needs but for progress; the provider is closed by whoever opened it. */
export type OpenRun = Omit<RunOptions, "onProgress">;

function destinationOf({ destinations, file }: Config, { destination }: ChangeSet): ConfigDestination {
  const found = destinations.find(({ name }) => name === destination);
  if (!found) throw new UsageError(`${file} has no destination ${destination}, which the change set is for`);
  return found;
}

/** Reads profiles and events of the destination back. @throws {UsageError} without a credential for it. */
export function openReader(
  { name, host, projectId, serviceAccount, groupIds }: ConfigDestination,
  limits: ReadLimits = {},
): ProviderReader {
  if (projectId === undefined || serviceAccount === undefined)
    throw new UsageError(
      `Destination ${name} needs \`project_id\` and \`service_account\`: profiles cannot be read with a token alone`,
    );
  return createMixpanelReader({
    host,
    projectId,
    serviceAccount,
    groupIds,
    clock: systemClock,
    limits,
  });
}

function makeExecutors(
  { config, lock }: Pick<RunParts, "config" | "lock">,
  { name, idMerge }: ConfigDestination,
): readonly StepExecutor[] {
  const rules = makeIdRules(lock);
  return [
    ...profileExecutors({ isUserId: (id) => rules.tellsPeople && rules.canonical(id) !== undefined }),
    // Where nothing syncs, nobody would write these properties again.
    ...idExecutors(idMerge, config.people?.destinations.includes(name) ? stateOwned(lock) : undefined),
  ];
}

function stateOwned(lock: Lock): ReadonlySet<string> {
  const owned = Object.values(lock.people).filter(({ owner }) => owner === "state");
  return new Set(owned.map(({ name }) => name));
}

/** Where all runs of a configuration are, and what their destinations' limits have left. */
export function cleanupFolder({ data }: Config): string {
  return join(data, "cleanup");
}

/** What the limits of a destination have left; `folder` is the beginning of the files' names. */
export function openBudgets(
  folder: string,
  reader: ProviderReader,
): Readonly<Partial<Record<RequestKind, RequestBudget>>> {
  const budget = (name: string, perHour: number): RequestBudget =>
    openRequestBudget({ file: `${folder}.${name}`, perHour, clock: systemClock });
  const { queriesPerHour, exportsPerHour } = reader.limits;
  return { query: budget("queries", queriesPerHour), export: budget("exports", exportsPerHour) };
}

/** Opens it. @throws {UsageError} when the destination is not there, or cannot be read. */
export function openRun({ config, lock, changeSet, flags, signal, onWait }: RunParts): OpenRun {
  const destination = destinationOf(config, changeSet);
  const reader = openReader(destination, flags.readLimits);
  const provider = makeProvider(destination, systemClock);
  const base = cleanupFolder(config);
  return {
    changeSet,
    planHash: lock.hash,
    stateOwned: stateOwned(lock),
    target: `${new URL(destination.host).host} ${String(destination.projectId)}`,
    folder: join(base, folderName(changeSet.name)),
    executors: [
      ...makeExecutors({ config, lock }, destination),
      ...makeStepExecutors(destination, { config, lock, waitMaxMs: flags.waitMaxMs }),
    ],
    provider,
    reader,
    limits: makeStepLimits({
      budgets: openBudgets(join(base, folderName(destination.name)), reader),
      updatesPerSecond: destination.eventsPerSecond ?? provider.limits.profileUpdatesPerSecond,
      exportsPerSecond: reader.limits.exportsPerSecond,
      backoffMs: destination.backoffMs ?? BACKOFF_DEFAULTS.backoffMs,
      backoffMaxMs: destination.backoffMaxMs ?? BACKOFF_DEFAULTS.backoffMaxMs,
      waitMaxMs: flags.waitMaxMs,
      clock: systemClock,
      random: Math.random,
      signal,
      onWait,
    }),
    settings: flags.settings,
    clock: systemClock,
    random: Math.random,
    log: makePinoLog({ level: "warn", part: "cleanup" }),
    signal,
  };
}
