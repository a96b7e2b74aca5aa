// What the commands of `plumbline people` share: configuration and plan, an opened context, a signal for Ctrl-C.
import {
  openDatabase,
  type PeopleContext,
  stateVersion,
  type Database,
  openSource,
  checkReachable,
  compileMapping,
  type CompiledMapping,
  lockOfDatabase,
  readCatalogue,
  type Catalogue,
} from "../../../people/index.ts";
import { AppError } from "../../../core/index.ts";
import type { Lock } from "../../../plan/index.ts";
import { makePinoLog } from "../../adapters/pino-log.ts";
import { makePrometheusMetrics } from "../../adapters/prometheus-metrics.ts";
import type { Config } from "../../config/config.ts";
import type { ConfigPeople } from "../../config/people-config.ts";
import { loadConfig } from "../../config/load-config.ts";
import { configOfDatabase, openPeople, requirePeople } from "../../people/open-people.ts";
import { FindingsError, UsageError } from "../../terminal/exit-codes.ts";
import { makeOutput, type Output } from "../../terminal/output.ts";
import { loadPlan } from "../../up/load-plan.ts";
import type { GlobalOptions } from "../global-options.ts";

export interface PeopleFlags extends GlobalOptions {
  readonly destination?: string;
  /** Another database than the application's own. */
  readonly database?: string;
  readonly apply?: boolean;
}

export interface PeopleCommand {
  readonly config: Config;
  readonly people: ConfigPeople;
  readonly lock: Lock;
  readonly output: Output;
}

/**
 * Reads configuration and plan.
 *
 * @throws {FindingsError} when either has errors. @throws {UsageError} when the configuration has no `people`.
 */
export function readPeopleCommand(flags: PeopleFlags, plan?: string): PeopleCommand {
  const loaded = loadConfig(flags.config);
  const config = flags.database === undefined ? loaded : configOfDatabase(loaded, flags.database);
  const people = requirePeople(config);
  const { lock, findings } = loadPlan(plan ?? config.plan);
  if (!lock) throw new FindingsError(findings.filter(({ level }) => level === "error"));
  return { config, people, lock, output: makeOutput(flags.json === true) };
}

const log = () => makePinoLog({ level: "warn", part: "people" });

/** A database opened for a command that only looks: few connections, and closed at the end. */
export interface OpenedSource {
  readonly source: Database;
  readonly catalogue: Catalogue;
  readonly compiled: CompiledMapping;
}

/** The application's database with the mapping compiled on it. Nothing is written. */
export async function withSource<T>(
  { people, lock }: PeopleCommand,
  work: (opened: OpenedSource) => Promise<T>,
): Promise<T> {
  const source = openSource({ databaseUrl: people.database, log: log() });
  try {
    await checkReachable(source, "the application's database (`people.database`)");
    const catalogue = await readCatalogue(source);
    const part = lockOfDatabase(lock, people.name);
    return await work({ source, catalogue, compiled: await compileMapping(part, catalogue, source) });
  } finally {
    await source.close();
  }
}

/** The database of the state, which may be the application's. */
export async function withState<T>(
  people: Pick<ConfigPeople, "database" | "state">,
  work: (state: Database) => Promise<T>,
): Promise<T> {
  const state = openDatabase(people.state ?? people.database, {
    connections: 2,
    applicationName: "plumbline",
    onError: (error) => log().warn({ reason: error.name }, "an idle connection broke"),
  });
  try {
    await checkReachable(state, "the database of the state (`people.state`)");
    return await work(state);
  } finally {
    await state.close();
  }
}

/**
 * A whole context. A command that reads must not be what makes the schema `plumbline`.
 *
 * @throws {AppError} `PEOPLE_NOT_SET_UP`. @throws {FindingsError} with what is wrong with the mapping.
 */
export async function withPeople<T>(
  command: PeopleCommand,
  work: (context: PeopleContext) => Promise<T>,
): Promise<T> {
  const version = await withState(command.people, stateVersion);
  if (version === 0)
    throw new AppError(
      "PEOPLE_NOT_SET_UP",
      "Cannot find the schema `plumbline` in the database of the state",
    );
  const opened = await openPeople({ ...command, log: log(), metrics: makePrometheusMetrics() });
  if (opened.kind === "findings") throw new FindingsError(opened.findings);
  try {
    // Warnings of the mapping are the doctor's to tell.
    return await work(opened.context);
  } finally {
    await opened.close();
  }
}

/** The destinations that a command is about: one by name, else all. */
export function pickDestinations(
  context: PeopleContext,
  name: string | undefined,
): PeopleContext["destinations"] {
  if (name === undefined) return context.destinations;
  const found = context.destinations.filter((destination) => destination.name === name);
  if (found.length === 0)
    throw new UsageError(
      `No such destination of people; there are: ${context.destinations.map((one) => one.name).join(", ")}`,
    );
  return found;
}

/** Runs work that Ctrl-C ends in good order: what it did so far is kept. */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stop = new AbortController();
  const abort = (): void => stop.abort();
  process.once("SIGINT", abort);
  process.once("SIGTERM", abort);
  try {
    return await work(stop.signal);
  } finally {
    process.off("SIGINT", abort);
    process.off("SIGTERM", abort);
  }
}
