// Everything that the people sync and its commands share: databases, mapping, destinations, key. Opened once, closed by whoever opened it.
import {
  type Clock,
  type Finding,
  type Log,
  type Metrics,
  AppError,
  type PlanLimits,
  type ProfileStore,
  type Provider,
} from "../core/index.ts";
import type { Lock } from "../plan/index.ts";
import type { CaptureSettings } from "./capture/capture-plan.ts";
import { BY_KEY, type Database, isUnreachable, openDatabase, sqlState } from "./database/database.ts";
import type { OldIdHash } from "./ids/keep-old-ids.ts";
import { type Catalogue, readCatalogue } from "./mapping/catalogue.ts";
import { compileMapping } from "./mapping/compile-mapping.ts";
import { lockOfDatabase } from "./mapping/lock-of-database.ts";
import type { Mapping } from "./mapping/mapping.ts";
import { fingerprintKey } from "./state/fingerprint-key.ts";
import { migrateState } from "./state/migrations.ts";
import { type Fingerprint, makeFingerprint } from "./sync/fingerprint.ts";
import type { DeletedUsers, UpdateRules } from "./sync/plan-update.ts";
import { SYNC_SETTINGS, type SyncSettings } from "./sync/settings.ts";
import { makeStateJudge } from "./sync/state-judge.ts";

/** A destination of profiles. */
export interface PeopleDestination {
  readonly name: string;
  readonly provider: Provider;
  readonly limits: Pick<PlanLimits, "stringMaxBytes" | "listItemsMax">;
  /** Reads back and erases; absent where the destination's credentials do not allow it. */
  readonly store: ProfileStore | undefined;
}

export interface PeopleOptions {
  /** The application's database. */
  readonly databaseUrl: string;
  /** Where the schema `plumbline` is kept; absent: in the application's database. */
  readonly stateUrl?: string;
  readonly lock: Lock;
  /** Name of this database in the plan; absent: the application's own. */
  readonly database?: string;
  readonly destinations: readonly PeopleDestination[];
  /** Key of fingerprints; absent: made once and kept with the state. */
  readonly key?: string;
  /** Keyed hash of old ids, the gateway's own; absent: none are kept. */
  readonly oldIdHash?: OldIdHash;
  readonly capture?: CaptureSettings;
  /** Default `clear`: all state-owned properties are unset, the profile stays. */
  readonly deletedUsers?: DeletedUsers;
  readonly settings?: Partial<SyncSettings>;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly random: () => number;
}

export interface PeopleContext extends Omit<PeopleOptions, "lock"> {
  readonly source: Database;
  readonly state: Database;
  readonly settings: SyncSettings;
  readonly lock: Lock;
  readonly catalogue: Catalogue;
  readonly mapping: Mapping;
  readonly fingerprint: Fingerprint;
  /** The key, wherever it came from. */
  readonly key: string;
  readonly capture: CaptureSettings;
  /** Whether state and application share a database: then marks and outbox move in one transaction. */
  readonly isSameDatabase: boolean;
  rulesFor(destination: PeopleDestination): UpdateRules;
  close(): Promise<void>;
}

/** What opening found: a context, or findings that stand in its way. Warnings come with both. */
export type OpenedPeople =
  | { readonly kind: "open"; readonly context: PeopleContext; readonly findings: readonly Finding[] }
  | { readonly kind: "findings"; readonly findings: readonly Finding[] };

const SOURCE_CONNECTIONS = 10;
const STATE_CONNECTIONS = 12;

/** @throws {AppError} `PEOPLE_DATABASE_UNREACHABLE` with Postgres's code, never with the address; `reason`: `away` (the same may work a moment later) or `refused`. */
export async function checkReachable(database: Database, what: string): Promise<void> {
  try {
    await database.query("select 1");
  } catch (cause) {
    const code = sqlState(cause);
    throw new AppError(
      "PEOPLE_DATABASE_UNREACHABLE",
      `Cannot reach ${what}: ${code === "" ? "no answer" : code}`,
      { cause, details: { reason: isUnreachable(cause) ? "away" : "refused" } },
    );
  }
}

/** Shorter, and a process that is merely slow would lose its transactions. */
const IDLE_IN_TRANSACTION_MIN_MS = 5000;

/**
 * A process that freezes within a transaction would hold up all others by its locks, and the application's vacuum by its snapshot: after a
 * lease's time the server ends its session.
 */
