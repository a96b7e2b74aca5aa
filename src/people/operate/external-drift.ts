// Drift against the destination itself: reads a sample of profiles back and holds them against the state. Asks no more queries than an hour
// allows, over all runs. Every user has the same chance to be in the sample.
import { AppError, type ProfileStore, type StoredProfile } from "../../core/index.ts";
import { quoteName, quoteTable } from "../database/identifiers.ts";
import { allSets } from "../mapping/mapping.ts";
import type { PeopleContext, PeopleDestination } from "../people-context.ts";
import { markUnsure } from "../state/doubt.ts";
import { type PlannedUpdate, planUpdate, type UpdateRules } from "../sync/plan-update.ts";
import { type BatchRead, readBatch } from "../sync/read-batch.ts";
import { untilCaptured } from "./captured.ts";
import { keptRules } from "./compare.ts";
import { judgeProfile, type ProfileVerdict } from "./judge-profile.ts";
import { type KnownUser, readKnownUsers } from "./known-users.ts";
import { takeQuery } from "./meta.ts";
import { DriftTally, type ExternalDrift, type Stopped } from "./drift-tally.ts";

export type { ExternalDrift } from "./drift-tally.ts";

export interface ExternalDriftOptions {
  /** Queries that this run may ask at most; fewer where the hour's are used up. Default {@link DRIFT_QUERIES}. */
  readonly queries?: number;
  /** Users to read back; default: as many as the queries hold. */
  readonly sample?: number;
  /** Marks users whose profile is not what it should be, so that everything of them is sent again. */
  readonly repair?: boolean;
  /** Profiles acknowledged less than this ago are left out: a provider shows an update a while after it took it. Default {@link FRESH_MS}. */
  readonly freshMs?: number;
  readonly signal: AbortSignal;
  readonly onProgress?: (checked: number) => void;
  readonly captureWaitMs?: number;
}

/** Default of {@link ExternalDriftOptions.queries}: most of an hour's stay for people. */
export const DRIFT_QUERIES = 10;
/** Default of {@link ExternalDriftOptions.freshMs}. */
export const FRESH_MS = 60_000;

/** Users in the order of a hash with a seed: the first of them are a uniform sample, whatever the ids are. One pass over the ids. */
function sampleSql({ mapping }: PeopleContext): string {
  const { table, idColumn } = mapping.subject;
  const id = `${quoteName(idColumn)}::text`;
  return `select ${id} as user_id from ${quoteTable(table)} order by pg_catalog.hashtextextended(${id}, $1::bigint) limit $2`;
}

const SEED_MAX = 2 ** 48;

interface Parts {
  readonly context: PeopleContext;
  readonly destination: PeopleDestination;
  readonly store: ProfileStore;
  readonly rules: UpdateRules;
  readonly options: ExternalDriftOptions;
}

/** All that a profile should hold. */
type FullUpdate = Extract<PlannedUpdate, { readonly kind: "send" }>;

interface Asked {
  readonly userId: string;
  readonly known: KnownUser;
  readonly full: FullUpdate;
  /** What was acknowledged is not the state: properties by name. */
  readonly missed: readonly string[];
}

const NOTHING_KNOWN = { prints: undefined, unsure: true } as const;

/** Who can be judged: nothing on the way, nothing held back, acknowledged long enough ago. */
function askable(
  { rules, options }: Parts,
  known: ReadonlyMap<string, KnownUser>,
  read: BatchRead,
): readonly Asked[] {
  const sets = allSets(rules.mapping);
  const freshMs = options.freshMs ?? FRESH_MS;
  return [...read.users].flatMap(([userId, state]): Asked[] => {
    const user = known.get(userId);
    if (!user || (user.acknowledgedAgeMs ?? freshMs) < freshMs) return [];
    const full = planUpdate(userId, { state, sets, known: NOTHING_KNOWN }, rules);
    if (full.kind !== "send" || full.isDelete) return [];
    const due = planUpdate(userId, { state, sets, known: user }, rules);
    const missed = due.kind === "send" ? [...Object.keys(due.set), ...due.unset] : [];
    return [{ userId, known: user, full, missed }];
  });
}

async function readUsers(parts: Parts, ids: readonly string[], tally: DriftTally): Promise<readonly Asked[]> {
  const { context, destination, rules } = parts;
  const known = await readKnownUsers(context, destination.name, ids);
  const sets = allSets(rules.mapping);
  const free = [...known].filter(([, one]) => !one.isPending && !one.isQuarantined && !one.isErased);
  const read = await readBatch(
    context.source,
    rules.mapping,
    free.map(([userId]) => ({ userId, sets })),
  );
  const pending = [...known.values()].filter(({ isPending }) => isPending).length;
  const asked = askable(parts, known, read);
  tally.pending(pending);
  tally.leftOut(ids.length - pending - asked.length);
  return asked;
}

interface Suspect {
  readonly asked: Asked;
  readonly verdict: ProfileVerdict;
}

