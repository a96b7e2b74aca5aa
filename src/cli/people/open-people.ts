// The people sync of a configuration: its options, its destinations with what they can do, and an opened context that closes all of it.
import type { Finding, Log, Metrics } from "../../core/index.ts";
import {
  databasesOf,
  openPeopleContext,
  type PeopleContext,
  type PeopleDestination,
  type PeopleOptions,
} from "../../people/index.ts";
import type { Lock } from "../../plan/index.ts";
import { createMixpanelProfileStore, MIXPANEL_PLAN_LIMITS } from "../../providers/index.ts";
import { systemClock } from "../adapters/system-clock.ts";
import type { Config, ConfigDestination } from "../config/config.ts";
import type { ConfigPeople } from "../config/people-config.ts";
import { UsageError } from "../terminal/exit-codes.ts";
import { makeProvider } from "../up/make-provider.ts";
import { oldIdHash } from "../up/old-ids.ts";

export interface PeopleParts {
  readonly config: Config;
  readonly lock: Lock;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** A context, or the findings that stand in its way. `close` closes the connections to databases and destinations. */
export type OpenPeople =
  | {
      readonly kind: "open";
      readonly context: PeopleContext;
      readonly findings: readonly Finding[];
      close(): Promise<void>;
    }
  | { readonly kind: "findings"; readonly findings: readonly Finding[] };

/**
 * What the configuration says about people.
 *
 * @throws {UsageError} when it says nothing.
 */
export function requirePeople(config: Config): ConfigPeople {
  if (!config.people)
    throw new UsageError(`${config.file} has no \`people\`: docs/guide/configuration.md shows what it needs`);
  return config.people;
}

/**
 * The same configuration for another database of the plan.
 *
 * @throws {UsageError} when there is none of that name.
 */
export function configOfDatabase(config: Config, name: string): Config {
  const people = requirePeople(config);
  const other = people.others.find((one) => one.name === name);
  if (!other) {
    const names = people.others.map((one) => one.name).join(", ");
    throw new UsageError(
      `No such database under \`people.databases\`${names === "" ? "" : `; there are: ${names}`}`,
    );
  }
  return { ...config, people: other };
}

/** Databases that the plan reads and the configuration does not name: their properties would never be sent. */
export function missingDatabases(config: Config, lock: Lock): readonly Finding[] {
  const known = new Set(requirePeople(config).others.map(({ name }) => name));
  return databasesOf(lock)
    .filter((name) => !known.has(name))
    .map((name) => ({
      id: "config-contradiction",
      level: "error",
      at: `people.databases.${name}`,
      message: `The plan takes profile properties from the database \`${name}\`, and the configuration does not say where it is`,
      fix: `Add it under \`people.databases\` of ${config.file}.`,
    }));
}

function toDestination(destination: ConfigDestination): PeopleDestination {
  const { name, host, token, projectId, serviceAccount, erasureToken } = destination;
  const store =
    projectId === undefined || serviceAccount === undefined
      ? undefined
      : createMixpanelProfileStore({
          host,
          token,
          projectId,
          serviceAccount,
          ...(erasureToken === undefined ? {} : { erasureToken }),
          clock: systemClock,
        });
  return {
    name,
    provider: makeProvider(destination, systemClock),
    limits: MIXPANEL_PLAN_LIMITS,
    store,
  };
}

/** The destinations that get profiles. Their providers are the caller's to close. */
function destinationsOf(config: Config): readonly PeopleDestination[] {
  const wanted = requirePeople(config).destinations;
  return config.destinations.filter(({ name }) => wanted.includes(name)).map(toDestination);
}

function optionsOf(parts: PeopleParts, destinations: readonly PeopleDestination[]): PeopleOptions {
  const { config, lock, log, metrics } = parts;
  const { name, database, state, key, deletedUsers, capture, settings } = requirePeople(config);
  const hash = oldIdHash(parts.config);
  return {
    databaseUrl: database,
    ...(hash === undefined ? {} : { oldIdHash: hash }),
    ...(name === undefined ? {} : { database: name }),
    ...(state === undefined ? {} : { stateUrl: state }),
    ...(key === undefined ? {} : { key }),
    ...(deletedUsers === undefined ? {} : { deletedUsers }),
    capture,
    settings,
    lock,
    destinations,
    clock: systemClock,
    log,
    metrics,
    random: Math.random,
  };
}

/**
 * Connects and compiles the mapping. Makes the schema `plumbline` in the database of the state where it is missing.
 *
 * @throws {AppError} `PEOPLE_DATABASE_UNREACHABLE`.
 */
export async function openPeople(parts: PeopleParts): Promise<OpenPeople> {
  const destinations = destinationsOf(parts.config);
  const closeProviders = async (): Promise<void> => {
    await Promise.all(destinations.map(({ provider }) => provider.close()));
  };
  try {
    const opened = await openPeopleContext(optionsOf(parts, destinations));
    if (opened.kind === "findings") {
      await closeProviders();
      return opened;
    }
    const { context, findings } = opened;
    return {
      kind: "open",
      context,
      findings,
      close: async () => {
        await context.close();
        await closeProviders();
      },
    };
  } catch (error) {
    await closeProviders();
    throw error;
  }
}