function endsFrozen(settings: Partial<SyncSettings> | undefined): string {
  const leaseMs = settings?.leaseMs ?? SYNC_SETTINGS.leaseMs;
  return `-c idle_in_transaction_session_timeout=${Math.max(IDLE_IN_TRANSACTION_MIN_MS, leaseMs)}`;
}

/** Opens the application's database alone, for commands that only look. */
export function openSource(options: Pick<PeopleOptions, "databaseUrl" | "log" | "settings">): Database {
  return openDatabase(options.databaseUrl, {
    connections: SOURCE_CONNECTIONS,
    applicationName: "plumbline",
    session: endsFrozen(options.settings),
    onError: (error) =>
      options.log.warn({ code: sqlState(error) }, "an idle connection to the database broke"),
  });
}

/**
 * Connects, brings the schema `plumbline` up to date, reads the catalogue and compiles the mapping.
 *
 * @throws {AppError} `PEOPLE_DATABASE_UNREACHABLE`; `PEOPLE_SETUP_FAILED` without the right to make the schema.
 */
export async function openPeopleContext(options: PeopleOptions): Promise<OpenedPeople> {
  const source = openSource(options);
  const { stateUrl, log } = options;
  const isSameDatabase = stateUrl === undefined || stateUrl === options.databaseUrl;
  const state = openDatabase(stateUrl ?? options.databaseUrl, {
    connections: STATE_CONNECTIONS,
    applicationName: "plumbline state",
    session: `${BY_KEY} ${endsFrozen(options.settings)}`,
    onError: (error) => log.warn({ code: sqlState(error) }, "an idle connection to the state broke"),
  });
  const close = async (): Promise<void> => {
    await Promise.all([source.close(), state.close()]);
  };
  try {
    await checkReachable(source, "the application's database (`people.database`)");
    await checkReachable(state, "the database of the state (`people.state`)");
    await migrateState(state);
    const catalogue = await readCatalogue(source);
    const part = lockOfDatabase(options.lock, options.database);
    const { mapping, findings } = await compileMapping(part, catalogue, source);
    if (!mapping) {
      await close();
      return { kind: "findings", findings };
    }
    const key = options.key ?? (await fingerprintKey(state));
    const parts = { source, state, isSameDatabase, key, catalogue, mapping, lock: options.lock };
    const context: PeopleContext = {
      ...options,
      ...parts,
      settings: { ...SYNC_SETTINGS, ...options.settings },
      fingerprint: makeFingerprint(key),
      capture: options.capture ?? {},
      rulesFor: (destination) => rulesOf(context, destination),
      close,
    };
    return { kind: "open", context, findings };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Whether a user exists is for the application's own database to say: another one takes only its own properties away. */
function deletedUsersOf({ database, deletedUsers = "clear" }: PeopleOptions): DeletedUsers {
  return database !== undefined && deletedUsers === "delete" ? "clear" : deletedUsers;
}

function rulesOf(context: PeopleContext, { provider, limits }: PeopleDestination): UpdateRules {
  return {
    mapping: context.mapping,
    judge: makeStateJudge(context.lock, provider.kind),
    fingerprint: context.fingerprint,
    limits,
    deletedUsers: deletedUsersOf(context),
  };
}

/**
 * The same context for a changed plan or a changed schema. `isPartial`: what no longer fits is left out; else one error of the mapping means
 * that there is no new context.
 */
export async function recompile(
  context: PeopleContext,
  lock: Lock,
  { isPartial }: { readonly isPartial: boolean },
): Promise<{ readonly context: PeopleContext | undefined; readonly findings: readonly Finding[] }> {
  const { source } = context;
  const part = lockOfDatabase(lock, context.database);
  const catalogue = await readCatalogue(source);
  const compiled = await compileMapping(part, catalogue, source);
  const { findings } = compiled;
  let { mapping } = compiled;
  if (!mapping && isPartial) {
    const broken = new Set(findings.filter(({ level }) => level === "error").map(({ at }) => at));
    const people = Object.fromEntries(
      Object.entries(part.people).filter(([id]) => !broken.has(`people.${id}`)),
    );
    const translate = Object.fromEntries(
      Object.entries(part.identity.translate ?? {}).filter(([id]) => !broken.has(`identity.translate.${id}`)),
    );
    const fitting = { ...part, people, identity: { ...part.identity, translate } };
    ({ mapping } = await compileMapping(fitting, catalogue, source));
  }
  if (!mapping) return { context: undefined, findings };
  const next: PeopleContext = {
    ...context,
    lock,
    catalogue,
    mapping,
    rulesFor: (destination) => rulesOf(next, destination),
  };
  return { context: next, findings };
}