/** Users of whom something was acknowledged, marked or held back while the provider was asked are not judged. */
async function stillMeant(parts: Parts, asked: readonly Asked[]): Promise<ReadonlySet<string>> {
  const { context, destination } = parts;
  const again = await readKnownUsers(
    context,
    destination.name,
    asked.map(({ userId }) => userId),
  );
  return new Set(
    asked
      .filter(({ userId, known }) => {
        const now = again.get(userId);
        return (
          now &&
          !now.isPending &&
          !now.isQuarantined &&
          !now.isErased &&
          now.acknowledgedAt === known.acknowledgedAt
        );
      })
      .map(({ userId }) => userId),
  );
}

/** One query's worth of users: read, asked for, judged. Answers why nothing more can be asked, if so. */
async function readPage(
  parts: Parts,
  tally: DriftTally,
  ids: readonly string[],
): Promise<Stopped | undefined> {
  const { context, destination, store, rules, options } = parts;
  const asked = await readUsers(parts, ids, tally);
  if (asked.length === 0) return undefined;
  const turn = await takeQuery(context.state, {
    destination: destination.name,
    perHour: store.limits.queriesPerHour,
    nowMs: context.clock.now(),
  });
  if (turn.kind === "wait")
    return { kind: "busy", message: "the hour's queries are used up", retryAfterMs: turn.forMs };
  const names = rules.mapping.sets.flatMap(({ properties }) => properties.map(({ name }) => name));
  const answer = await store.read(
    asked.map(({ full }) => full.id),
    { signal: options.signal, properties: names },
  );
  if (answer.kind !== "answer") return answer;
  const suspects = judgePage(asked, answer.value, tally);
  if (suspects.length > 0) await settleSuspects(parts, suspects, tally);
  return undefined;
}

/** Counts who is well, and answers the others. */
function judgePage(
  asked: readonly Asked[],
  profiles: readonly StoredProfile[],
  tally: DriftTally,
): readonly Suspect[] {
  const byId = new Map(profiles.map((profile) => [profile.id, profile]));
  const wanted = new Set(asked.map(({ full }) => full.id));
  // The provider has joined ids: who is not answered may be there under another one.
  const isJoined = profiles.some(({ id }) => !wanted.has(id));
  const suspects: Suspect[] = [];
  for (const one of asked) {
    const profile = byId.get(one.full.id);
    if (!profile && isJoined) {
      tally.leftOut(1);
      continue;
    }
    const verdict = judgeProfile({ ...one, wasAcknowledged: one.known.prints !== undefined }, profile);
    if (verdict.kind === "well") tally.well();
    else suspects.push({ asked: one, verdict });
  }
  return suspects;
}

async function settleSuspects(parts: Parts, suspects: readonly Suspect[], tally: DriftTally): Promise<void> {
  const { context, destination, options } = parts;
  const { signal, captureWaitMs, repair } = options;
  // A change that no capture has noted yet is no drift.
  const isMissed = suspects.some(({ asked }) => asked.missed.length > 0);
  const isCaptured =
    !isMissed ||
    (await untilCaptured(context, {
      signal,
      ...(captureWaitMs === undefined ? {} : { withinMs: captureWaitMs }),
    }));
  const meant = await stillMeant(
    parts,
    suspects.map(({ asked }) => asked),
  );
  const drifting = suspects.filter(({ asked }) => {
    const isDrift = meant.has(asked.userId) && (isCaptured || asked.missed.length === 0);
    if (!isDrift) tally.pending(1);
    return isDrift;
  });
  for (const { asked, verdict } of drifting) tally.drift(asked.userId, verdict);
  if (repair !== true) return;
  const userIds = drifting
    .filter(({ verdict }) => verdict.kind === "drift" && verdict.isRepairable)
    .map(({ asked }) => asked.userId);
  await context.state.transaction((tx) =>
    markUnsure(tx, { destination: destination.name, userIds, cause: "drift: repair", settleMs: 0 }),
  );
  tally.repaired(userIds.length);
}

/**
 * Measures drift against a destination by reading a uniform sample of profiles back.
 *
 * @throws {AppError} `PEOPLE_READ_BACK_MISSING` where the destination has no way to read profiles.
 */
export async function externalDrift(
  context: PeopleContext,
  destination: PeopleDestination,
  options: ExternalDriftOptions,
): Promise<ExternalDrift> {
  const { store } = destination;
  if (!store)
    throw new AppError(
      "PEOPLE_READ_BACK_MISSING",
      `Cannot read profiles of ${destination.name}: it has no credentials for queries`,
    );
  const parts: Parts = { context, destination, store, rules: keptRules(context, destination), options };
  const page = store.limits.idsPerQuery;
  const queries = options.queries ?? DRIFT_QUERIES;
  const size = Math.min(options.sample ?? Number.POSITIVE_INFINITY, queries * page);
  const seed = Math.floor(context.random() * SEED_MAX);
  const rows = await context.source.query(sampleSql(context), [seed, size + 1]);
  const ids = rows.slice(0, size).map(({ user_id: id }) => id ?? "");
  const tally = new DriftTally(destination.name);
  let stopped: Stopped | undefined;
  for (let at = 0; at < ids.length && !stopped && !options.signal.aborted; at += page) {
    stopped = await readPage(parts, tally, ids.slice(at, at + page));
    options.onProgress?.(tally.checked);
  }
  return tally.report({ isEverybody: rows.length <= size && !stopped && !options.signal.aborted, stopped });
}
